"""What a mapped instance is at one moment of its life."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from .records import Key
from .schema import LoaderOption, Mapping

Status = Literal["transient", "pending", "persistent", "deleted", "detached", "unknown"]


@dataclass(frozen=True, slots=True)
class InstanceState:
    """An instance's state: which attributes are loaded, which were expired and by what, which carry unsaved writes.

    `options` are those of its load, `blocked` the attributes that raiseload forbids, `unsure` those of which the model
    cannot tell whether they are loaded, `refused` those written with a value that the database will not take.
    """

    key: Key
    mapping: Mapping
    status: Status
    session: Key | None = None
    last_session: Key | None = None
    loaded: frozenset[str] = frozenset()
    expired: frozenset[str] = frozenset()
    expired_by: Literal["commit", "rollback", "expire", "refresh", "flush", None] = None
    written: frozenset[str] = frozenset()
    options: tuple[LoaderOption, ...] = ()
    blocked: frozenset[str] = frozenset()
    unsure: frozenset[str] = frozenset()
    refused: frozenset[str] = frozenset()
