"""What is open in a watched program now, and where it was opened."""

from __future__ import annotations

from time import perf_counter_ns, time

from .._catalogue import Step
from .._where import Site
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
        name = _name(life.request)
        if life.began:
            since = _since(life.began)
            found.append(
                Open("transaction", life.kind, life.number, since, _step(observer, life.began_site, "begun"), name)
            )
        if life.is_open:
            found.append(
                Open("session", life.kind, life.number, life.opened_at, _step(observer, life.opened, "opened"), name)
            )
    for held in list(observer.held.values()):
        step = _step(observer, held.site, "taken from the pool")
        found.append(Open("connection", "Connection", held.number, _since(held.since), step, _name(held.request)))
    return sorted(found, key=lambda each: each.since)


def _since(ns: int) -> float:
    return time() - (perf_counter_ns() - ns) / 1e9


def _name(request: Request | None) -> str:
    return request.name if request is not None else ""


def _step(observer: Observer, site: Site | None, text: str) -> Step | None:
    if site is None:
        return None
    place = observer.sites.place(site)
    return Step(place.file, place.line, text, place.source)
