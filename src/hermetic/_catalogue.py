"""What a hazard and a finding are, and where the hazards live."""

from __future__ import annotations

import pkgutil
import sys
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from ._lifecycle.instance import InstanceState
from ._lifecycle.records import (
    Added,
    AttributeWritten,
    Deleted,
    Executed,
    InstanceRecord,
    Key,
    Merged,
    Record,
    SessionRecord,
    Where,
)
from ._lifecycle.session import SessionState

if TYPE_CHECKING:
    from ._lifecycle.model import Lifecycle
    from ._lifecycle.outcome import Outcome

Severity = Literal["error", "warning", "info"]
Confidence = Literal["proven", "likely", "possible"]
Engine = Literal["check", "watch"]
Safety = Literal["safe", "unsafe", "display"]
"""How far a fix can be trusted: it keeps what the code means, it may change it, or it is told and never applied."""

OfSession = TypeVar("OfSession", bound=SessionRecord)
OfInstance = TypeVar("OfInstance", bound=InstanceRecord)

CONFIDENCES: tuple[Confidence, ...] = ("proven", "likely", "possible")


@dataclass(frozen=True, slots=True)
class Step:
    """One code site of a finding's story: what happened there, and the source line (stripped) where it is known."""

    file: str
    line: int
    text: str
    source: str = ""


@dataclass(frozen=True, slots=True)
class Edit:
    """`replacement` for what stands from a 1-based line and column up to another, excluded; columns count characters."""

    file: str
    line: int
    column: int
    end_line: int
    end_column: int
    replacement: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One sighting of a hazard, at a 1-based line and column, with the ordered sites that lead to it.

    `function` is the dotted name of the function around it within its module, and `fingerprint` 32 hex digits that
    stay the same when lines move and files are renamed: 16 of the function's code, 16 of the hazard and its statement.
    `fix` is advice in words; `edits` carry it out where that is mechanical, and `safety` tells what they are worth.
    """

    slug: str
    code: str
    severity: Severity
    confidence: Confidence
    file: str
    line: int
    column: int
    end_line: int
    end_column: int
    message: str
    story: tuple[Step, ...] = ()
    fix: str | None = None
    function: str = ""
    fingerprint: str = ""
    edits: tuple[Edit, ...] = ()
    safety: Safety | None = None


# Any: JSON values; a missing one is a KeyError, a wrong kind of container a TypeError.
def finding_of(told: Mapping[str, Any]) -> Finding:
    """The finding that a JSON object holds, as reports write it and watched processes send it.

    Fields that this version does not know are left out. Raises KeyError or TypeError for what is no finding.
    """
    fields: dict[str, Any] = _known(told, Finding)
    fields["story"] = tuple(Step(**_known(step, Step)) for step in told["story"])
    fields["edits"] = tuple(Edit(**_known(edit, Edit)) for edit in told["edits"])
    return Finding(**fields)


def _known(told: Mapping[str, Any], kind: type[Finding | Step | Edit]) -> dict[str, Any]:
    return {name: told[name] for name in kind.__slots__ if name in told}


@dataclass(frozen=True, slots=True)
class Moment:
    """What a hazard's logic is shown: a record, what the lifecycle said of it, and what was known before it.

    `session` and `instance` are the states of the record's subjects *before* it was applied, `life` is the lifecycle
    *after* it, `history` gives the records of this path before it, oldest first, and `text` the source text at a site.
    """

    record: Record
    outcome: Outcome
    session: SessionState | None
    instance: InstanceState | None
    life: Lifecycle
    where: Where
    history: Callable[[], Sequence[Record]]
    text: Callable[[Hashable], str]

    def last_in(self, session: Key | None, *kinds: type[OfSession]) -> OfSession | None:
        """The latest record of these kinds about a session."""
        return next((r for r in reversed(self.history()) if isinstance(r, kinds) and r.session == session), None)

    def last_of(self, instance: Key, *kinds: type[OfInstance]) -> OfInstance | None:
        """The latest record of these kinds about an instance."""
        return next((r for r in reversed(self.history()) if isinstance(r, kinds) and r.instance == instance), None)

    def leaves_work(self, record: Record, session: Key) -> bool:
        """Whether a record, had it succeeded, left something to commit in a session."""
        if isinstance(record, AttributeWritten):
            known = self.life.instances.get(record.instance)
            return known is not None and known.session == session
        if isinstance(record, (Added, Deleted, Merged)):
            return record.session == session
        return isinstance(record, Executed) and record.session == session and record.writes


RemedyKind = Literal[
    "with-block", "merge-result", "rollback", "commit", "loader-option", "plain-def", "populate-existing", "order-by",
    "unique",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Remedy:
    """The mechanical fix of a sighting: its kind, the records whose code it changes, the words that it needs."""

    kind: RemedyKind
    at: tuple[Record, ...]
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sighting:
    """What a hazard's logic answers: the message, the fix, how sure it is, and the story as (record, text) pairs.

    `fix` is advice in words; a `remedy` says how to carry it out where that is mechanical. `is_lent` tells that the
    session is the caller's: row locks that all callers took make the sighting only possible.
    """

    message: str
    fix: str | None = None
    confidence: Confidence = "proven"
    story: tuple[tuple[Record, str], ...] = ()
    at: Record | None = None
    remedy: Remedy | None = None
    is_lent: bool = False


Logic = Callable[[Moment], Iterator[Sighting]]


@dataclass(slots=True)
class Hazard:
    """A mistake in how code treats a session: its slug, its page and the logic that sees it in the records.

    The slug is the module's file name in kebab case; the page is the module's docstring. What `is_cost` is right but slow:
    where it runs once, at an application's start or in a migration, it is only possible.
    """

    module: str
    code: str
    severity: Severity
    since: str
    seen_by: tuple[Engine, ...]
    sqlalchemy_codes: tuple[str, ...] = ()
    is_cost: bool = False
    logic: list[tuple[tuple[type[Record], ...], Logic]] = field(default_factory=list)

    @property
    def slug(self) -> str:
        return self.module.rpartition(".")[2].replace("_", "-")

    @property
    def page(self) -> str:
        return sys.modules[self.module].__doc__ or ""

    @property
    def title(self) -> str:
        return self.page.strip().splitlines()[0]

    def on(self, *records: type[Record]) -> Callable[[Logic], Logic]:
        """Run the decorated logic at each record of these types, reads of what is loaded aside: these are always fine."""

        def register(logic: Logic) -> Logic:
            self.logic.append((records, logic))
            return logic

        return register


@cache
def catalogue() -> dict[str, Hazard]:
    """Every hazard by slug, in the order of their codes; found by walking `hermetic.hazards`."""
    package = import_module("hermetic.hazards")
    modules = (import_module(f"hermetic.hazards.{found.name}") for found in pkgutil.iter_modules(package.__path__))
    found = sorted((module.hazard for module in modules), key=lambda hazard: hazard.code)
    return {hazard.slug: hazard for hazard in found}
