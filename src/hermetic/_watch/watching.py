"""Watching as the user meets it: switched on, asked what was seen, switched off again without a trace."""

from __future__ import annotations

import atexit
import gc
import logging
import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import ModuleType, TracebackType
from typing import TYPE_CHECKING

from .._catalogue import catalogue
from .._where import Sites
from ..errors import HazardsSeen
from .arriving import Arrivals
from .collector import Collector, Mark
from .heartbeat import Heartbeat
from .judge import Judge
from .live import Follower, Live
from .observer import Observer
from .openings import openings
from .points import Points
from .requests import Entries
from .responses import Responses
from .seen import Exporter, Open, Seen
from .settings import Mode, Settings
from .tape import Tape
from .teller import Teller
from .watchdog import Watchdog

if TYPE_CHECKING:
    from .sqlalchemy import Installed

log = logging.getLogger("hermetic")

_lock = threading.RLock()
_current: Watch | None = None
_quiet: Watch | None = None
"""The watch that is on for nothing but the notes below errors, until somebody watches in earnest."""


class Watch:
    """A watched program: what was seen in it so far, what is open in it now, and which hooks are off.

    As a context manager it stops at the end of the block, and under mode "raise" raises HazardsSeen there.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.sites = Sites(settings.root)
        self.collector = Collector()
        self._judge = Judge(settings, Teller(settings, self.sites, self.collector))
        self._observer = Observer(settings, self.sites, self.collector, self._judge.leaked)
        self._watchdog = Watchdog(self._observer)
        self._observer.wake = self._watchdog.wake
        self._heartbeat = Heartbeat(self._observer)
        self._observer.beat = self._heartbeat.begin
        self._arrivals = Arrivals()
        self._entries = Entries(Points(), self._arrivals)
        self._responses = Responses(self._entries.points, self._arrivals, self._observer.explained)
        self._installed: Installed | None = None
        self._off: dict[str, str] = {}
        self._depth = 0
        self._began = self.collector.mark()

    @property
    def is_on(self) -> bool:
        """Whether the program is watched now."""
        return self._observer.is_on and self._depth > 0

    @property
    def off(self) -> dict[str, str]:
        """The hooks that are not at work, by name, and why; exporters that were dropped are among them."""
        dropped = {f"exporter {name}": why for name, why in self.collector.dropped_exporters.items()}
        return self._off | self._entries.points.off | (self._installed.off if self._installed else {}) | dropped

    @property
    def failures(self) -> dict[str, int]:
        """How often each hook failed; none of it was felt by the program."""
        hooks = self._installed.failures if self._installed else {}
        return self._observer.failures | hooks

    def subscribe(self, exporter: Exporter) -> None:
        """Tell an exporter of every finding from now on; one that raises is dropped, and `off` says so.

        A `Follower` hears of transactions and sessions, too.
        """
        self.collector.exporters.append(exporter)
        if isinstance(exporter, Follower):
            exporter.watching(self)
            self.look_on().followers += (exporter,)

    def connections_held(self) -> int:
        """How many connections are out of their pools now."""
        return len(self._observer.held)

    def counts(self) -> dict[tuple[str, str], int]:
        """How often each hazard was seen, by its slug and severity."""
        counts: Counter[tuple[str, str]] = Counter()
        for seen in self.findings():
            counts[seen.finding.slug, seen.finding.severity] += seen.count
        return dict(counts)

    def look_on(self) -> Live:
        """Have what goes on measured from now on, whoever asks for it first."""
        live = self._observer.live
        if live is None:
            live = self._observer.live = Live(self._observer)
            if self._installed is not None:
                self._installed.look_on()
        return live

    def findings(self) -> list[Seen]:
        """What was seen so far, in the order in which it was seen first."""
        self._observer.catch_up()
        return self.collector.findings()

    def mark(self) -> Mark:
        """This point in time, for `since`."""
        self._observer.catch_up()
        return self.collector.mark()

    def since(self, mark: Mark) -> list[Seen]:
        """What was seen after a mark; the counts are of the time since."""
        self._observer.catch_up()
        return list(self.collector.since(mark))

    def open(self) -> list[Open]:
        """The sessions, transactions, connections and engines that are open now, oldest first."""
        return openings(self._observer)

    def still_open(self, before: Sequence[Open] = ()) -> list[Open]:
        """What is open and no garbage: when something more than `before` seems to be, garbage is collected first.

        To collect it takes as long as the program is large, so a connection that a fixture holds is no reason.
        """
        known = {(each.kind, each.number) for each in before}
        if any(each.kind != "engine" and (each.kind, each.number) not in known for each in self.open()):
            gc.collect()
            self._observer.catch_up()
        return self.open()

    @contextmanager
    def recording(self) -> Iterator[Tape]:
        """Every statement that the program sends in the block, whoever sends it."""
        tape = Tape(self.sites)
        self._observer.tapes += (tape,)
        try:
            yield tape
        finally:
            self._observer.tapes = tuple(each for each in self._observer.tapes if each is not tape)

    def check(self, mark: Mark | None = None) -> None:
        """Raise HazardsSeen when a hazard under mode "raise" was seen, since the beginning or since a mark."""
        seen = [each for each in self.since(mark or self._began) if self._raises(each)]
        if seen:
            raise HazardsSeen(*(line(each) for each in seen))

    def _raises(self, seen: Seen) -> bool:
        finding = seen.finding
        return self.settings.mode_of(finding.slug) == "raise" and finding.severity != "info"

    def __enter__(self) -> Watch:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        unwatch()
        if error is None:
            self.check()

    def start(self) -> None:
        """Put the hooks on now, or as soon as the program imports SQLAlchemy."""
        self._depth += 1
        if self._depth > 1:
            return
        self._arrivals.when("sqlalchemy.orm", self._sqlalchemy_came)
        self._arrivals.when("sqlalchemy.ext.asyncio", self._asyncio_came)
        self._entries.install()
        self._responses.install()
        atexit.register(self._observer.end)

    def _sqlalchemy_came(self, _module: ModuleType) -> None:
        """SQLAlchemy's ORM is imported: put the hooks on; when that fails the program goes on unwatched."""
        try:
            from .sqlalchemy import install

            self._installed = install(self._observer, self._judge)
        except Exception as error:
            self._off["sqlalchemy"] = f"{type(error).__name__}: {error}"
            log.warning("hermetic does not watch SQLAlchemy: %s", error)

    def _asyncio_came(self, module: ModuleType) -> None:
        """SQLAlchemy's asyncio part is imported to its end, which its ORM always is before it."""
        if self._installed is not None:
            self._installed.asyncio_came(module)

    def rest(self) -> None:
        """End our threads while the process forks: the next transaction starts them again, here or in the child."""
        self._watchdog.stop()
        self._heartbeat.stop()

    def forked(self) -> None:
        """Begin anew in a forked child: what its parent saw is its parent's."""
        self.collector.renew()
        if self._observer.live is not None:
            self._observer.live.renew()

    def stop(self) -> bool:
        """Take the hooks off; False while somebody else still watches."""
        self._depth -= 1
        if self._depth > 0:
            return False
        atexit.unregister(self._observer.end)
        self._observer.end()
        self._arrivals.stop()
        self._watchdog.stop()
        self._heartbeat.stop()
        self._entries.points.undo()
        if self._installed is not None:
            self._installed.uninstall()
        self._observer.clear()
        return True


def watch(
    *,
    mode: Mode = "log",
    levels: Mapping[str, Mode] | None = None,
    sample: float = 1.0,
    root: str = "",
    exporters: Iterable[Exporter] = (),
    settings: Settings | None = None,
) -> Watch:
    """Watch how this program treats its sessions, until `unwatch()` or the end of a `with` block.

    `levels` gives single hazards a mode of their own, by slug. `settings` holds all of it in one, and more; what is
    given beside it is passed over. Where the program is watched already, by `hermetic run` say, that watch is given,
    with its own settings, and the exporters are added to it. Raises ValueError for a slug that names no hazard.
    """
    global _current, _quiet
    chosen = settings or Settings(mode=mode, levels=dict(levels or {}), sample=sample, root=root)
    unknown = chosen.levels and sorted(set(chosen.levels) - set(catalogue()))
    if unknown:
        raise ValueError(f"no hazard is called {', '.join(unknown)}; `hermetic explain` lists them all")
    with _lock:
        if _current is not None and _current is _quiet and chosen.mode != "off":
            _current.stop()
            _current = None
        watch = _current or Watch(chosen)
        for exporter in exporters:
            watch.subscribe(exporter)
        if _current is None and "log" in {chosen.mode, *chosen.levels.values()}:
            watch.subscribe(_Logging(watch))
        if chosen.mode != "off" or _current is not None:
            watch.start()
            _current = watch
    return watch


def unwatch() -> None:
    """Stop watching, and take off every hook; nothing when nothing is watched."""
    global _current, _quiet
    with _lock:
        if _current is None or _current is _quiet:
            return
        if _current.stop():
            _current = None
            if _quiet is not None:
                _current = _quiet = Watch(_quiet.settings)
                _quiet.start()


def explain() -> None:
    """Put notes below SQLAlchemy's errors from now on, whether or not the program is watched besides."""
    global _current, _quiet
    with _lock:
        if _quiet is not None:
            return
        _quiet = Watch(Settings(mode="count"))
        if _current is None:
            _current = _quiet
            _quiet.start()


def explain_no_more() -> None:
    """Put no notes below errors, unless the program is watched."""
    global _current, _quiet
    with _lock:
        if _quiet is not None and _current is _quiet:
            _quiet.stop()
            _current = None
        _quiet = None


def current() -> Watch | None:
    """The watch that is on, if one is."""
    return _current


def line(seen: Seen) -> str:
    """A finding in one line: where, which hazard, what."""
    finding = seen.finding
    return f"{finding.file}:{finding.line}: {finding.slug} {finding.message}"


class _Logging:
    """Writes what is seen to the logger `hermetic`, where the mode of its hazard says so."""

    def __init__(self, watch: Watch) -> None:
        self._settings = watch.settings

    def __call__(self, seen: Seen) -> None:
        finding = seen.finding
        if self._settings.mode_of(finding.slug) != "log" or seen.count > 1:
            return
        level = {"error": logging.ERROR, "warning": logging.WARNING}.get(finding.severity, logging.INFO)
        log.log(level, "%s", line(seen))
