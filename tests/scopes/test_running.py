"""run() repeats what may be repeated, and with a key does it exactly once."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from sqlalchemy import func, insert, select
from sqlalchemy.exc import DBAPIError, IntegrityError

from hermetic.errors import BadDatabase, ScopeNested
from tests.world import Customer, Order

from .twin import Twin


def sqlstate(code: str) -> Exception:
    """The error of a server with that SQLSTATE."""
    original = Exception("the server said so")
    original.sqlstate = code  # type: ignore[attr-defined]  # as drivers do
    return DBAPIError("UPDATE orders", {}, original)


async def count(db: Twin) -> int:
    async with db.read() as session:
        number: int = await session.scalar(select(func.count()).select_from(Customer))
        return number


@pytest.mark.parametrize("code", ["40001", "40P01", "55P03", "57P01", "08006"])
async def test_work_is_tried_again(db: Twin, code: str) -> None:
    """After a serialization failure, a deadlock, a lock not had, a lost connection: with a fresh session each time."""
    sessions: list[object] = []

    async def work(session: Any, name: str) -> str:
        session.add(Customer(name=name, email=name))
        await session.flush()
        sessions.append(session)
        if len(sessions) < 3:
            raise sqlstate(code)
        return name

    given = await db.run(work, "Grace", first_delay_s=0)

    assert ("Grace", 3, 2) == (given, len(set(map(id, sessions))), await count(db))


@pytest.mark.parametrize("failure", [ZeroDivisionError(), sqlstate("23505"), sqlstate("42601")])
async def test_what_would_fail_again_is_not_repeated(db: Twin, failure: Exception) -> None:
    """An error of the program, a violated constraint, a statement that is wrong."""
    tries: list[int] = []

    async def work(_session: Any) -> None:
        tries.append(1)
        raise failure

    with pytest.raises(type(failure)):
        await db.run(work, first_delay_s=0)

    assert [1] == tries


async def test_the_last_error_is_told(db: Twin) -> None:
    """When no try is left, what the last one met is raised as it was."""
    tries: list[int] = []

    async def work(_session: Any) -> None:
        tries.append(1)
        raise sqlstate("40001")

    with pytest.raises(DBAPIError, match="the server said so"):
        await db.run(work, tries=3, first_delay_s=0)

    assert 3 == len(tries)


async def test_run_inside_of_a_scope_is_refused(db: Twin) -> None:
    """It would repeat its part, and the work around it would not be repeated with it."""

    async def work(_session: Any) -> None:
        """Nothing."""

    async with db.begin():
        with pytest.raises(ScopeNested, match=r"run\(\) inside of begin\(\)"):
            await db.run(work)


async def test_a_key_is_done_once(db: Twin) -> None:
    """Who asks again is given what the work gave then; another key is other work."""

    async def work(session: Any, name: str) -> dict[str, str]:
        session.add(Customer(name=name, email=name))
        return {"added": name}

    first = await db.run(work, "Grace", once="order-7")
    again = await db.run(work, "Edsger", once="order-7")
    other = await db.run(work, "Edsger", once="order-8")

    assert ([{"added": "Grace"}] * 2 + [{"added": "Edsger"}], 3) == ([first, again, other], await count(db))


async def test_a_failed_work_leaves_no_key(db: Twin) -> None:
    """The key is kept with the work or not at all."""

    async def fail(session: Any) -> None:
        session.add(Customer(name="Grace", email="grace"))
        raise ZeroDivisionError

    async def work(session: Any) -> int:
        session.add(Customer(name="Grace", email="grace"))
        return 1

    with pytest.raises(ZeroDivisionError):
        await db.run(fail, once="order-7")

    assert (1, 2) == (await db.run(work, once="order-7"), await count(db))


async def test_what_cannot_be_kept_is_refused(db: Twin) -> None:
    """What the work gives under a key is what JSON can hold, or nothing of it is kept; and the key has a length."""

    async def work(session: Any) -> object:
        session.add(Customer(name="Grace", email="grace"))
        return object()

    with pytest.raises(BadDatabase, match=r"gave a object, which cannot be kept"):
        await db.run(work, once="order-7")
    with pytest.raises(BadDatabase, match="is no key"):
        await db.run(work, once="")

    assert 1 == await count(db)


@pytest.mark.parametrize("tries", [5, 1])
async def test_the_same_key_at_the_same_time(db: Twin, tries: int) -> None:
    """The one that comes second waits for the first, and then is given its answer: to look it up is no further try."""
    if db.dialect == "sqlite" or not db.is_async:
        pytest.skip("two transactions that write at once: not on SQLite, and from one thread")

    async def work(session: Any, name: str) -> str:
        session.add(Customer(name=name, email=name))
        await session.flush()
        await asyncio.sleep(0.05)
        return name

    given = await asyncio.gather(
        *(db.run(work, f"c{number}", once="same", tries=tries, first_delay_s=0.01) for number in range(8))
    )

    assert (1, 2) == (len(set(given)), await count(db))


async def test_lost_updates_are_repeated(db: Twin) -> None:
    """Two that read, decide and write at once: one of them is told, and runs again on what the other wrote."""
    if db.dialect == "sqlite" or not db.is_async:
        pytest.skip("two transactions that write at once: not on SQLite, and from one thread")

    async def raise_total(session: Any) -> None:
        order = await session.get(Order, 1)
        await asyncio.sleep(0.01)
        order.total += 1

    await asyncio.gather(*(db.run(raise_total, tries=20, first_delay_s=0.01) for _ in range(5)))

    async with db.read() as session:
        assert 40 == await session.scalar(select(Order.total))


async def test_a_violated_constraint_of_the_work_is_its_own(db: Twin) -> None:
    """Only the key's own violation means that the work was done."""

    async def work(session: Any) -> None:
        await session.execute(insert(Customer).values(name="Eve", email="ada@shop.example"))

    with pytest.raises(IntegrityError):
        await db.run(work, once="order-9", first_delay_s=0)

    assert 1 == await count(db)
