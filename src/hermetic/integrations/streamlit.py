"""Scopes in Streamlit: one Database for all users and reruns, and blocks that know what a rerun is."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from contextlib import AbstractContextManager
from types import CodeType
from typing import Any, Generic, TypeVar, cast, overload

import streamlit as st
from sqlalchemy import URL
from sqlalchemy.orm import Session

from .._scopes.sessions import ScopeSession
from .._scopes.sync import Database
from ._jobs import EndingBlock

S = TypeVar("S", bound=Session)


class Host(Generic[S]):
    """The Database of an app; `db` is the same object in every rerun of every user."""

    def __init__(self, db: Database[S]) -> None:
        self.db = db

    def begin(self, *, isolation_level: str | None = None) -> AbstractContextManager[S]:
        """A unit of work, as `Database.begin` gives.

        `st.rerun()`, `st.stop()` and `st.switch_page()` in it end the block as `return` would: the work is kept. When
        the user touches the page while the script runs, Streamlit breaks it off at the next command; then nothing of the
        unit is kept.
        """
        return EndingBlock(self.db.begin(isolation_level=isolation_level), is_asked_for)

    def read(self) -> AbstractContextManager[S]:
        """A block that reads, and in which every write is refused, as `Database.read` gives."""
        return self.db.read()


def is_asked_for(error: BaseException) -> bool:
    """Whether an exception comes out of a command that ends the script, and not from an interruption or an error."""
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code in _ENDING:
            return True
        trace = trace.tb_next
    return False


def _code(command: Callable[..., object]) -> CodeType:
    return cast(Any, inspect.unwrap(command)).__code__  # type: ignore[no-any-return]  # Any: a command is a function


_ENDING = frozenset(_code(command) for command in (st.rerun, st.stop, st.switch_page))
"""The commands of Streamlit that leave the script by an exception, when all is well."""


@st.cache_resource(show_spinner=False)
def _database(source: str, how: tuple[tuple[str, Any], ...]) -> Database[Any]:  # Any: what Database takes
    """One Database for a process: a script runs again with every click, and would make one each time."""
    return Database(source, **dict(how))


@overload
def attach(source: str | URL, *, session_class: type[S], **how: Any) -> Host[S]: ...
@overload
def attach(source: str | URL, **how: Any) -> Host[ScopeSession]: ...
def attach(source: str | URL, **how: Any) -> Host[Any]:  # Any: what Database takes
    """The host of an app, for a database by its URL; what else is given is told to Database when it is made."""
    url = source.render_as_string(hide_password=False) if isinstance(source, URL) else source
    return Host(_database(url, tuple(how.items())))
