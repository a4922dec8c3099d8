"""Errors of SQLAlchemy that explain themselves: what they are about is found on the stack where they are made."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from functools import wraps
from types import FrameType
from typing import Any

from sqlalchemy.engine import Connection, CursorResult
from sqlalchemy.exc import InvalidRequestError, StatementError
from sqlalchemy.orm import Session, SessionTransaction, object_session

from ..._catalogue import Step
from ..._where import Site
from ..lives import SessionLife
from ..notes import add, note_of, written
from ..observer import MARK
from ..points import Wrapped
from .hooks import Hooks, Means
from .loads import LoadHooks
from .picture import AnyState
from .sessions import SessionHooks

HIGHEST = 12
"""So many frames above an error are looked at for the session that it is about."""

# Any: the local variables of a function of SQLAlchemy.
Locals = dict[str, Any]


class ExplainHooks(Hooks):
    """The wrappers of two constructors: all that SQLAlchemy raises of itself is made by one of them."""

    def __init__(self, means: Means, sessions: SessionHooks, loads: LoadHooks) -> None:
        super().__init__(means)
        self.sessions = sessions
        self.loads = loads
        self.explains: dict[str, Callable[[FrameType], str | None]] = {
            "_before_attach": self.attached,
            "_update_impl": self.deleted,
            "_validate_persistent": self.not_persistent,
            "_load_scalar_attributes": self.row_is_gone,
            "load_scalar_attributes": self.row_is_gone,
            "refresh": self.row_is_gone,
            "add": self.twin,
            "_raise_for_prerequisite_state": self.closed_or_shared,
            "_go": self.shared,
            "_we_dont_return_rows": self.without_rows,
            "_raise_hard_closed": self.result_is_closed,
            "_non_result": self.result_is_closed,
            "_revalidate_connection": self.connection_is_closed,
        }

    def install(self) -> None:
        """Put them on."""
        self.points.wrap(InvalidRequestError, "__init__", "*", self.making)
        self.points.wrap(StatementError, "__init__", "*", self.wrapping)

    def making(self, original: Wrapped) -> Wrapped:
        guard, explain = self.points.guard, self.explain

        @wraps(original)
        # Any: what an exception takes.
        def __init__(self: Exception, *args: Any, **kwargs: Any) -> None:
            original(self, *args, **kwargs)
            guard("InvalidRequestError.__init__", explain, self, sys._getframe().f_back)

        return __init__

    def wrapping(self, original: Wrapped) -> Wrapped:
        """Since SQLAlchemy 2.1 a StatementError stands for what an AsyncSession could not await: it has the same note."""
        guard = self.points.guard

        @wraps(original)
        # Any: what an exception takes.
        def __init__(self: StatementError, *args: Any, **kwargs: Any) -> None:
            original(self, *args, **kwargs)
            if self.orig is not None:
                guard("StatementError.__init__", inherit, self, self.orig)

        return __init__

    def explain(self, error: Exception, frame: FrameType | None) -> None:
        """Add a note to an error, by the function that raises it."""
        while frame is not None and frame.f_code.co_name == "__init__":
            frame = frame.f_back
        if frame is None or not self.observer.is_on:
            return
        explains = self.explains.get(frame.f_code.co_name)
        note = explains(frame) if explains is not None else None
        if note:
            add(error, note)

    def attached(self, frame: FrameType) -> str | None:
        """The instance belongs to another session, which is still open."""
        local = frame.f_locals
        state, ours = local["state"], self.life_of(local["self"])
        other = object_session(local["obj"])
        theirs = self.life_of(other) if other is not None else None
        name = state.class_.__name__
        return self.written(
            f"this {name} is still attached to the session that it was added to or loaded by",
            [*opened(theirs, "that session opened"), *self.loaded(state), *opened(ours, "this one opened")],
            f"use one session for both, or `session.merge(…)` and work on the {name} that it returns",
        )

    def deleted(self, frame: FrameType) -> str | None:
        """The instance's row was deleted, and the delete is flushed."""
        state = frame.f_locals["state"]
        if state.key is None:
            return None
        name = state.class_.__name__
        return self.written(
            f"this {name} was deleted in its session before",
            self.loaded(state),
            f"make a new {name} instead; sqlalchemy.orm.make_transient() turns this one into a new one",
        )

    def not_persistent(self, frame: FrameType) -> str | None:
        """The instance is in no session, or not in this one."""
        state = frame.f_locals["state"]
        name = state.class_.__name__
        query = self.loads.query_of(state)
        life = query.life if query is not None else None
        closed = life.closed_site if life is not None else None
        if state.pending:
            what, fix = "is not stored yet", "call session.flush() first"
        elif state.transient:
            what, fix = "was never added to a session", "call session.add(…) and session.flush() first"
        elif state.session is None:
            what, fix = (
                "left its session",
                f"load it here: session.get({name}, …), or session.merge(…) and use what it returns",
            )
        else:
            what, fix = "belongs to another session", "use the session that it was loaded by"
        return self.written(f"this {name} {what}", [*self.loaded(state), (closed, "closed")], fix)

    def row_is_gone(self, frame: FrameType) -> str | None:
        """A refresh found no row."""
        state = frame.f_locals.get("state")
        if state is None:
            return None
        name = state.class_.__name__
        return self.written(
            f"the row of this {name} is gone since it was loaded: somebody deleted it, or a rollback took it back",
            self.loaded(state),
            f"ask again with session.get({name}, …), which answers None for a row that is gone",
        )

    def twin(self, frame: FrameType) -> str | None:
        """Another instance of the same row is in the session."""
        local = frame.f_locals
        state, other = local.get("state"), local.get("existing_state")
        if state is None or other is None:
            return None
        name = state.class_.__name__
        story = [(site, f"the other one {text}") for site, text in self.loaded(other)]
        return self.written(
            f"the session holds another {name} for the same row already",
            [*story, *self.loaded(state)],
            f"`session.merge(…)` and work on the {name} that it returns",
        )

    def closed_or_shared(self, frame: FrameType) -> str | None:
        """A transaction is over, or two are at work in one session."""
        name = frame.f_locals["state"].name
        if name == "CLOSED":
            life = self.life_above(frame)
            return self.over("this transaction is over", life, "begin another one, or end the `with` block first")
        return self.shared(frame) if name == "PROVISIONING_CONNECTION" else None

    def shared(self, frame: FrameType) -> str | None:
        """Two tasks or threads are inside of one session."""
        life = self.life_above(frame)
        told = life.overlapped if life is not None else None
        return note_of(told) if told is not None else None

    def without_rows(self, _frame: FrameType) -> str | None:
        """Rows are asked of a statement that has none."""
        return self.written(
            "the statement returns no rows",
            [(self.observer.sites.here(), "rows are asked for")],
            "leave out what reads rows (.scalars(), .all(), .one() …), or add .returning(…) to the statement",
        )

    def result_is_closed(self, frame: FrameType) -> str | None:
        """Rows are read after the result, its connection or its session was closed."""
        life = next((self.life_of(each) for each in connections(frame)), None)
        return self.over(
            "rows are read after their result was closed", life, "read them before: .all() inside of the `with` block"
        )

    def connection_is_closed(self, frame: FrameType) -> str | None:
        """A connection is used after it was closed."""
        return self.over(
            "this connection was closed before",
            self.life_of(frame.f_locals["self"]),
            "do all of the work inside of the `with` block that opens it",
        )

    def over(self, sentence: str, life: SessionLife | None, fix: str) -> str:
        """A note on something that ended with its session."""
        closed = [(life.closed_site, "closed")] if life is not None else []
        return self.written(
            sentence, [*opened(life, "session opened"), *closed, (self.observer.sites.here(), "used")], fix
        )

    def loaded(self, state: AnyState) -> list[tuple[Site | None, str]]:
        """Where an instance came from."""
        query = self.loads.query_of(state)
        if query is None:
            return []
        return [(query.site, "stored by a flush" if query.is_flush else "loaded")]

    def life_of(self, holder: Session | Connection) -> SessionLife | None:
        """What is remembered of a session, or of the one that uses a connection."""
        life = holder.__dict__.get(MARK)
        return life if isinstance(life, SessionLife) else None

    def life_above(self, frame: FrameType | None) -> SessionLife | None:
        """The session in whose method an error is raised."""
        for each in above(frame):
            owner = each.f_locals.get("self")
            if isinstance(owner, SessionTransaction):
                return self.life_of(owner.session)
            if isinstance(owner, Session):
                return self.life_of(owner)
        return None

    def written(self, sentence: str, story: list[tuple[Site | None, str]], fix: str) -> str:
        """A note with those sites of a story that are known."""
        places = [(self.observer.sites.place(site), text) for site, text in story if site is not None]
        return written(sentence, [Step(place.file, place.line, text, place.source) for place, text in places], fix)


def opened(life: SessionLife | None, text: str) -> list[tuple[Site | None, str]]:
    """Where a session was opened."""
    return [(life.opened, text)] if life is not None else []


def inherit(error: BaseException, cause: BaseException) -> None:
    """What is known of the cause is known of the error."""
    for note in getattr(cause, "__notes__", ()):
        add(error, note)


def above(frame: FrameType | None) -> Iterator[FrameType]:
    """A frame and those that called it, a few of them."""
    for _ in range(HIGHEST):
        if frame is None:
            return
        yield frame
        frame = frame.f_back


def connections(frame: FrameType) -> Iterator[Connection]:
    """The connections of the results that are being read."""
    for each in above(frame):
        for name in ("self", "result"):
            result = each.f_locals.get(name)
            result = getattr(result, "raw", result)
            if isinstance(result, CursorResult):
                yield result.connection
