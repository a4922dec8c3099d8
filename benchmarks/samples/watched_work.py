"""The work whose price is measured with and without a watcher, run as one process: `watched_work VARIANT BLOCKS`."""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from importlib import import_module
from pathlib import Path
from time import process_time
from typing import Any

import sqlalchemy
from fastapi import Depends, FastAPI
from pydantic import BaseModel, ConfigDict
from sqlalchemy import Engine, ForeignKey, event, select, text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship, selectinload, sessionmaker

BLOCK_S = 0.02
"""So much processor time a block takes at least."""


class Base(DeclarativeBase):
    pass


class Author(Base):
    __tablename__ = "authors"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    email: Mapped[str]
    born: Mapped[int]
    books: Mapped[list[Book]] = relationship(back_populates="author")


class Book(Base):
    __tablename__ = "books"

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str]
    year: Mapped[int]
    pages: Mapped[int]
    author_id: Mapped[int] = mapped_column(ForeignKey("authors.id"), index=True)
    author: Mapped[Author] = relationship(back_populates="books")


class AuthorRead(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: int
    name: str
    email: str
    born: int


Work = Callable[[int], None]
"""Does something so many times."""


class Shop:
    """The sessions that the works use."""

    def __init__(self, engine: Engine, aengine: AsyncEngine) -> None:
        self.sessions = sessionmaker(engine)
        self.asessions = async_sessionmaker(aengine, expire_on_commit=False)
        self.runner = asyncio.Runner()

    def get_session(self) -> Iterator[Session]:
        with self.sessions() as session:
            yield session

    async def get_asession(self) -> AsyncIterator[AsyncSession]:
        async with self.asessions() as session:
            yield session

    def trivial(self, times: int) -> None:
        for _ in range(times):
            with self.sessions() as session:
                session.execute(text("select 1"))

    def rows(self, times: int) -> None:
        for _ in range(times):
            with self.sessions() as session:
                session.scalars(select(Author)).all()

    def selectin(self, times: int) -> None:
        for _ in range(times):
            with self.sessions() as session:
                session.scalars(select(Author).options(selectinload(Author.books))).all()

    def lazily(self, times: int) -> None:
        for _ in range(times):
            with self.sessions() as session:
                for author in session.scalars(select(Author)).all():
                    len(author.books)

    def updates(self, times: int) -> None:
        for turn in range(times):
            with self.sessions() as session:
                for author in session.scalars(select(Author).where(Author.id <= 5)):
                    author.born = (author.born + turn) % 2000 + 1
                session.commit()

    def request(self, app: FastAPI, times: int) -> None:
        self.runner.run(ask(app, times))


async def ask(app: FastAPI, times: int) -> None:
    """Send requests straight to an application, without a server or a client whose time would count."""
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "scheme": "http",
        "path": "/authors", "raw_path": b"/authors", "query_string": b"", "root_path": "", "headers": [],
        "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80),
    }  # fmt: skip
    statuses: list[int] = []

    # Any: messages of ASGI.
    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    for _ in range(times):
        await app(dict(scope), receive, send)
    if statuses != [200] * times:
        raise SystemExit(f"a request was answered with {set(statuses)}")


def served(shop: Shop) -> tuple[FastAPI, FastAPI]:
    """One endpoint, synchronous and asynchronous: two queries, fifty objects, a response model."""
    app, aapp = FastAPI(), FastAPI()
    reading, areading = Depends(shop.get_session), Depends(shop.get_asession)

    @app.get("/authors", response_model=list[AuthorRead])
    def authors(session: Session = reading) -> object:
        session.scalars(select(Book.id).where(Book.id == 1)).one()
        return session.scalars(select(Author).order_by(Author.id)).all()

    @aapp.get("/authors", response_model=list[AuthorRead])
    async def aauthors(session: AsyncSession = areading) -> object:
        (await session.scalars(select(Book.id).where(Book.id == 1))).one()
        return (await session.scalars(select(Author).order_by(Author.id))).all()

    return app, aapp


def works(shop: Shop) -> dict[str, Work]:
    """Everything that is measured, by the name it has in the table."""
    app, aapp = served(shop)
    return {
        "session + 1 trivial statement": shop.trivial,
        "50 ORM rows": shop.rows,
        "50 rows + selectin 150": shop.selectin,
        "50 lazy loads (N+1)": shop.lazily,
        "5 updates + commit": shop.updates,
        "FastAPI, sync endpoint": lambda times: shop.request(app, times),
        "FastAPI, async, aiosqlite": lambda times: shop.request(aapp, times),
    }


def fill(engine: Engine) -> None:
    """Fifty authors with three books each."""
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        for key in range(1, 51):
            books = [Book(title=f"book {key} {place}", year=1990 + place, pages=key * 7) for place in range(3)]
            session.add(Author(id=key, name=f"author {key}", email=f"{key}@example.org", born=1900 + key, books=books))
        session.commit()


def unsynchronized(engine: Engine) -> None:
    """Let commits not wait for the disk, which is no part of what is measured."""

    @event.listens_for(engine, "connect")
    # Any: a connection of any driver.
    def connected(connection: Any, _record: object) -> None:
        connection.execute("PRAGMA synchronous=OFF")


def unwatched(engines: list[Engine]) -> Callable[[], object]:
    """Nothing is switched on."""
    return list


def count(engines: list[Engine]) -> Callable[[], object]:
    """Hermetic, counting findings."""
    import hermetic

    hermetic.watch(mode="count")
    return list


def stories(engines: list[Engine]) -> Callable[[], object]:
    """Hermetic, writing findings to the log and handing each with its story to an exporter."""
    import hermetic

    logging.getLogger("hermetic").addHandler(logging.StreamHandler(open(os.devnull, "w", encoding="utf-8")))  # noqa: SIM115
    logging.getLogger("hermetic").propagate = False
    hermetic.watch(mode="log", exporters=[lambda seen: repr(seen.finding.story)])
    return list


def off_again(engines: list[Engine]) -> Callable[[], object]:
    """Hermetic, switched on, used and switched off."""
    import hermetic

    with hermetic.watch(mode="count"), Session(engines[0]) as session:
        session.scalars(select(Author)).all()
    return list


def opentelemetry(engines: list[Engine]) -> Callable[[], object]:
    """Spans of statements, made and thrown away."""
    from opentelemetry.instrumentation.dependencies import get_dependency_conflicts
    from opentelemetry.instrumentation.sqlalchemy import SQLAlchemyInstrumentor
    from opentelemetry.sdk.trace import TracerProvider

    instrumentor = SQLAlchemyInstrumentor()
    conflict = get_dependency_conflicts(instrumentor.instrumentation_dependencies())
    if conflict is not None:
        raise Refused(f"it wants {conflict.required}, and this is {conflict.found}")
    instrumentor.instrument(engines=engines, tracer_provider=TracerProvider())
    return list


def sqltap(engines: list[Engine]) -> Callable[[], object]:
    """Statements with their stacks; what it keeps is taken away after each block."""
    # Any: it has no types.
    tap: Any = import_module("sqltap")
    profilers = [tap.start(engine) for engine in engines]
    return lambda: [profiler.collect() for profiler in profilers]


VARIANTS = {each.__name__: each for each in (unwatched, count, stories, off_again, opentelemetry, sqltap)}


class Refused(Exception):
    """A watcher does not work with this version of SQLAlchemy."""


def block(work: Work, times: int) -> float:
    """Processor seconds for so many times; other threads of this process count."""
    gc.collect()
    start = process_time()
    work(times)
    return process_time() - start


def times_for(work: Work) -> int:
    """How many times make a block."""
    work(3)
    times = 1
    while (took_s := block(work, times)) < BLOCK_S:
        times = max(times + 1, int(times * min(10.0, 1.1 * BLOCK_S / max(took_s, 1e-6))))
    return times


def measure(variant: str, blocks: int) -> dict[str, float]:
    """Microseconds for each work, once: the least of the blocks."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "shop.db"
        engine, aengine = (
            sqlalchemy.create_engine(f"sqlite:///{file}"),
            create_async_engine(f"sqlite+aiosqlite:///{file}"),
        )
        unsynchronized(engine)
        fill(engine)
        shop = Shop(engine, aengine)
        after_block = VARIANTS[variant]([engine, aengine.sync_engine])
        taken: dict[str, list[float]] = {}
        todo = works(shop)
        times = {name: times_for(work) for name, work in todo.items()}
        for _ in range(blocks):
            for name, work in todo.items():
                taken.setdefault(name, []).append(block(work, times[name]) / times[name] * 1e6)
                after_block()
        shop.runner.run(aengine.dispose())
        shop.runner.close()
        engine.dispose()
    return {name: min(each) for name, each in taken.items()}


def main() -> None:
    """Print what one variant takes, or why it is off, as JSON."""
    told: dict[str, object] = {"sqlalchemy": sqlalchemy.__version__}
    try:
        told["took"] = measure(sys.argv[1], int(sys.argv[2]))
    except Refused as refused:
        told["off"] = str(refused)
    except ModuleNotFoundError as error:
        told["off"] = f"{error.name} is not installed"
    print(json.dumps(told))


if __name__ == "__main__":
    main()
