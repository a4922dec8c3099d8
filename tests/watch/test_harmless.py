"""A watched program behaves as it does unwatched, also where SQLAlchemy's own tests look closer than people do."""

from __future__ import annotations

from contextlib import nullcontext
from types import ModuleType
from unittest.mock import Mock

import pytest
from greenlet import greenlet
from sqlalchemy import Column, Integer, MetaData, String, Table, create_engine, event, insert, inspect
from sqlalchemy.engine import Engine
from sqlalchemy.exc import InvalidRequestError, NoResultFound
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, close_all_sessions, mapped_column, registry, relationship
from sqlalchemy.orm.exc import DetachedInstanceError, UnmappedInstanceError

from hermetic._watch import Watch
from hermetic._watch.sqlalchemy.picture import instance_of
from tests.watch.conftest import watched
from tests.watch.harmless import SLICE, UNREACHED, Part, compare, source


def test_a_connections_info_is_the_users(shop: ModuleType, watch: Watch) -> None:
    """What the watcher remembers of a connection is not in `Connection.info`, in the middle of a transaction neither."""
    with shop.SessionLocal() as session:
        info = session.connection().info

        assert {} == info
        assert "connection" in {each.kind for each in watch.open()}


@pytest.mark.parametrize("error", [InvalidRequestError, NoResultFound, DetachedInstanceError])
def test_an_error_without_a_caller(watch: Watch, error: type[Exception]) -> None:
    """An error can be made by compiled code on the bottom of a greenlet, where no frame of Python is around it."""
    made = greenlet(error).switch("as it is")

    assert (error, ("as it is",)) == (type(made), made.args)


def test_sessions_die_while_all_are_closed(shop: ModuleType, watch: Watch) -> None:
    """A session may be collected while close_all_sessions() goes through them all, and those after it be looked at."""
    first, second, third = (shop.SessionLocal() for _ in range(3))
    doomed = [shop.SessionLocal()]
    first.begin()
    event.listen(first, "after_transaction_end", lambda *_: doomed.clear())
    tag = shop.Tag(label="unsaved")
    second.add(tag)
    close_all_sessions()

    assert ([], "transient") == (doomed, instance_of(inspect(tag), None, None).status)
    assert "lost-write" in {each.finding.slug for each in watch.findings()}
    third.close()


def test_a_session_is_closed_after_its_mappers_are_gone(watch: Watch) -> None:
    """What has no mapper any more is no lost write, and nothing of ours fails over it."""

    class Author:
        pass

    mappings, metadata, engine = registry(), MetaData(), create_engine("sqlite://")
    authors = Table("authors", metadata, Column("id", Integer, primary_key=True), Column("name", String))
    mappings.map_imperatively(Author, authors)
    metadata.create_all(engine)
    with Session(engine) as session:
        session.execute(insert(authors).values(id=1, name="Ada"))
        session.commit()
        session.get_one(Author, 1).name = "Grace"
        session.delete(session.get_one(Author, 1))
        mappings.dispose()

    assert {} == watch.failures


def test_an_engine_of_mocks(watch: Watch) -> None:
    """An engine whose parts are mocks is none to be watched; nothing of ours fails over it, and so nothing is taken off."""
    engine = Engine(Mock(), Mock(), Mock())

    assert ([], {}) == ([each.kind for each in watch.open()], watch.failures)
    del engine


@pytest.mark.parametrize("is_watched", [False, True], ids=["unwatched", "watched"])
def test_a_merge_is_refused_in_its_own_words(is_watched: bool) -> None:
    """What is merged is looked at only afterwards: a look at the mapper would configure it, and fail in other words."""

    class Base(DeclarativeBase):
        pass

    class Author(Base):
        __tablename__ = "authors"

        id: Mapped[int] = mapped_column(primary_key=True)
        books = relationship("Misspelt")

    with watched() if is_watched else nullcontext(), Session() as session:
        with pytest.raises(UnmappedInstanceError):
            session.merge(Author)
        with pytest.raises(InvalidRequestError, match=r"^When initializing mapper"):
            session.merge(Author.__new__(Author))
    Base.registry.dispose()


@pytest.mark.parametrize("part", SLICE, ids=[part.database for part in SLICE])
def test_sqlalchemys_own_tests(part: Part) -> None:
    """SQLAlchemy's own tests end as they do unwatched; here a slice of them, `make harmless` runs them all."""
    sources = source()
    if sources is None:
        pytest.skip(UNREACHED)
    compared = compare(sources, part)

    assert compared.is_harmless, "\n".join(compared.lines())
