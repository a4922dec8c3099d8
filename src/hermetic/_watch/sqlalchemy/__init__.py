"""The one room that touches SQLAlchemy's insides; what it sees it tells in records."""

from __future__ import annotations

from types import ModuleType

from ..judge import Judge
from ..observer import MARK, Observer
from ..points import Points
from .aio import AsyncHooks
from .detached import DetachedHooks
from .engines import EngineHooks
from .errors import ErrorHooks
from .explaining import ExplainHooks
from .hooks import Means
from .loads import LoadHooks
from .sessions import SessionHooks
from .statements import StatementHooks
from .transactions import TransactionHooks
from .writes import WriteHooks

__all__ = ["Installed", "install"]


class Installed:
    """The watcher as it is put on SQLAlchemy."""

    def __init__(self, observer: Observer, judge: Judge) -> None:
        self.observer = observer
        self.points = Points()
        means = Means(observer, judge, self.points)
        sessions = SessionHooks(means)
        loads = LoadHooks(means, sessions)
        detached = DetachedHooks(means, sessions, loads)
        self._hooks = (
            sessions,
            StatementHooks(means),
            loads,
            detached,
            WriteHooks(means, sessions, loads, detached),
            TransactionHooks(means, sessions),
            EngineHooks(means),
            ExplainHooks(means, sessions, loads),
            ErrorHooks(means, loads),
        )
        self._async = AsyncHooks(observer, self.points)

    def install(self) -> None:
        """Put every hook on, or none."""
        try:
            for hooks in self._hooks:
                hooks.install()
        except BaseException:
            self.uninstall()
            raise

    def asyncio_came(self, module: ModuleType) -> None:
        """SQLAlchemy's asyncio part is there."""
        self._async.install(module)

    def uninstall(self) -> None:
        """Take every hook off, and our mark off the sessions that live."""
        self.points.undo()
        for ref in list(self.observer.refs.values()):
            session = ref()
            if session is not None:
                session.__dict__.pop(MARK, None)


def install(observer: Observer, judge: Judge) -> Installed:
    """Watch SQLAlchemy, which is imported by now."""
    installed = Installed(observer, judge)
    installed.install()
    return installed
