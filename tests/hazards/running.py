"""Runs a page's code against a database of its own."""

from __future__ import annotations

import asyncio
import gc
import sys
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine

from .cases import WORLD


@dataclass(slots=True)
class Stage:
    """Where pages run: every module gets a fresh shop in a folder of its own; `close` lets go of their connections."""

    folder: Path
    monkeypatch: pytest.MonkeyPatch
    shops: list[ModuleType] = field(default_factory=list)

    def execute(self, name: str, text: str) -> ModuleType:
        """The executed code as a module; its `shop` is the one it imported from."""
        (self.folder / name).mkdir()
        self.monkeypatch.chdir(self.folder / name)
        shop = self._open_shop()
        module = ModuleType(name)
        self.monkeypatch.setitem(sys.modules, name, module)
        exec(compile(text, name, "exec"), module.__dict__)
        module.__dict__["shop"] = shop
        return module

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Run a coroutine to its end on a fresh event loop."""
        return asyncio.run(self._closing(work))

    def close(self) -> None:
        """Dispose the engines of all shops, and let the collector complain now of what the examples leaked."""
        for shop in self.shops:
            shop.engine.dispose()
        gc.collect()

    def _open_shop(self) -> ModuleType:
        spec = spec_from_file_location("shop", WORLD)
        assert spec
        assert spec.loader
        shop = module_from_spec(spec)
        self.monkeypatch.setitem(sys.modules, "shop", shop)
        spec.loader.exec_module(shop)
        shop.stock_shelves()
        self.shops.append(shop)
        return shop

    async def _closing(self, work: Coroutine[Any, Any, Any]) -> Any:
        """The work's result; connections of an event loop must not outlive it."""
        try:
            return await work
        finally:
            others = asyncio.all_tasks() - {asyncio.current_task()}
            await asyncio.gather(*others, return_exceptions=True)
            for shop in self.shops:
                await shop.async_engine.dispose()


@contextmanager
def statements() -> Iterator[list[str]]:
    """The statements sent to any database inside the block, in their order."""
    sent: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        sent.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(Engine, "before_cursor_execute", note)
