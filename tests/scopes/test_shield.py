"""One cancellation reaches a statement, none the end of a transaction, and neither is lost."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from hermetic._scopes.shield import CancelledOnce, to_the_end


class Driver:
    """Asks the server to cancel when it is cancelled, which takes three turns of the event loop."""

    def __init__(self) -> None:
        self.told: list[str] = []

    async def query(self) -> str:
        try:
            await asyncio.get_running_loop().create_future()
        except asyncio.CancelledError:
            self.told.append("asks")
            for _ in range(3):
                await asyncio.sleep(0)
            self.told.append("has asked")
            raise
        return "never"


async def insist(work: Callable[[], Awaitable[object]]) -> asyncio.Task[object]:
    """Cancel again and again until the work is over, as a cancel scope of AnyIO does."""

    async def whole() -> object:
        return await work()

    task = asyncio.ensure_future(whole())
    await asyncio.sleep(0)
    while not task.done():
        task.cancel()
        await asyncio.sleep(0)
    return task


def test_a_driver_that_is_cancelled_again_cannot_ask() -> None:
    """The bad form: the second cancellation interrupts what the first one set off."""
    driver = Driver()
    task = asyncio.run(insist(driver.query))

    assert (["asks"], True) == (driver.told, task.cancelled())


def test_a_driver_that_is_cancelled_once_has_asked() -> None:
    """The cured form: it is cancelled all the same, and has asked."""
    driver = Driver()
    task = asyncio.run(insist(lambda: CancelledOnce(driver.query())))

    assert (["asks", "has asked"], True) == (driver.told, task.cancelled())


def test_what_is_not_cancelled_is_as_ever() -> None:
    """Results and errors come through."""

    async def give(value: int) -> int:
        await asyncio.sleep(0)
        return 10 // value

    async def whole() -> tuple[int, int]:
        with pytest.raises(ZeroDivisionError):
            await CancelledOnce(give(0))
        with pytest.raises(ZeroDivisionError):
            await to_the_end(give(0))
        return await CancelledOnce(give(1)), await to_the_end(give(2))

    assert (10, 5) == asyncio.run(whole())


def test_the_end_is_reached_first() -> None:
    """Who waits for an end is told of the cancellation when it has come; an error of the end is its cause."""
    ends: list[str] = []

    async def end() -> None:
        for _ in range(3):
            await asyncio.sleep(0)
        ends.append("committed")
        raise ZeroDivisionError

    async def whole() -> BaseException | None:
        task = await insist(lambda: to_the_end(end()))
        with pytest.raises(asyncio.CancelledError) as raised:
            await task
        return raised.value.__cause__ or raised.value.__context__

    cause = asyncio.run(whole())

    assert (["committed"], True) == (ends, isinstance(cause, ZeroDivisionError))


def test_an_end_that_does_not_come(monkeypatch: pytest.MonkeyPatch) -> None:
    """Patience has an end too, for who was cancelled; then the work is cancelled as well."""
    monkeypatch.setattr("hermetic._scopes.shield.PATIENCE_S", 0.01)
    driver = Driver()

    async def whole() -> bool:
        task = asyncio.ensure_future(to_the_end(driver.query()))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        return task.cancelled()

    assert (True, ["asks", "has asked"]) == (asyncio.run(whole()), driver.told)
