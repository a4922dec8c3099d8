"""How the pages change something: once for each time a form was filled in, and with an answer that stays to be read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Concatenate, ParamSpec, Protocol
from uuid import uuid4

import streamlit as st
from pydantic import ValidationError

from hermetic.scopes import ScopeSession

from ..errors import AdvisorError
from .host import advisor
from .reading import forget
from .words import plain

P = ParamSpec("P")


class Numbered(Protocol):
    """What was made or changed."""

    @property
    def id(self) -> int: ...


def submit(form: str, work: Callable[Concatenate[ScopeSession, P], Numbered], *args: P.args, **kwargs: P.kwargs) -> int:
    """Do the work of a form in a unit of its own, and give the id of what it made.

    The form has a key until its work is kept. A second click while the first is at it, or a page that was broken off
    after the commit, comes with the same key, and finds the work done.
    """
    name = f"{form}.once"
    key = st.session_state.setdefault(name, uuid4().hex)
    number: int = advisor().db.run(_number_of, work, args, kwargs, once=key)
    del st.session_state[name]
    forget()
    return number


def _number_of(
    session: ScopeSession, work: Callable[..., Numbered], args: tuple[object, ...], kwargs: dict[str, object]
) -> int:
    """The id of what the work made: a ledger of work done once keeps numbers, not models."""
    return work(session, *args, **kwargs).id


def say_and_rerun(sentence: str) -> None:
    """Show the page anew, with a sentence at its top."""
    st.session_state["said"] = sentence
    st.rerun()


def show_what_was_said() -> None:
    """The sentence of the run before, once."""
    said = st.session_state.pop("said", None)
    if said:
        st.success(plain(said), icon=":material/check_circle:")


def show_error(error: AdvisorError | ValidationError | ValueError) -> None:
    """What is wrong with what was filled in, in words for who did it."""
    if isinstance(error, ValidationError):
        lines = [_told(str(each["loc"][-1]), each["msg"]) for each in error.errors(include_url=False)]
    else:
        lines = [str(error)]
    st.error("  \n".join(plain(line) for line in lines), icon=":material/error:")


def _told(field: str, message: str) -> str:
    name = field.replace("_", " ").capitalize()
    return f"{name}: {message.removeprefix('Value error, ')}."
