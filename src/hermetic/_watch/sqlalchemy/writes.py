"""Which instances are added, changed and deleted, and on which line of the user's."""

from __future__ import annotations

from functools import wraps
from typing import Any

from sqlalchemy import inspect
from sqlalchemy.orm import InstanceState, Session

from ..._lifecycle.records import Added, AttributeWritten, Deleted
from ..judge import Judge
from ..observer import Observer
from .picture import AnyState, key_of
from .points import Points, Wrapped
from .sessions import SessionHooks


class WriteHooks:
    """The wrapper around the first change of an instance, and the listeners to what joins a session or leaves it."""

    def __init__(self, observer: Observer, judge: Judge, points: Points, sessions: SessionHooks) -> None:
        self.observer = observer
        self.judge = judge
        self.points = points
        self.sessions = sessions

    def install(self) -> None:
        """Put them on."""
        points = self.points
        points.wrap(InstanceState, "_modified_event", "self dict_ attr previous collection is_userland", self.modifying)
        points.wrap(Session, "delete", "self instance", self.deleting)
        points.listen(Session, "transient_to_pending", self.added, raw=True)

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
        life = self.sessions.life_of(session) if session is not None else None
        if life is not None and not life.flushing:
            site = self.observer.site_of(life)
            life.note(AttributeWritten, site, instance=key_of(state), attribute=attr.key if attr is not None else "")

    def added(self, session: Session, state: AnyState) -> None:
        life = self.sessions.life_of(session)
        if life is not None:
            life.note(Added, self.observer.site_of(life), instance=key_of(state))

    def deleting(self, original: Wrapped) -> Wrapped:
        @wraps(original)
        def delete(self: Session, instance: object) -> None:
            original(self, instance)
            guarded("Session.delete", deleted, self, instance)

        guarded, deleted = self.sessions.guarded, self.deleted
        return delete

    def deleted(self, session: Session, instance: object) -> None:
        life = self.sessions.life_of(session)
        if life is not None:
            life.note(Deleted, self.observer.site_of(life), instance=key_of(inspect(instance)))
