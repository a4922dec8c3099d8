"""The main facts of a session's life, each lived by SQLAlchemy and by the model."""

from __future__ import annotations

import asyncio
import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from sqlalchemy import select

from hermetic._lifecycle import records
from hermetic._lifecycle.model import Lifecycle
from hermetic._lifecycle.schema import LoaderOption

from .database import Database
from .library import Person
from .operations import primary_key
from .options import real_options
from .pair import Pair, agree
from .prove import LINE
from .seen import Move, Query
from .sequences import run_plainly

Act = Callable[[Pair], Move]

both = pytest.mark.parametrize("is_async", [False, True], ids=["Session", "AsyncSession"])
pytestmark = [
    pytest.mark.filterwarnings("ignore:coroutine .* was never awaited:RuntimeWarning"),
    pytest.mark.usefixtures("swept"),
]


def opened(**options: bool) -> Act:
    def act(pair: Pair) -> Move:
        pair.session_key = "session"
        pair.opened(pair.database.session(**options))
        record = records.SessionOpened(session="session", is_async=pair.database.is_async, bound=True, **options)
        return Move(record, lambda: None)

    return act


def loaded(*options: LoaderOption) -> Act:
    """Ada, the first person, by a query with these options."""

    def act(pair: Pair) -> Move:
        statement = select(Person).where(Person.id == 1).options(*real_options("Person", options))

        async def run() -> Any:
            result = pair.session.scalars(statement)
            return ((await result) if pair.database.is_async else result).unique().all()

        def told(found: list[Any]) -> None:
            pair.tell_row("Person", primary_key(found[0]), options, Query(via=()))

        return Move(records.Executed(session="session"), run, told)

    return act


def ada(pair: Pair) -> Any:
    return next(one for one in pair.objects.values() if isinstance(one, Person))


def read(name: str) -> Act:
    def act(pair: Pair) -> Move:
        return Move(
            records.AttributeRead(instance=pair.keys[id(ada(pair))], attribute=name), partial(getattr, ada(pair), name)
        )

    return act


def wrote(name: str, value: object, *, refused: bool = False) -> Act:
    def act(pair: Pair) -> Move:
        record = records.AttributeWritten(instance=pair.keys[id(ada(pair))], attribute=name, refused=refused)
        return Move(record, partial(setattr, ada(pair), name, value))

    return act


def did(record: type[Any], method: str) -> Act:
    """An operation of the session, or of the session on Ada."""

    def act(pair: Pair) -> Move:
        call = getattr(pair.session, method)
        if not issubclass(record, records.InstanceRecord) and method != "expunge":
            return Move(record(session="session"), call)
        return Move(record(session="session", instance=pair.keys[id(ada(pair))]), partial(call, ada(pair)))

    return act


committed = did(records.Committed, "commit")
rolled_back = did(records.RolledBack, "rollback")
flushed = did(records.Flushed, "flush")
closed = did(records.SessionClosed, "close")
refreshed = did(records.Refreshed, "refresh")
expunged = did(records.Expunged, "expunge")
deleted = did(records.Deleted, "delete")


def life(is_async: bool, *acts: Act) -> str:
    """What SQLAlchemy did at the last of some steps; the model agrees at each of them."""
    database = Database(is_async=is_async)

    async def run() -> str:
        await database.open()
        await database.reset()
        pair = Pair(database, lambda: Lifecycle(LINE))
        try:
            for act in acts:
                move = act(pair)
                said, seen = await pair.take(move)
                assert agree(said, seen), f"{move.record}: the model says {said}, SQLAlchemy {seen}"
                assert [] == pair.differences(said)
            return said.effect if said.effect == "loses-write" else seen.told()
        finally:
            await pair.end()
            await database.close()

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        return asyncio.run(run()) if is_async else run_plainly(run())


def waits(is_async: bool) -> str:
    """What an attribute does that needs the database: a query, or under an AsyncSession an error by its code."""
    return ("StatementError xd2s" if LINE == "2.1" else "MissingGreenlet xd2s") if is_async else "emits-sql"


@both
def test_loaded_column_outlives_its_session(is_async: bool) -> None:
    """A loaded column stays readable after the session closed, when no commit expired it."""
    assert "fine" == life(is_async, opened(), loaded(), closed, read("name"))


@both
def test_commit_expires(is_async: bool) -> None:
    """After a commit, reading a column asks the database again."""
    assert waits(is_async) == life(is_async, opened(), loaded(), committed, read("name"))


@both
def test_expired_column_is_lost_with_its_session(is_async: bool) -> None:
    """An expired column read after the session closed raises bhk3."""
    assert "DetachedInstanceError bhk3" == life(is_async, opened(), loaded(), committed, closed, read("name"))


@both
def test_commit_without_expiry_keeps_columns(is_async: bool) -> None:
    """Under `expire_on_commit=False` a column stays loaded over a commit."""
    assert "fine" == life(is_async, opened(expire_on_commit=False), loaded(), committed, read("name"))


@both
def test_rollback_expires_whatever_the_option_says(is_async: bool) -> None:
    """`expire_on_commit=False` does not protect against a rollback."""
    assert waits(is_async) == life(is_async, opened(expire_on_commit=False), loaded(), rolled_back, read("name"))


@both
def test_lazy_relationship(is_async: bool) -> None:
    """A relationship that the query did not load is loaded when it is read."""
    assert waits(is_async) == life(is_async, opened(), loaded(), read("books"))


@both
def test_eager_relationship(is_async: bool) -> None:
    """A relationship that the query loaded stays readable after the session closed."""
    assert "fine" == life(is_async, opened(), loaded(LoaderOption("selectinload", ("books",))), closed, read("books"))


@both
def test_lazy_relationship_of_a_detached_instance(is_async: bool) -> None:
    """A relationship that was not loaded raises bhk3 once the session closed."""
    assert "DetachedInstanceError bhk3" == life(is_async, opened(), loaded(), closed, read("books"))


@both
def test_deferred_column_of_a_detached_instance(is_async: bool) -> None:
    """A deferred column that was not loaded raises bhk3 once the session closed."""
    assert "DetachedInstanceError bhk3" == life(is_async, opened(), loaded(), closed, read("notes"))


@both
def test_raiseload(is_async: bool) -> None:
    """`raiseload` raises an InvalidRequestError without a code."""
    option = LoaderOption("raiseload", ("books",))

    assert "InvalidRequestError" == life(is_async, opened(), loaded(option), read("books"))


@both
def test_raiseload_is_forgotten_by_expiry(is_async: bool) -> None:
    """A relationship under `raiseload` is loaded like any other when it is read first after a commit."""
    option = LoaderOption("raiseload", ("books",))

    assert waits(is_async) == life(is_async, opened(), loaded(option), committed, read("books"))


def test_refresh_drops_a_lazy_collection() -> None:
    """`refresh()` forgets a collection that was loaded lazily."""
    assert "emits-sql" == life(False, opened(), loaded(), read("books"), refreshed, read("books"))


@both
def test_refresh_drops_unsaved_writes(is_async: bool) -> None:
    """`refresh()` forgets an unsaved write before the autoflush could save it."""
    assert "fine" == life(is_async, opened(), loaded(), wrote("name", "new"), refreshed, flushed)


@both
def test_failed_flush_stops_the_session(is_async: bool) -> None:
    """After a failed flush every use raises 7s2a until a rollback."""
    refused = wrote("points", -1, refused=True)

    assert "IntegrityError gkpj" == life(is_async, opened(), loaded(), refused, flushed)
    assert "PendingRollbackError 7s2a" == life(is_async, opened(), loaded(), refused, flushed, loaded())
    assert "PendingRollbackError 7s2a" == life(is_async, opened(), loaded(), refused, flushed, read("name"))
    assert "emits-sql" == life(is_async, opened(), loaded(), refused, flushed, rolled_back, loaded())


@both
def test_failed_commit_stops_the_session(is_async: bool) -> None:
    """After a failed commit, too, every use raises 7s2a until a rollback."""
    refused = wrote("points", -1, refused=True)

    assert "PendingRollbackError 7s2a" == life(is_async, opened(), loaded(), refused, committed, read("name"))


def test_lazy_load_with_unsaved_writes_ruins_an_async_session() -> None:
    """Under an AsyncSession a lazy load that first has to flush fails the flush: the writes are gone, the session stops."""
    steps = (opened(), loaded(), wrote("name", "new"), read("books"))

    assert life(True, *steps).endswith("xd2s")
    assert "PendingRollbackError 7s2a" == life(True, *steps, loaded())


@both
def test_close_loses_what_no_commit_saved(is_async: bool) -> None:
    """Closing a session loses its unsaved and its flushed writes without a word."""
    assert "loses-write" == life(is_async, opened(), loaded(), wrote("name", "new"), closed)
    assert "loses-write" == life(is_async, opened(), loaded(), wrote("name", "new"), flushed, closed)
    assert "loses-write" == life(is_async, opened(), loaded(), deleted, flushed, closed)
    assert "fine" == life(is_async, opened(), loaded(), wrote("name", "new"), committed, closed)


@both
def test_write_to_a_detached_instance_is_lost(is_async: bool) -> None:
    """SQLAlchemy says nothing when a detached instance is changed."""
    assert "loses-write" == life(is_async, opened(), loaded(), closed, wrote("name", "new"))


@both
def test_expunge_loses_an_unsaved_write(is_async: bool) -> None:
    """Expunging an instance before the flush loses its writes."""
    assert "loses-write" == life(is_async, opened(), loaded(), wrote("name", "new"), expunged)


@both
def test_onupdate_column_expires_at_the_flush(is_async: bool) -> None:
    """A column that the database computes in an UPDATE is expired by the flush."""
    assert waits(is_async) == life(is_async, opened(), loaded(), wrote("name", "new"), flushed, read("edited"))


def test_autoflush_inside_a_refresh_hides_an_onupdate_column() -> None:
    """When the read of an expired column autoflushes, what that UPDATE computes reads as None afterwards, unasked."""
    expired = did(records.Expired, "expire_all")

    assert "fine" == life(False, opened(), loaded(), expired, wrote("name", "new"), read("points"), read("edited"))


@both
def test_session_is_used_again_after_close(is_async: bool) -> None:
    """A closed session starts anew when it is used again."""
    assert "emits-sql" == life(is_async, opened(), loaded(), closed, loaded())
