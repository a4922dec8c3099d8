"""A database for each test, behind both kinds of session."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import Session

from .bazaar import Base, stock


@dataclass
class Bazaar:
    """A filled database; `run` calls a verb of projections on a plain session, or awaits it on an asyncio one."""

    url: str
    async_url: str
    is_async: bool
    statements: list[str] = field(default_factory=list)

    def run(self, verb: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        """What the verb gives for these arguments, in a session of its own."""
        if self.is_async:
            return asyncio.run(self.awaited(verb, *arguments, **options))
        with self.session() as session:
            return verb(session, *arguments, **options)

    async def awaited(self, verb: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        engine = create_async_engine(self.async_url)
        self.listen(engine.sync_engine)
        try:
            async with AsyncSession(engine) as session:
                return await verb(session, *arguments, **options)
        finally:
            await engine.dispose()

    @contextmanager
    def session(self) -> Iterator[Session]:
        """A plain session on the same database."""
        engine = create_engine(self.url)
        self.listen(engine)
        try:
            with Session(engine) as session:
                yield session
        finally:
            engine.dispose()

    def listen(self, engine: Engine) -> None:
        @event.listens_for(engine, "before_cursor_execute")
        def note(*arguments: Any) -> None:
            self.statements.append(arguments[2])


def filled(folder: Path, is_async: bool) -> Bazaar:
    file = folder / "bazaar.db"
    return stocked(Bazaar(f"sqlite:///{file}", f"sqlite+aiosqlite:///{file}", is_async))


def stocked(bazaar: Bazaar) -> Bazaar:
    with bazaar.session() as session:
        Base.metadata.drop_all(session.connection())
        Base.metadata.create_all(session.connection())
        stock(session)
    bazaar.statements.clear()
    return bazaar


@pytest.fixture(params=[False, True], ids=["sync", "async"])
def bazaar(tmp_path: Path, request: pytest.FixtureRequest) -> Bazaar:
    """The bazaar behind a Session, then behind an AsyncSession."""
    return filled(tmp_path, request.param)


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    """A plain session on the bazaar, where the kind of session is not what the test is about."""
    with filled(tmp_path, False).session() as session:
        yield session


@pytest.fixture(params=[False, True], ids=["psycopg", "asyncpg"])
def postgres_bazaar(postgres: str, request: pytest.FixtureRequest) -> Bazaar:
    """The bazaar in PostgreSQL, behind a Session, then behind an AsyncSession."""
    return stocked(Bazaar(f"postgresql+psycopg:{postgres}", f"postgresql+asyncpg:{postgres}", request.param))
