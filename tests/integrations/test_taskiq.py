"""TaskIQ: what a task did is kept before it is told done, once for each task that was sent."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError
from taskiq import InMemoryBroker

from hermetic.errors import BadDatabase
from hermetic.integrations.taskiq import Host, attach
from hermetic.scopes import AsyncScopeSession
from tests.world import Customer

from .conftest import Stock, customer

PATIENCE_S = 60


def work(stock: Stock, script: Callable[[InMemoryBroker, Host[Any]], Awaitable[object]]) -> object:
    """What a script gives that sends tasks to a broker, which runs them as a worker does; nothing is left open."""

    async def whole() -> object:
        broker = InMemoryBroker()
        db = stock.database("async")
        host = attach(broker, db)
        await broker.startup()
        try:
            return await script(broker, host)
        finally:
            await broker.wait_all()
            assert 0 == db.engine.pool.checkedout()
            await broker.shutdown()
            assert 0 == db.engine.pool.checkedin()

    return asyncio.run(whole())


def test_a_task_is_a_unit_of_work(stock: Stock) -> None:
    """What it did is there when its caller is told that it is done; a commit that fails, fails the task."""

    async def script(broker: InMemoryBroker, host: Host[Any]) -> object:
        @broker.task
        @host.begin
        async def add(session: AsyncScopeSession, name: str) -> str:
            session.add(customer(name))
            return name

        sent = [await (await add.kiq("Ada")).wait_result(timeout=PATIENCE_S) for _ in range(2)]
        return [sent[0].return_value, type(sent[1].error)]

    assert ["Ada", IntegrityError] == work(stock, script)
    assert ["Ada"] == stock.names()


def test_a_task_that_fails_or_times_out_rolls_back(stock: Stock) -> None:
    """Whatever leaves the function, a cancellation too."""

    async def script(broker: InMemoryBroker, host: Host[Any]) -> object:
        @broker.task(task_name="fail")
        @host.begin
        async def fail(session: AsyncScopeSession) -> None:
            session.add(customer("Ada"))
            await session.flush()
            raise ZeroDivisionError

        @broker.task(task_name="wait", timeout=0.2)
        @host.begin
        async def wait(session: AsyncScopeSession) -> None:
            session.add(customer("Ada"))
            await session.flush()
            await asyncio.Event().wait()

        return [(await (await each.kiq()).wait_result(timeout=PATIENCE_S)).is_err for each in (fail, wait)]

    assert [True, True] == work(stock, script)
    assert [] == stock.names()


def test_a_task_that_is_delivered_twice_is_done_once(stock: Stock) -> None:
    """Its key is the id that it was sent with."""

    async def script(broker: InMemoryBroker, host: Host[Any]) -> object:
        @broker.task
        @host.begin_once
        async def add(session: AsyncScopeSession, name: str) -> list[str]:
            session.add(customer(name))
            return [name]

        sent = [await add.kicker().with_task_id("one").kiq("Ada") for _ in range(2)]
        return [(await each.wait_result(timeout=PATIENCE_S)).return_value for each in sent]

    assert [["Ada"], ["Ada"]] == work(stock, script)
    assert ["Ada"] == stock.names()


def test_another_task_is_sent_when_the_work_is_kept(stock: Stock) -> None:
    """It finds what was written, and is not sent for what was not."""
    found: list[str] = []

    async def script(broker: InMemoryBroker, host: Host[Any]) -> object:
        @broker.task(task_name="look")
        @host.read
        async def look(session: AsyncScopeSession, key: int) -> None:
            found.append((await session.get_one(Customer, key)).name)

        @broker.task(task_name="add")
        @host.begin
        async def add(session: AsyncScopeSession, name: str, fails: bool) -> None:
            session.add(added := customer(name))
            await session.flush()
            host.background(session, look, added.id)
            if fails:
                raise ZeroDivisionError

        for name, fails in (("Lost", True), ("Ada", False)):
            await (await add.kiq(name, fails)).wait_result(timeout=PATIENCE_S)
        await broker.wait_all()
        return None

    work(stock, script)

    assert ["Ada"] == found


def test_a_blocking_database_is_refused(stock: Stock) -> None:
    """When it is attached, not when the first task runs."""
    with pytest.raises(BadDatabase, match="Use AsyncDatabase"):
        attach(InMemoryBroker(), stock.database("sync"))
