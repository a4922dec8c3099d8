"""A shop of its own for each test, and a program that is watched."""

from __future__ import annotations

import asyncio
import gc
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from sqlalchemy.orm import Session

import hermetic
from hermetic._watch import Settings, Watch

Twin = Callable[[Callable[[Session], object]], None]

WORLD = Path(__file__).resolve().parent.parent / "world.py"


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """The shop of tests/world.py with a fresh database, stocked before anybody watches."""
    monkeypatch.chdir(tmp_path)
    spec = spec_from_file_location("shop", WORLD)
    assert spec
    assert spec.loader
    shop = module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "shop", shop)
    spec.loader.exec_module(shop)
    shop.stock_shelves()
    yield shop
    shop.engine.dispose()
    gc.collect()


# Any: settings of any type.
PATIENT: dict[str, Any] = {"mode": "count", "under_test": False, "long_transaction_s": 60.0, "blocked_ms": 60_000.0}
"""A slow machine is no hazard."""


@contextmanager
def watched(**fields: Any) -> Iterator[Watch]:
    """A watch that counts, of a program that is no test suite."""
    watch = hermetic.watch(settings=Settings(**PATIENT | fields))
    try:
        yield watch
        gc.collect()
        watch.findings()
    finally:
        hermetic.unwatch()


@pytest.fixture
def watch() -> Iterator[Watch]:
    """The program is watched while the test runs, and no hook fails meanwhile."""
    with watched() as watch:
        yield watch
        assert {} == watch.failures


@pytest.fixture(params=["sync", "async"])
def twin(request: pytest.FixtureRequest, shop: ModuleType) -> Callable[[Callable[[Session], object]], None]:
    """Runs work with a session of its own, of either kind, and closes the session after it."""

    def synchronous(work: Callable[[Session], object]) -> None:
        with shop.SessionLocal() as session:
            work(session)

    async def awaited(work: Callable[[Session], object]) -> None:
        async with shop.AsyncSessionLocal() as session:
            await session.run_sync(work)

    def asynchronous(work: Callable[[Session], object]) -> None:
        run(shop, awaited(work))

    return synchronous if request.param == "sync" else asynchronous


def run(shop: ModuleType, work: Awaitable[Any]) -> Any:
    """What a coroutine gives; its connections do not outlive its event loop."""

    async def closing() -> Any:
        try:
            return await work
        finally:
            await shop.async_engine.dispose()

    return asyncio.run(closing())


def told(watch: Watch) -> list[tuple[str, str, str]]:
    """(slug, source text of the line, severity) of each finding."""
    return [
        (each.finding.slug, source(each.finding.file, each.finding.line), each.finding.severity)
        for each in watch.findings()
    ]


def source(file: str, line: int) -> str:
    """A line of a file, without the comment at its end."""
    return Path(file).read_text(encoding="utf-8").splitlines()[line - 1].partition("  #")[0].strip()
