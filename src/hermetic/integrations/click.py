"""Commands of Click and Typer as units of work: kept when the command succeeds, and not when it exits with an error."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from typing import Any, Generic

from .._scopes.aio import AsyncDatabase
from .._scopes.scope import Kind
from ._jobs import EndingBlock, P, With, without_session
from ._requests import Lender, S


class Host(Generic[S]):
    """A Database in a program; its verbs are decorators that go below those of Click, or below `@app.command()`."""

    def __init__(self, db: Lender[S]) -> None:
        self._db = db

    def begin(self, work: With[S, P, Any]) -> Callable[P, Any]:
        """`@host.begin`: the command is given a session first, and what it does is a unit of work.

        It is kept when the command returns or exits with code 0, and rolled back by an error, any other code, Ctrl-C and
        `Abort`. With an AsyncDatabase the command is a coroutine. Any: what commands give is theirs.
        """
        return self._running(work, "begin")

    def read(self, work: With[S, P, Any]) -> Callable[P, Any]:
        """`@host.read`: the command is given the session of a read scope first. Any: what commands give is theirs."""
        return self._running(work, "read")

    def _running(self, work: With[S, P, Any], kind: Kind) -> Callable[P, Any]:
        def call(*args: P.args, **kwargs: P.kwargs) -> Any:
            if isinstance(self._db, AsyncDatabase):
                return asyncio.run(self._awaited(work, kind, args, kwargs))
            block: EndingBlock[S] = EndingBlock(self._block(kind), is_success)
            with block as session:
                return work(session, *args, **kwargs)

        return without_session(call, work)

    async def _awaited(
        self, work: Callable[..., Any], kind: Kind, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        """Run a command that is a coroutine. Any: its arguments and its result."""
        try:
            block: EndingBlock[S] = EndingBlock(self._block(kind), is_success)
            async with block as session:
                given = work(session, *args, **kwargs)
                return await given if inspect.isawaitable(given) else given
        finally:
            await self._db.dispose()

    def _block(self, kind: Kind) -> Any:  # Any: a block of either kind
        return self._db.begin() if kind == "begin" else self._db.read()


def is_success(error: BaseException) -> bool:
    """Whether an exception ends a program with code 0; Click and Typer each have an Exit of their own."""
    code = error.code or 0 if isinstance(error, SystemExit) else getattr(error, "exit_code", None)
    return code == 0


def attach(db: Lender[S]) -> Host[S]:
    """The host of a program, for its commands."""
    return Host(db)
