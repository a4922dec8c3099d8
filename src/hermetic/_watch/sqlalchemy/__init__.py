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
from .living import LiveHooks
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
        self._judge = judge
        self.points = Points()
        self._live_points = Points()
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
        self._sessions = sessions

    def install(self) -> None:
        """Put every hook on, or none."""
        try:
            for hooks in self._hooks:
                hooks.install()
        except BaseException:
            self.uninstall()
            raise

    def look_on(self) -> None:
        """Measure what goes on for whoever looks on; the hooks of watching are on by now."""
        live = self.observer.live
        if live is not None:
            means = Means(self.observer, self._judge, self._live_points)
            LiveHooks(means, self._sessions, live).install()

    @property
    def off(self) -> dict[str, str]:
        """The hooks that are not at work, and why."""
        return self.points.off | self._live_points.off

    @property
    def failures(self) -> dict[str, int]:
        """How often each hook failed."""
        return self.points.failures | self._live_points.failures

    def asyncio_came(self, module: ModuleType) -> None:
        """SQLAlchemy's asyncio part is there."""
        self._async.install(module)

    def uninstall(self) -> None:
        """Take every hook off, and our mark off the sessions that live."""
        self._live_points.undo()
        self.points.undo()
        for ref in list(self.observer.refs.values()):
            session = ref()
            if session is not None:
                session.__dict__.pop(MARK, None)


def install(observer: Observer, judge: Judge) -> Installed:
    """Watch SQLAlchemy, which is imported by now."""
    installed = Installed(observer, judge)
    installed.install()
    installed.look_on()
    return installed
