"""What is open in a watched program now, and where it was opened."""

from __future__ import annotations

import asyncio
from time import perf_counter_ns, time

from .._catalogue import Step
from .._where import Site, waiting_at
from .lives import SessionLife
from .observer import Observer
from .requests import Request
from .seen import Open


def openings(observer: Observer) -> list[Open]:
    """Engines, sessions in use, transactions and connections that are out of their pools, oldest first."""
    found = [
        Open("engine", engine.pool, engine.number, engine.since, _step(observer, engine.site, "made"))
        for engine in list(observer.engines.values())
    ]
    for life in list(observer.lives.values()):
        name, (task, waits) = _name(life.request), _task(observer, life)
        if life.began:
            since = _since(life.began)
            found.append(
                Open(
                    "transaction",
                    life.kind,
                    life.number,
                    since,
                    _step(observer, life.began_site, "begun"),
                    name,
                    task,
                    waits,
                )
            )
        if life.is_open:
            found.append(
                Open(
                    "session",
                    life.kind,
                    life.number,
                    life.opened_at,
                    _step(observer, life.opened, "opened"),
                    name,
                    task,
                    waits,
                )
            )
    for held in list(observer.held.values()):
        step = _step(observer, held.site, "taken from the pool")
        task, waits = _task(observer, held.life)
        found.append(
            Open("connection", "Connection", held.number, _since(held.since), step, _name(held.request), task, waits)
        )
    return sorted(found, key=lambda each: each.since)


def _since(ns: int) -> float:
    return time() - (perf_counter_ns() - ns) / 1e9


def _name(request: Request | None) -> str:
    return request.name if request is not None else ""


def _task(observer: Observer, life: SessionLife | None) -> tuple[str, Step | None]:
    """The task that began the transaction of a session, with its coroutine, and where it waits; nothing once it is done."""
    task = life.works_for() if life is not None else None
    if not isinstance(task, asyncio.Task) or task.done():
        return "", None
    coroutine = task.get_coro()
    name = f"{task.get_name()} ({getattr(coroutine, '__qualname__', coroutine)})"
    return name, _step(observer, waiting_at(coroutine, observer.sites), "waits")


def _step(observer: Observer, site: Site | None, text: str) -> Step | None:
    if site is None:
        return None
    place = observer.sites.place(site)
    return Step(place.file, place.line, text, place.source)
