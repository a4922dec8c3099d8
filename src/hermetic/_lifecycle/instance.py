"""What a mapped instance is at one moment of its life."""

from __future__ import annotations

from collections.abc import Hashable
from collections.abc import Mapping as MappingOf
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal

from .hashed import Hashed
from .records import Key
from .schema import LoaderOption, Mapping

Status = Literal["transient", "pending", "persistent", "deleted", "detached", "unknown"]
ExpiredBy = Literal["commit", "rollback", "expire", "refresh", "flush", None]

NOTHING: MappingOf[str, tuple[Key, ...]] = MappingProxyType({})
NOWHERE: MappingOf[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class InstanceState(Hashed):
    """An instance's state: which attributes are loaded, which were expired and by what, which carry unsaved writes.

    `loaded` can be read without the database, written ones included. Of the others, `expired` come back together,
    `deferred` each alone; a column in neither was never set, reads as None and costs nothing. `blocked` are those that
    raiseload forbids, `unsure` those of which the model cannot tell whether they are loaded, `refused` those written
    with a value that the database will not take, `unchanged` those written with the value that they had.

    `options` are those of its load: they act again at every refresh and lazy load; `via` names the classes above it in
    that load, None when it had no options. `is_stale` tells that everything was
    expired at once, `was_deleted` that its DELETE was sent, and `is_touched` that it was to be looked at by the next flush
    of the session that it left, be it for a write that was expired since. `identity`, `related` (the instances in its loaded
    relationships), `targets` (the identities that its foreign keys name), `stored` (those on the other side of its
    collections in the database) and `row_exists` are facts that an observer may tell; without them the model gives the
    general answer. `before` is what a written relationship held at the last flush, None where it was not loaded; `gained`
    and `dropped` are what its collections took in and let go since, loaded or not.
    """

    key: Key
    mapping: Mapping
    status: Status
    session: Key | None = None
    last_session: Key | None = None
    loaded: frozenset[str] = frozenset()
    expired: frozenset[str] = frozenset()
    expired_by: ExpiredBy = None
    written: frozenset[str] = frozenset()
    options: tuple[LoaderOption, ...] = ()
    via: tuple[str, ...] | None = None
    deferred: frozenset[str] = frozenset()
    blocked: frozenset[str] = frozenset()
    unsure: frozenset[str] = frozenset()
    refused: frozenset[str] = frozenset()
    unchanged: frozenset[str] = frozenset()
    is_stale: bool = False
    was_deleted: bool = False
    is_touched: bool = False
    identity: Hashable = None
    row_exists: bool | None = None
    related: MappingOf[str, tuple[Key, ...]] = field(default_factory=lambda: NOTHING)
    before: MappingOf[str, tuple[Key, ...] | None] = field(default_factory=lambda: NOTHING)
    gained: MappingOf[str, tuple[Key, ...]] = field(default_factory=lambda: NOTHING)
    dropped: MappingOf[str, tuple[Key, ...]] = field(default_factory=lambda: NOTHING)
    stored: MappingOf[str, tuple[Hashable, ...]] = field(default_factory=lambda: NOWHERE)
    targets: MappingOf[str, Hashable] = field(default_factory=lambda: NOWHERE)

    __hash__ = Hashed.__hash__

    def _told_apart_by(self) -> tuple[Hashable, ...]:
        return self.key, self.status, self.session, self.loaded, self.expired, self.written

    def holds(self, relation: str) -> tuple[Key, ...]:
        """The instances that a loaded relationship is known to hold."""
        return self.related.get(relation, ())
