"""What happens in a process under `hermetic run` once it has SQLAlchemy: the watcher goes on, and what it sees is sent."""

from __future__ import annotations

import atexit
import os
import sys
import time
from collections.abc import Iterable
from pathlib import Path

from ..seen import Seen
from ..settings import Settings
from ..watching import Watch, watch
from .address import Address
from .pulse import Pulses
from .transport import Sender
from .wire import Hello


class Attached:
    """This process, as it tells `hermetic run` of itself; a forked child is a process that began with the fork."""

    def __init__(self, address: Address, started_ns: int, base: str) -> None:
        self._started_ns = started_ns
        self._is_known = False
        self.watch: Watch | None = None
        self.sender = Sender(address, self.hello, self.findings, base)

    def hello(self) -> Hello:
        """Who this process is, and what is not watched in it."""
        off = {} if self.watch is None else self.watch.off
        return Hello(
            pid=os.getpid(),
            ppid=os.getppid(),
            started_ns=self._started_ns,
            argv=tuple(sys.orig_argv),
            python=sys.version.split()[0],
            sqlalchemy=getattr(sys.modules.get("sqlalchemy"), "__version__", ""),
            off=tuple(f"{name} is off, because {why}" for name, why in off.items()),
        )

    def findings(self) -> Iterable[Seen]:
        """What was seen so far."""
        return () if self.watch is None else self.watch.findings()

    def rest(self) -> None:
        """It is going to fork, so its threads end until there is something to do; called before any fork."""
        if self.watch is not None:
            self.watch.rest()
        self.sender.rest()
        if not self._is_known and "multiprocessing.util" in sys.modules:
            from multiprocessing import util

            util.register_after_fork(self, _end_with_multiprocessing)
            self._is_known = True

    def forked(self) -> None:
        """This is a child now, and has seen nothing itself; called after any fork."""
        self._started_ns = time.time_ns()
        if self.watch is not None:
            self.watch.forked()
        self.sender.forked()


def _end_with_multiprocessing(process: Attached) -> None:
    """Have a forked child of multiprocessing tell the last, too: it ends without what `atexit` knows."""
    from multiprocessing import util

    util.Finalize(None, process.sender.end, exitpriority=0)


def attach(folder: str, started_ns: int) -> None:
    """Watch this process as the run in `folder` wants it; raises OSError where the run is over."""
    settings = Settings.from_json((Path(folder) / "settings.json").read_text(encoding="utf-8"))
    base = settings.root or os.getcwd()
    process = Attached(Address.read(folder), started_ns, base)
    atexit.register(process.sender.end)  # before the watcher registers anything, so that its last word goes out too
    process.watch = watch(settings=settings)
    process.watch.subscribe(process.sender.ring)
    if settings.live:
        live = process.watch.look_on()
        live.wake = process.sender.ring
        process.sender.pulses = Pulses(live, base)
    process.sender.greet()
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(before=process.rest, after_in_child=process.forked)
