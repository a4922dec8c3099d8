"""A unit of work is kept whole or not at all, and what follows it happens when it is kept and only then."""

from __future__ import annotations

import pytest
from sqlalchemy import func, insert, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import close_all_sessions

from hermetic.errors import HooksFailed, PoisonedUnit, ScopeClosed, ScopeNested, ScopeOwned, SealedWrite
from tests.world import Customer, Order, Tag

from .twin import Twin


async def names(db: Twin) -> list[str]:
    async with db.read() as session:
        return list((await session.scalars(select(Customer.name).order_by(Customer.id))).all())


def customer(name: str) -> Customer:
    return Customer(name=name, email=f"{name.lower()}@shop.example")


async def test_a_unit_commits_at_its_end(db: Twin) -> None:
    """What was added is there for the next scope."""
    async with db.begin() as session:
        session.add(customer("Grace"))

    assert ["Ada", "Grace"] == await names(db)


async def test_an_exception_rolls_back(db: Twin) -> None:
    """Nothing of a unit is kept when an exception leaves it, and the exception goes on."""
    with pytest.raises(ZeroDivisionError):
        async with db.begin() as session:
            session.add(customer("Grace"))
            await session.flush()
            raise ZeroDivisionError

    assert ["Ada"] == await names(db)


async def test_a_unit_inside_of_a_unit_is_a_savepoint(db: Twin) -> None:
    """The inner one fails alone; it has the outer one's session."""
    async with db.begin() as session:
        session.add(customer("Grace"))
        with pytest.raises(IntegrityError):
            async with db.begin() as inner:
                inner.add(Customer(name="Eve", email="ada@shop.example"))
        session.add(customer("Edsger"))

    assert ["Ada", "Grace", "Edsger"] == await names(db)


async def test_an_outer_unit_takes_the_inner_one_along(db: Twin) -> None:
    """A savepoint that was released is lost with the unit around it."""
    with pytest.raises(ZeroDivisionError):
        async with db.begin():
            async with db.begin() as inner:
                inner.add(customer("Grace"))
            raise ZeroDivisionError

    assert ["Ada"] == await names(db)


@pytest.mark.parametrize("ending", ["commit", "rollback", "close"])
async def test_only_the_scope_ends_its_transaction(db: Twin, ending: str) -> None:
    """commit(), rollback() and close() are refused inside, so a half cannot be kept; the unit may go on."""
    async with db.begin() as session:
        session.add(customer("Grace"))
        with pytest.raises(ScopeOwned, match=rf"\.py:\d+: {ending}\(\) inside of begin"):
            await getattr(session, ending)()

    assert ["Ada", "Grace"] == await names(db)


async def test_a_session_is_of_no_use_after_its_scope(db: Twin) -> None:
    """Whatever is asked of it is refused, and the message tells where it was opened."""
    async with db.begin() as session:
        pass

    for name, argument in (("execute", text("SELECT 1")), ("get", Order), ("scalars", select(Order))):
        with pytest.raises(ScopeClosed, match=r"begin\(\) at tests/scopes/\w+.py:\d+, which has ended"):
            await getattr(session, name)(argument, *([1] if name == "get" else []))
    with pytest.raises(ScopeClosed):
        session.add(customer("Grace"))

    assert ["Ada"] == await names(db)


async def test_all_sessions_can_be_closed(db: Twin) -> None:
    """SQLAlchemy's close_all_sessions(), which suites call at their end, leaves what is sealed readable and sealed."""
    async with db.begin() as session:
        kept = await session.get(Order, 1)
    close_all_sessions()

    with pytest.raises(SealedWrite):
        kept.total = 1
    with pytest.raises(ScopeClosed, match=r"commit\(\) on the session of begin"):
        await session.commit()

    assert 35 == kept.total


async def test_a_swallowed_failure_of_a_flush_is_told(db: Twin) -> None:
    """The unit cannot be kept any more, and says so instead of keeping nothing in silence."""
    with pytest.raises(PoisonedUnit, match="IntegrityError"):
        async with db.begin() as session:
            session.add(customer("Grace"))
            session.add(Customer(name="Eve", email="ada@shop.example"))
            with pytest.raises(IntegrityError):
                await session.flush()

    assert ["Ada"] == await names(db)


async def test_a_swallowed_failure_of_a_statement_is_told_where_it_ends_the_transaction(db: Twin) -> None:
    """PostgreSQL makes such a commit a rollback without a word; SQLite undoes the statement alone."""
    twice = insert(Customer).values(name="Eve", email="ada@shop.example")

    async def swallow() -> None:
        async with db.begin() as session:
            session.add(customer("Grace"))
            await session.flush()
            with pytest.raises(IntegrityError):
                await session.execute(twice)

    if db.dialect == "postgresql":
        with pytest.raises(PoisonedUnit, match="IntegrityError"):
            await swallow()
        expected = ["Ada"]
    else:
        await swallow()
        expected = ["Ada", "Grace"]

    assert expected == await names(db)


async def test_a_savepoint_takes_the_failure(db: Twin) -> None:
    """The cured form: what may fail stands in a begin() of its own, and the rest is kept on every database."""
    async with db.begin() as session:
        session.add(customer("Grace"))
        with pytest.raises(IntegrityError):
            async with db.begin():
                await session.execute(insert(Customer).values(name="Eve", email="ada@shop.example"))

    assert ["Ada", "Grace"] == await names(db)


async def test_what_follows_the_commit_follows_it(db: Twin) -> None:
    """A hook runs after the commit, in the order of asking, and sees what was kept."""
    seen: list[object] = []

    async with db.begin() as session:
        session.after_commit(seen.append, "first")
        session.after_commit(seen.append, "second")
        seen.append("still inside")

    assert ["still inside", "first", "second"] == seen


async def test_what_follows_a_commit_does_not_follow_a_rollback(db: Twin) -> None:
    """Neither of the unit, nor of the savepoint in which it was asked for."""
    seen: list[object] = []
    with pytest.raises(ZeroDivisionError):
        async with db.begin() as session:
            session.after_commit(seen.append, "rolled back")
            raise ZeroDivisionError
    async with db.begin() as session:
        with pytest.raises(ZeroDivisionError):
            async with db.begin():
                session.after_commit(seen.append, "back to the savepoint")
                raise ZeroDivisionError
        session.after_commit(seen.append, "kept")

    assert ["kept"] == seen


async def test_a_failing_hook_does_not_undo_the_work(db: Twin) -> None:
    """The error says that the work is kept; the other hooks run."""
    seen: list[object] = []

    def fail() -> None:
        raise ZeroDivisionError("no mail today")

    with pytest.raises(HooksFailed, match="is committed, but of what was to follow it 1 failed"):
        async with db.begin() as session:
            session.add(customer("Grace"))
            session.after_commit(fail)
            session.after_commit(seen.append, "the other")

    assert (["Ada", "Grace"], ["the other"]) == (await names(db), seen)


async def test_a_unit_cannot_begin_where_nothing_can_be_written(db: Twin) -> None:
    """begin() inside of read() would write in a transaction that cannot."""
    with pytest.raises(ScopeNested, match=r"begin\(\) inside of read\(\)"):
        async with db.read(), db.begin():
            pass

    assert ["Ada"] == await names(db)


async def test_reading_inside_of_a_unit_sees_its_work(db: Twin) -> None:
    """read() inside of begin() has the same session, and its own writes are refused."""
    async with db.begin() as session:
        session.add(Tag(id=7, label="new"))
        async with db.read() as inner:
            count = await inner.scalar(select(func.count()).select_from(Tag).where(Tag.id == 7))

    assert 1 == count
