"""What PostgreSQL does with a transaction in which an error was swallowed, and that watching tells it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest
from sqlalchemy import Engine, Integer, create_engine, func, insert, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from hermetic._watch import Watch

from .conftest import told

Work = Callable[[Session], object]


class Base(DeclarativeBase): ...


class Tag(Base):
    __tablename__ = "watched_tags"
    id: Mapped[int] = mapped_column(Integer, primary_key=True)


@pytest.fixture
def engine(postgres: str) -> Iterator[Engine]:
    """A database with an empty table."""
    engine = create_engine(f"postgresql+psycopg:{postgres}")
    Base.metadata.drop_all(engine)
    Base.metadata.create_all(engine)
    yield engine
    engine.dispose()


@pytest.fixture(params=["psycopg", "psycopg async", "asyncpg"])
def work(request: pytest.FixtureRequest, engine: Engine, postgres: str) -> Callable[[Work], None]:
    """Runs work with a session of its own, and closes the session after it."""
    driver, _, _ = request.param.partition(" ")

    def synchronous(work: Work) -> None:
        with Session(engine) as session:
            work(session)

    async def awaited(work: Work) -> None:
        on_loop = create_async_engine(f"postgresql+{driver}:{postgres}")
        try:
            async with AsyncSession(on_loop) as session:
                await session.run_sync(work)
        finally:
            await on_loop.dispose()

    def asynchronous(work: Work) -> None:
        asyncio.run(awaited(work))

    return synchronous if request.param == "psycopg" else asynchronous


def stored(engine: Engine) -> int:
    with Session(engine) as session:
        return session.scalars(select(func.count()).select_from(Tag)).one()


def test_a_swallowed_error_costs_the_transaction(engine: Engine, work: Callable[[Work], None], watch: Watch) -> None:
    """The commit raises nothing and stores nothing; it is told, with the statement that was refused."""

    def tag(session: Session) -> None:
        session.add(Tag(id=1))
        session.flush()
        with suppress(DBAPIError):
            session.execute(text("select 1 / 0"))
        session.commit()

    work(tag)

    assert 0 == stored(engine)
    assert [("poisoned-session", "session.commit()", "error")] == told(watch)
    assert 'session.execute(text("select 1 / 0"))' == watch.findings()[0].finding.story[0].source


def test_a_savepoint_keeps_the_transaction(engine: Engine, work: Callable[[Work], None], watch: Watch) -> None:
    """What is refused inside of a savepoint is undone with it, and the commit stores the rest."""

    def tag(session: Session) -> None:
        session.add(Tag(id=1))
        session.flush()
        with suppress(DBAPIError), session.begin_nested():
            session.execute(text("select 1 / 0"))
        session.commit()

    work(tag)

    assert 1 == stored(engine)
    assert [] == told(watch)


def test_a_statement_that_commits_itself_costs_nothing(
    engine: Engine, work: Callable[[Work], None], watch: Watch
) -> None:
    """Where each statement is a transaction of its own, a refused one takes no other with it."""

    def tag(session: Session) -> None:
        session.connection(execution_options={"isolation_level": "AUTOCOMMIT"})
        session.execute(insert(Tag).values(id=1))
        with suppress(DBAPIError):
            session.execute(text("select 1 / 0"))
        session.commit()

    work(tag)

    assert 1 == stored(engine)
    assert [] == told(watch)


def test_a_rollback_begins_anew(engine: Engine, work: Callable[[Work], None], watch: Watch) -> None:
    """After a rollback there is nothing to lose, and the session stores again."""

    def tag(session: Session) -> None:
        with suppress(DBAPIError):
            session.execute(text("select 1 / 0"))
        session.rollback()
        session.add(Tag(id=1))
        session.commit()

    work(tag)

    assert 1 == stored(engine)
    assert [] == told(watch)


def test_a_flush_that_was_refused(engine: Engine, work: Callable[[Work], None], watch: Watch) -> None:
    """A failed flush is another matter: SQLAlchemy refuses to commit, and says why."""
    work(lambda session: (session.add(Tag(id=1)), session.commit()))

    def again(session: Session) -> None:
        session.add(Tag(id=1))
        with suppress(DBAPIError):
            session.flush()
        session.commit()

    with pytest.raises(Exception, match="rolled back due to a previous exception"):
        work(again)

    assert [("poisoned-session", "session.commit()", "error")] == told(watch)
