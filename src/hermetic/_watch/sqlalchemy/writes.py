"""Which instances are added, changed and deleted, and on which line of the user's."""

from __future__ import annotations

from functools import wraps
from itertools import islice
from typing import Any

from sqlalchemy import inspect
from sqlalchemy.orm import InstanceState, Session

from ..._lifecycle.records import Added, AttributeWritten, Deleted
from ..._where import Site
from ..lives import RowKey, SessionLife, Stale
from ..points import Wrapped
from .detached import DetachedHooks
from .events import listen
from .hooks import Hooks, Means
from .loads import LoadHooks
from .picture import AnyState, instance_of, key_of
from .sessions import SessionHooks

ROWS = 200
"""A flush that changes more rows is a batch; its rows are not compared with what other sessions hold."""

SESSIONS = 200
"""So many sessions are looked at for copies of what is committed."""

NONE: frozenset[str] = frozenset()


class WriteHooks(Hooks):
    """The wrapper around the first change of an instance, and the listeners to what joins a session or leaves it."""

    def __init__(self, means: Means, sessions: SessionHooks, loads: LoadHooks, detached: DetachedHooks) -> None:
        super().__init__(means)
        self.sessions = sessions
        self.loads = loads
        self.detached = detached

    def install(self) -> None:
        """Put them on."""
        points = self.points
        points.wrap(InstanceState, "_modified_event", "self dict_ attr previous collection is_userland", self.modifying)
        points.wrap(Session, "delete", "self instance", self.deleting)
        listen(points, Session, "transient_to_pending", self.added, raw=True)
        listen(points, Session, "after_flush", self.flushed)
        listen(points, Session, "after_commit", self.stored)

    def modifying(self, original: Wrapped) -> Wrapped:
        changed, failed = self.changed, self.points.failed

        @wraps(original)
        # Any: an attribute of any type, and its value.
        def _modified_event(
            self: AnyState, dict_: Any, attr: Any, previous: Any, collection: bool = False, is_userland: bool = False
        ) -> Any:
            if self.key is not None and not self.modified:
                try:
                    changed(self, attr)
                except Exception as error:
                    failed("InstanceState._modified_event", error)
            return original(self, dict_, attr, previous, collection, is_userland)

        return _modified_event

    # Any: see above.
    def changed(self, state: AnyState, attr: Any) -> None:
        """An instance that has a row is changed for the first time since its last flush."""
        session = state.session
        if session is None:
            self.detached.changed(state, attr)
            return
        life = self.sessions.life_of(session)
        if life is not None and not life.flushing:
            site = self.observer.site_of(life)
            life.note(AttributeWritten, site, instance=key_of(state), attribute=attr.key if attr is not None else "")

    def added(self, session: Session, state: AnyState) -> None:
        life = self.sessions.life_of(session)
        if life is not None:
            life.note(Added, self.observer.site_of(life), instance=key_of(state))

    def flushed(self, session: Session, _context: object) -> None:
        """A flush was sent: note which columns of which rows it changed, and whether others had changed them."""
        life = self.sessions.life_of(session)
        if life is None:
            return
        life.wrote += 1
        changed: dict[RowKey, frozenset[str]] = {
            state.key: frozenset(state.committed_state) for state in list(session.identity_map._modified) if state.key
        }
        if life.stale:
            self.look_stale(session, life, changed)
        if changed and len(changed) <= ROWS:
            life.rows = changed if life.rows is None else life.rows | changed

    def look_stale(self, session: Session, life: SessionLife, changed: dict[RowKey, frozenset[str]]) -> None:
        """Tell of columns that another session changed after they were read here."""
        for key, stale in tuple((life.stale or {}).items()):
            state = session.identity_map._dict.get(key)
            names = tuple(sorted(changed.get(key, NONE) & stale.attributes))
            if state is None or not names or state.runid != stale.runid or state.mapper.version_id_col is not None:
                continue
            site = next((e.site for e in life.ring or () if e.fields.get("instance") == key_of(state)), None)
            self.judge.overwrote(
                life,
                self.loads.query_of(state),
                instance_of(state, life.key, None),
                names,
                site or self.observer.site_of(life),
                stale.site,
                life.waited if life.waited is not None and (stale.runid or 0) <= life.waited.runid else None,
            )

    def stored(self, session: Session) -> None:
        """What a commit changed is from now on old in every other session that holds it."""
        life = self.sessions.life_of(session)
        if life is not None and life.merges:
            self.detached.committing(life)
        if life is None or not life.rows:
            return
        if self.detached.changes:
            self.detached.stored(life.rows)
        site, lives, refs = self.observer.site_of(life), self.observer.lives, self.observer.refs
        for other in islice(list(lives.values()), SESSIONS):
            ref = refs.get(other.number) if other is not life and other.began else None
            holder = ref() if ref is not None else None
            if isinstance(holder, Session):
                mark_stale(holder, other, life.rows, site)

    def deleting(self, original: Wrapped) -> Wrapped:
        @wraps(original)
        def delete(self: Session, instance: object) -> None:
            original(self, instance)
            guarded("Session.delete", deleted, self, instance)

        guarded, deleted = self.points.guard, self.deleted
        return delete

    def deleted(self, session: Session, instance: object) -> None:
        life = self.sessions.life_of(session)
        if life is not None:
            life.note(Deleted, self.observer.site_of(life), instance=key_of(inspect(instance)))


def mark_stale(holder: Session, life: SessionLife, rows: dict[RowKey, frozenset[str]], site: Site | None) -> None:
    """Note which of the rows another session holds in memory; it may be at work in another thread at this moment."""
    known = holder.identity_map._dict
    for key, attributes in rows.items():
        state = known.get(key)
        if state is not None and any(name in state.dict for name in attributes):
            life.stale = (life.stale or {}) | {key: Stale(state.runid, attributes, site)}
