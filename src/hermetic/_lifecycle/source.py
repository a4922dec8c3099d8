"""Records of what only the source of a program shows; the model takes no notice of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from .records import Key, Record, SessionRecord

Order = Literal["none", "partial", "total"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PageAsked(SessionRecord):
    """A SELECT asked for a part of its rows by their position; `order` is total when it tells any two rows apart.

    `subqueries` names the relationships that a second query loads for the same part of the rows, `keys` the attributes
    of the entity's primary key.
    """

    entity: str
    order: Order
    skips: bool = True
    subqueries: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RelationsTaken(SessionRecord):
    """A SELECT was told that its own rows fill these relationships (`contains_eager`).

    `unjoined` are those whose table it joins nowhere, `filtered` the collections on whose members it has a condition;
    `repopulates` tells that loaded ones are filled anew.
    """

    entity: str
    relations: tuple[str, ...]
    unjoined: tuple[str, ...] = ()
    filtered: tuple[str, ...] = ()
    repopulates: bool = False


Fetch = Literal["all", "one", "first"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RowsFetched(SessionRecord):
    """The rows of a SELECT were fetched, of which one entity may take several.

    `collections` are filled from the rows themselves, by a joined eager load or, when also in `taken`, from the
    statement's own join; `multiplied` are joined without filling anything. `limited`: under LIMIT; `filtered`: with a
    condition on what was joined; `is_legacy`: by a `Query`, which makes its entities unique; `streams`: by `yield_per`.
    """

    entity: str
    fetch: Fetch
    collections: tuple[str, ...] = ()
    taken: tuple[str, ...] = ()
    multiplied: tuple[str, ...] = ()
    limited: bool = False
    filtered: bool = False
    is_unique: bool = False
    is_legacy: bool = False
    streams: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptBegan(Record):
    """A unit of work begins that is run again when it fails; `what` names what does so (`@tenacity.retry`)."""

    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Retried(SessionRecord):
    """An attempt failed, and the next one follows; `errors` are those that bring it about, "" stands for any.

    `is_doubtful` when the error may come from a commit that took effect; else the attempt rolled back.
    """

    what: str
    errors: tuple[str, ...]
    is_doubtful: bool


HowOverwritten = Literal["setattr", "update", "merge", "sqlmodel_update"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldsOverwritten(Record):
    """All fields of a `form` were written over an instance or row, `columns` with a default where nobody filled them in.

    `is_partial` when the form is known to be filled in in part; `instance` is what was written to, where it is at hand.
    """

    entity: str
    form: str
    how: HowOverwritten
    columns: tuple[str, ...] = ()
    is_partial: bool = True
    instance: Key | None = None
