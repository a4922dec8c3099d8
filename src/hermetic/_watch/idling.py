"""When a transaction has asked nothing of the database for too long."""

from __future__ import annotations

from time import perf_counter_ns

from .judge import Judge
from .lives import Idle, SessionLife
from .observer import Observer


def look_idle(observer: Observer, judge: Judge, life: SessionLife, now: int = 0) -> None:
    """Tell of a transaction that was idle until now, with the place where the watchdog saw the program meanwhile."""
    if not life.began:
        return
    idle = (now or perf_counter_ns()) - life.last
    if idle < observer.settings.long_transaction_s * 1e9:
        return
    site = life.waits_at
    what = judge.teller.sites.place(site).text.removeprefix("await ").partition("(")[0] if site is not None else ""
    site = site or observer.sites.here()
    if life.waited is None or life.waited.ns < idle:
        life.waited = Idle(site, idle, what, next(reversed(observer.queries), 0))
    judge.idled(life, site, idle, what)
