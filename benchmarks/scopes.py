"""Times scopes beside the code that everybody writes by hand, and the FastAPI host beside `get_session`.

    python -m benchmarks.scopes [--rounds 25] [--cpu] [--url URL] [--async-url URL]

Contenders take turns within a round. A scope is told in microseconds and as a ratio to the same work by hand; a
dependency by what it adds to a request that asks for none, and as a ratio to what the one written by hand adds.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import statistics
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from time import perf_counter, process_time
from typing import Any

from fastapi import Depends, FastAPI
from fastapi.responses import PlainTextResponse
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, sessionmaker

from hermetic import AsyncDatabase, Database
from hermetic.integrations._requests import Lender
from hermetic.integrations.fastapi import attach
from hermetic.scopes import AsyncScopeSession, ScopeSession

Work = Callable[[int], Awaitable[None] | None]
"""Does a piece of work so many times."""

WARM = 2


class Base(DeclarativeBase):
    pass


class Order(Base):
    __tablename__ = "bench_scopes"

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str]


ONE = select(Order.number).where(Order.id == 7)


def plain_work(db: Database[ScopeSession]) -> dict[str, Work]:
    """A unit of work with one SELECT: by hand, and in a scope."""
    factory = sessionmaker(db.engine)

    def by_hand(times: int) -> None:
        for _ in range(times):
            with factory.begin() as session:
                session.scalar(ONE)

    def in_scope(times: int) -> None:
        for _ in range(times):
            with db.begin() as session:
                session.scalar(ONE)

    def reading(times: int) -> None:
        for _ in range(times):
            with db.read() as session:
                session.scalar(ONE)

    return {"sessionmaker.begin()": by_hand, "Database.begin()": in_scope, "Database.read()": reading}


def awaited_work(db: AsyncDatabase[AsyncScopeSession]) -> dict[str, Work]:
    """The same with asyncio."""
    factory = async_sessionmaker(db.engine)

    async def by_hand(times: int) -> None:
        for _ in range(times):
            async with factory.begin() as session:
                await session.scalar(ONE)

    async def in_scope(times: int) -> None:
        for _ in range(times):
            async with db.begin() as session:
                await session.scalar(ONE)

    async def reading(times: int) -> None:
        for _ in range(times):
            async with db.read() as session:
                await session.scalar(ONE)

    return {"async_sessionmaker.begin()": by_hand, "AsyncDatabase.begin()": in_scope, "AsyncDatabase.read()": reading}


def requests(app: FastAPI) -> Work:
    """A GET of an app, as a server makes it."""
    scope = {
        "type": "http", "method": "GET", "path": "/", "raw_path": b"/", "query_string": b"", "headers": [],
        "root_path": "", "http_version": "1.1",
    }  # fmt: skip

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:  # Any: a message of ASGI
        pass

    async def ask(times: int) -> None:
        for _ in range(times):
            await app(dict(scope), receive, send)

    return ask


async def nothing() -> PlainTextResponse:
    return PlainTextResponse("done")


def asking(dependency: Callable[..., object], *, uses: bool) -> Callable[..., Awaitable[PlainTextResponse]]:
    """An endpoint that asks for a session by that dependency, and sends a SELECT or not."""

    async def unused(session: Any = Depends(dependency)) -> PlainTextResponse:  # noqa: B008  # FastAPI's own way
        return PlainTextResponse("done")

    async def used(session: Any = Depends(dependency)) -> PlainTextResponse:  # noqa: B008  # FastAPI's own way
        return PlainTextResponse(await session.scalar(ONE))

    return used if uses else unused


def by_hand(dependency: Callable[..., object] | None, *, uses: bool) -> Work:
    """Requests of an app whose dependency is written by hand."""
    app = FastAPI()
    app.get("/")(nothing if dependency is None else asking(dependency, uses=uses))
    return requests(app)


def hosted(db: Lender[Any], *, uses: bool) -> Work:  # Any: a session of either kind
    """Requests of an app with a host."""
    app = FastAPI()
    app.get("/")(asking(attach(app, db).begin, uses=uses))
    return requests(app)


def unused_sessions(db: Database[ScopeSession], async_db: AsyncDatabase[AsyncScopeSession]) -> dict[str, Work]:
    """An endpoint that asks for a session and does not need it, such as one with an answer in its cache."""
    factory, async_factory = sessionmaker(db.engine), async_sessionmaker(async_db.engine)

    async def get_session() -> AsyncIterator[AsyncSession]:
        async with async_factory() as session:
            yield session

    def get_db() -> Iterator[Session]:
        with factory() as session:
            yield session

    return {
        "async get_session": by_hand(get_session, uses=False),
        "AsyncDatabase, host.begin": hosted(async_db, uses=False),
        "sync get_db": by_hand(get_db, uses=False),
        "Database, host.begin": hosted(db, uses=False),
    }


def used_sessions(async_db: AsyncDatabase[AsyncScopeSession]) -> dict[str, Work]:
    """An endpoint that sends one SELECT."""
    factory = async_sessionmaker(async_db.engine)

    async def get_session() -> AsyncIterator[AsyncSession]:
        async with factory.begin() as session:
            yield session

    return {
        "async get_session": by_hand(get_session, uses=True),
        "AsyncDatabase, host.begin": hosted(async_db, uses=True),
    }


async def medians(works: dict[str, Work], rounds: int, times: int, clock: Callable[[], float]) -> dict[str, float]:
    """How many microseconds each piece of work takes, the contenders in turns."""
    taken: dict[str, list[float]] = {name: [] for name in works}
    for turn in range(rounds + WARM):
        for name, work in works.items():
            gc.collect()
            start = clock()
            waited = work(times)
            if waited is not None:
                await waited
            if turn >= WARM:
                taken[name].append((clock() - start) * 1e6 / times)
    return {name: statistics.median(each) for name, each in taken.items()}


def tell_scopes(title: str, took: dict[str, float]) -> None:
    """Each time, as a ratio to the first."""
    usual = next(iter(took.values()))
    print(f"\n{title}")
    for name, each in took.items():
        print(f"  {name:28} {each:8.1f} µs  {each / usual:5.2f}×")


def tell_hosts(title: str, took: dict[str, float], pairs: dict[str, str]) -> None:
    """What each adds to a request without a session, as a ratio to what the one written by hand adds."""
    bare = took.pop("no session")
    print(f"\n{title}\n  {'no session':28} {bare:8.1f} µs")
    for name, each in took.items():
        ratio = f"  {(each - bare) / (took[pairs[name]] - bare):5.2f}× of {pairs[name]}" if name in pairs else ""
        print(f"  {name:28} {each:8.1f} µs, adds {each - bare:7.1f} µs{ratio}")


def fill(db: Database[ScopeSession]) -> None:
    """Ten orders."""
    Base.metadata.drop_all(db.engine)
    Base.metadata.create_all(db.engine)
    with db.begin() as session:
        session.add_all(Order(id=key, number=f"A-{key}") for key in range(1, 11))


async def run(
    options: argparse.Namespace, db: Database[ScopeSession], async_db: AsyncDatabase[AsyncScopeSession]
) -> None:
    """Time everything on a database that is filled."""
    clock = process_time if options.cpu else perf_counter
    bare = {"no session": by_hand(None, uses=False)}
    rounds = options.rounds
    print(f"{db.engine.dialect.name}, medians of {rounds} rounds")
    tell_scopes("a unit of work with one SELECT", await medians(plain_work(db), rounds, 200, clock))
    tell_scopes("the same with asyncio", await medians(awaited_work(async_db), rounds, 60, clock))
    pairs = {"AsyncDatabase, host.begin": "async get_session", "Database, host.begin": "sync get_db"}
    unused = await medians(bare | unused_sessions(db, async_db), rounds, 150, clock)
    tell_hosts("FastAPI, a session that is not used", unused, pairs)
    used = await medians(bare | used_sessions(async_db), rounds, 60, clock)
    tell_hosts("FastAPI, a session with one SELECT, committed", used, pairs)
    await async_db.dispose()


def main() -> None:
    """Time scopes and the host."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=25)
    parser.add_argument("--cpu", action="store_true", help="this process's own time, for a machine that is busy")
    parser.add_argument("--url", help="a database to use; its table bench_scopes is dropped and made anew")
    parser.add_argument("--async-url", help="the address of the same database with a driver for asyncio")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        db = Database(options.url or f"sqlite:///{folder}/bench.db", on_event_loop="allow")
        fill(db)
        asyncio.run(run(options, db, AsyncDatabase(options.async_url or f"sqlite+aiosqlite:///{folder}/bench.db")))
        Base.metadata.drop_all(db.engine)
        db.dispose()


if __name__ == "__main__":
    main()
