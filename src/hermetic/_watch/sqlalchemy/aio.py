"""Where an AsyncSession is closed, and with which error: its close runs in another task, where neither is to be seen."""

from __future__ import annotations

import sys
from functools import wraps
from types import ModuleType, TracebackType
from typing import TYPE_CHECKING

from ..observer import Observer
from ..points import Points, Wrapped
from .sessions import CLOSING

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession


class AsyncHooks:
    """The wrappers of AsyncSession; put on when its module is there, which needs greenlet since SQLAlchemy 2.1."""

    def __init__(self, observer: Observer, points: Points) -> None:
        self.observer = observer
        self.points = points

    def install(self, module: ModuleType) -> None:
        """Put them on."""
        self.points.wrap(module.AsyncSession, "__aexit__", "self type_ value traceback", self.leaving)
        self.points.wrap(module.AsyncSession, "close", "self", self.closing)

    def leaving(self, original: Wrapped) -> Wrapped:
        sites = self.observer.sites

        @wraps(original)
        async def __aexit__(
            self: AsyncSession, type_: type[BaseException] | None, value: BaseException | None, traceback: TracebackType
        ) -> None:
            token = CLOSING.set((sites.here(), value))
            try:
                await original(self, type_, value, traceback)
            finally:
                CLOSING.reset(token)

        return __aexit__

    def closing(self, original: Wrapped) -> Wrapped:
        sites = self.observer.sites

        @wraps(original)
        async def close(self: AsyncSession) -> None:
            if CLOSING.get() is not None:
                await original(self)
                return
            token = CLOSING.set((sites.here(), sys.exc_info()[1]))
            try:
                await original(self)
            finally:
                CLOSING.reset(token)

        return close
