"""One way to write a test of scopes for both kinds of Database: as a coroutine, which the plain kind never suspends."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any

from hermetic import AsyncDatabase, Database
from hermetic.scopes import once_table

AWAITED = frozenset(
    [
        "connection",
        "delete",
        "execute",
        "flush",
        "get",
        "get_one",
        "merge",
        "refresh",
        "scalar",
        "scalars",
        "commit",
        "rollback",
        "close",
        "begin_nested",
    ]
)


class TwinSession:
    """A plain session whose methods are awaited, as those of an AsyncSession are."""

    def __init__(self, session: Any) -> None:  # Any: a session of whatever class
        self.plain = session

    def __getattr__(self, name: str) -> Any:  # Any: whatever the session has
        member = getattr(self.plain, name)
        if name == "released":
            return lambda: TwinBlock(member(), gives=None)
        if name not in AWAITED:
            return member

        async def awaited(*args: Any, **kwargs: Any) -> Any:
            return member(*args, **kwargs)

        return awaited

    def __contains__(self, instance: object) -> bool:
        return instance in self.plain


class TwinBlock:
    """A context manager of a plain Database, entered and left as one of an AsyncDatabase is."""

    def __init__(self, block: AbstractContextManager[Any], gives: type[TwinSession] | None = TwinSession) -> None:
        self._block = block
        self._gives = gives

    async def __aenter__(self) -> Any:
        given = self._block.__enter__()
        return self._gives(given) if self._gives else given

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        return self._block.__exit__(kind, error, trace)


class Twin:
    """A Database of either kind, with the verbs of an AsyncDatabase."""

    def __init__(self, url: str, *, is_async: bool, **how: Any) -> None:
        self.is_async = is_async
        self.real: Any = (AsyncDatabase if is_async else Database)(url, **how)  # Any: one or the other

    @property
    def dialect(self) -> str:
        return str(self.real.engine.dialect.name)

    def begin(self, **how: Any) -> Any:
        return self.real.begin(**how) if self.is_async else TwinBlock(self.real.begin(**how))

    def read(self, **how: Any) -> Any:
        return self.real.read(**how) if self.is_async else TwinBlock(self.real.read(**how))

    async def run(self, work: Any, *args: Any, **kwargs: Any) -> Any:
        if self.is_async:
            return await self.real.run(work, *args, **kwargs)
        return self.real.run(lambda session, *given: drive(work(TwinSession(session), *given)), *args, **kwargs)

    async def create(self, metadata: Any) -> None:
        """Fresh tables, and no key of work that was done."""
        once_table(metadata)
        if not self.is_async:
            metadata.drop_all(self.real.engine)
            metadata.create_all(self.real.engine)
            return
        async with self.real.engine.begin() as connection:
            await connection.run_sync(metadata.drop_all)
            await connection.run_sync(metadata.create_all)

    async def dispose(self) -> None:
        if self.is_async:
            await self.real.dispose()
        else:
            self.real.dispose()

    def play(self, work: Coroutine[Any, Any, Any]) -> None:
        """Run a test: on an event loop of its own, or without any."""
        if self.is_async:
            asyncio.run(work)
        else:
            drive(work)


def drive(work: Coroutine[Any, Any, Any]) -> Any:
    """What a coroutine gives that never waits."""
    try:
        work.send(None)
    except StopIteration as stop:
        return stop.value
    raise AssertionError("a plain Database made its caller wait")
