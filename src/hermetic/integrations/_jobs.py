"""Functions that are given a session as their first argument, by a decorator: what workers and commands call."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from types import TracebackType
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar

from .._scopes.sync import Database
from ..errors import BadDatabase

P = ParamSpec("P")
R = TypeVar("R")
S = TypeVar("S")

With = Callable[Concatenate[S, P], R]
"""A function as it is written: the session comes first."""


def without_session(call: Callable[..., Any], work: Callable[..., Any]) -> Callable[..., Any]:
    """A function that looks as the one it calls, but for the session. Any: the arguments and the result are the work's."""
    signature = inspect.signature(work)
    wrapped = wraps(work)(call)
    wrapped.__signature__ = signature.replace(parameters=list(signature.parameters.values())[1:])  # type: ignore[attr-defined]  # what inspect looks for first
    return wrapped


def once_key(queue: str, job: str | None) -> str:
    """The key of work that belongs to one job. Raises BadDatabase where there is no job."""
    if job is None:
        raise BadDatabase(
            f"once=True is for what a worker of {queue} runs, and here is no job whose work could be known again.\n"
            f"  Send it to the queue, or call db.run(work, once=key) with a key of your own."
        )
    return f"{queue}:{job}"


class EndingBlock(Generic[S]):
    """A block in which some exceptions are an end and not a failure: the work is kept, and the exception goes on."""

    __slots__ = ("_block", "_is_end")

    def __init__(self, block: Any, is_end: Callable[[BaseException], bool]) -> None:  # Any: a block of a Database
        self._block = block
        self._is_end = is_end

    def __enter__(self) -> S:
        session: S = self._block.__enter__()
        return session

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None and self._is_end(error):
            self._block.__exit__(None, None, None)
        else:
            self._block.__exit__(kind, error, trace)

    async def __aenter__(self) -> S:
        session: S = await self._block.__aenter__()
        return session

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None and self._is_end(error):
            await self._block.__aexit__(None, None, None)
        else:
            await self._block.__aexit__(kind, error, trace)


def refuse_plain(db: object, what: str) -> None:
    """Raise BadDatabase for a Database where the functions are coroutines."""
    if isinstance(db, Database):
        raise BadDatabase(
            f"{what} runs coroutines on an event loop, which a Database would stop.\n  Use AsyncDatabase."
        )
