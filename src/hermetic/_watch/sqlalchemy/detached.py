"""Changes that no session will store: of an instance outside of every session, and of the argument of a merge."""

from __future__ import annotations

import weakref
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial, wraps
from typing import Any

from sqlalchemy import inspect
from sqlalchemy.orm import Session

from ..._lifecycle.instance import InstanceState as Instance
from ..._where import Site
from ..lives import RowKey, SessionLife
from ..observer import MISSING
from ..points import Wrapped
from .events import listen
from .hooks import Hooks, Means
from .loads import LoadHooks
from .picture import AnyState, instance_of
from .sessions import SessionHooks

HELD = 1000
"""So many changed instances are watched until they are thrown away or a session takes them in."""

MERGES = 50
"""So many merges of one transaction are compared with what became of their arguments."""


@dataclass(frozen=True, slots=True)
class Change:
    """The first change of an instance outside of every session; `alive` tells when it can be taken in no more."""

    key: RowKey
    instance: Instance
    attribute: str
    site: Site | None
    life: SessionLife | None
    closed: Site | None
    alive: weakref.ref[object]


@dataclass(frozen=True, slots=True)
class Merge:
    """A merge: what was merged, the copy that the session has, and the columns of both at that moment."""

    source: Callable[[], object]
    copy: Callable[[], object]
    # Any: the values of columns.
    values: Mapping[str, Any]
    site: Site | None


class DetachedHooks(Hooks):
    """What is changed outside of every session, until a session takes it in or it is thrown away."""

    def __init__(self, means: Means, sessions: SessionHooks, loads: LoadHooks) -> None:
        super().__init__(means)
        self.sessions = sessions
        self.loads = loads
        self.changes: OrderedDict[int, Change] = OrderedDict()

    def install(self) -> None:
        """Put the wrappers on."""
        self.points.wrap(Session, "merge", "self instance load options", self.merging)
        self.points.wrap(Session, "bulk_save_objects", BULK, self.saving)
        listen(self.points, Session, "detached_to_persistent", self.attached, raw=True)
        self.observer.ends.append(self.end)
        self.points.undo_later("detached changes", self.forget)

    def forget(self) -> None:
        """The watch is over."""
        self.changes.clear()
        if self.end in self.observer.ends:
            self.observer.ends.remove(self.end)

    # Any: an attribute of any type.
    def changed(self, state: AnyState, attr: Any) -> None:
        """A column of an instance with a row is set, and no session holds the instance."""
        instance = state.obj()
        if instance is None or attr is None or attr.uses_objects or state._deleted or not self.observer.is_on:
            return
        query = self.loads.query_of(state)
        life = query.life if query is not None else None
        gone = weakref.ref(instance, partial(self.gone, id(state)))
        self.changes[id(state)] = Change(
            state.key,
            instance_of(state, None, life.key if life is not None else None),
            attr.key,
            self.observer.sites.here(),
            life,
            life.closed_site if life is not None else None,
            gone,
        )
        if len(self.changes) > HELD:
            self.changes.popitem(last=False)

    def gone(self, number: int, _ref: object) -> None:
        """A changed instance was thrown away; this runs in the middle of anything, so what is to be told waits."""
        change = self.changes.pop(number, None)
        if change is not None:
            self.observer.later.append(partial(self.lost, change))

    def end(self) -> None:
        """The program or its watch ends: what is still outside of every session stays there."""
        while self.changes:
            _, change = self.changes.popitem(last=False)
            self.lost(change)

    def lost(self, change: Change) -> None:
        self.judge.changed_outside(change.life, change.instance, change.attribute, change.site, change.closed)

    def attached(self, _session: Session, state: AnyState) -> None:
        """A session took an instance in, and will store what was changed."""
        self.changes.pop(id(state), None)

    def stored(self, rows: Mapping[RowKey, frozenset[str]]) -> None:
        """A session stored changes of rows: a program may copy by itself what was changed in another instance of one."""
        for number, change in self.changes.copy().items():
            if change.attribute in rows.get(change.key, ()):
                self.changes.pop(number, None)

    def merging(self, original: Wrapped) -> Wrapped:
        guard, merged = self.points.guard, self.merged

        @wraps(original)
        # Any: an instance of any class, and loader options.
        def merge(self: Session, instance: Any, *, load: bool = True, options: Any = None) -> Any:
            # Not more: the mappers may be without configuration yet, and the instance no instance of a mapped class.
            values = dict(getattr(instance, "__dict__", ()))
            result = original(self, instance, load=load, options=options)
            if result is not instance:
                guard("Session.merge", merged, self, instance, result, values)
            return result

        return merge

    # Any: the values of columns.
    def merged(self, session: Session, source: object, copy: object, values: Mapping[str, Any]) -> None:
        """A session has a copy of an instance now, and of those that a merge takes along."""
        state: AnyState = inspect(source)
        if self.changes:
            self.changes.pop(id(state), None)
            for _, _, known, _ in state.mapper.cascade_iterator("merge", state):
                self.changes.pop(id(known), None)
        life = self.sessions.life_of(session)
        if life is None:
            return
        life.merges = life.merges or []
        if len(life.merges) < MERGES:
            site = self.observer.site_of(life)
            columns = state.mapper.column_attrs.keys()
            values = {key: value for key, value in values.items() if key in columns}
            life.merges.append(Merge(weakref.ref(source), weakref.ref(copy), values, site))

    def saving(self, original: Wrapped) -> Wrapped:
        guard, saved = self.points.guard, self.saved

        @wraps(original)
        # Any: instances of any class.
        def bulk_save_objects(
            self: Session, objects: Any, return_defaults: bool = False, update_changed_only: bool = True,
            preserve_order: bool = True,
        ) -> None:  # fmt: skip
            stored = tuple(objects)
            original(self, stored, return_defaults, update_changed_only, preserve_order)
            guard("Session.bulk_save_objects", saved, stored)

        return bulk_save_objects

    def saved(self, stored: tuple[object, ...]) -> None:
        """Instances were stored without a session taking them in."""
        for instance in stored if self.changes else ():
            self.changes.pop(id(inspect(instance)), None)

    def committing(self, life: SessionLife) -> None:
        """A commit stores the copies of what was merged: tell of an argument that was changed where its copy was not."""
        merges, life.merges = life.merges or (), None
        for merge in merges:
            source, copy = merge.source(), merge.copy()
            if source is None:
                continue
            # A copy that nobody holds was changed by nobody.
            copied = merge.values if copy is None else vars(copy)
            state: AnyState = inspect(source)
            change = self.changes.get(id(state))
            if change is not None and _is_same(state.dict.get(change.attribute), copied.get(change.attribute)):
                del self.changes[id(state)]
            column = _changed_alone(state, merge.values, copied) if state.session_id is None else None
            if column is None:
                continue
            self.changes.pop(id(state), None)
            self.judge.changed_after_merge(
                life,
                instance_of(state, None, life.key),
                column,
                merge.site,
                change.site if change is not None and change.attribute == column else None,
            )


# Any: the values of columns.
def _changed_alone(state: AnyState, values: Mapping[str, Any], copied: Mapping[str, Any]) -> str | None:
    """A column that the argument of a merge has another value in than it had, while the copy has still that one."""
    now = state.dict
    return next(
        (
            key
            for key, value in values.items()
            if not _is_same(now.get(key, value), value) and _is_same(copied.get(key, MISSING), value)
        ),
        None,
    )


def _is_same(one: object, other: object) -> bool:
    """Whether two values are equal; those that do not answer with a yes or no are not."""
    return one is other or (one == other) is True


BULK = "self objects return_defaults update_changed_only preserve_order"
