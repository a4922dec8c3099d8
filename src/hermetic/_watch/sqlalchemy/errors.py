"""Reads that raise: which attribute of which instance it was, found on the stack where the error is made."""

from __future__ import annotations

import dis
import sys
from collections.abc import Iterator
from functools import wraps
from types import FrameType
from typing import Any, NamedTuple

from sqlalchemy.exc import MissingGreenlet
from sqlalchemy.orm import InstanceState
from sqlalchemy.orm.exc import DetachedInstanceError

from ..judge import Judge
from ..notes import add, note_of
from ..observer import Observer
from ..points import Points, Wrapped
from ..where import PROJECT, Sites
from .loads import LoadHooks, expired_by
from .picture import AnyState, instance_of

LOADERS = frozenset({"_load_for_state", "_load_scalar_attributes", "load_scalar_attributes", "_load_expired"})
"""The functions of SQLAlchemy in which a load of an attribute ends up; `state` is the name they give the instance's state."""


class Reading(NamedTuple):
    """A read that cannot be answered; `attribute` is "" where only the instance is known."""

    state: AnyState
    attribute: str


class ErrorHooks:
    """The wrappers of the constructors of two errors."""

    def __init__(self, observer: Observer, judge: Judge, points: Points, loads: LoadHooks) -> None:
        self.observer = observer
        self.judge = judge
        self.points = points
        self.loads = loads

    def install(self) -> None:
        """Put them on."""
        for error in (DetachedInstanceError, MissingGreenlet):
            self.points.wrap(error, "__init__", "*", self.making)

    def making(self, original: Wrapped) -> Wrapped:
        note, failed = self.note, self.points.failed

        @wraps(original)
        # Any: what an exception takes.
        def __init__(self: Exception, *args: Any, **kwargs: Any) -> None:
            original(self, *args, **kwargs)
            try:
                note(self)
            except Exception as error:
                failed("errors", error)

        return __init__

    def note(self, error: Exception) -> None:
        """Tell of the read that raises this error, and put what is told below it."""
        reading = reading_of(self.observer.sites, sys._getframe(2))
        if reading is None or not self.observer.is_on:
            return
        state, attribute = reading
        query = self.loads.query_of(state)
        life = query.life if query is not None else None
        key = life.key if life is not None else None
        is_detached = isinstance(error, DetachedInstanceError)
        instance = instance_of(state, None if is_detached else key, key, expired_by(life))
        told = self.judge.unreadable(query, instance, attribute, self.observer.sites.here(), type(error).__name__)
        if told:
            add(error, note_of(told[0].finding))


def reading_of(sites: Sites, frame: FrameType | None) -> Reading | None:
    """The load of an attribute that is going on above a frame; a strategy, which knows the attribute, comes before others."""
    found: Reading | None = None
    user: FrameType | None = None
    for each in _above(frame):
        if sites.kind(each.f_code.co_filename) == PROJECT:
            user = each
            break
        name = each.f_code.co_name
        if name in LOADERS and (state := _state(each)) is not None:
            key = getattr(each.f_locals.get("self"), "key", None) if name == "_load_for_state" else None
            if found is None or key is not None:
                found = Reading(state, key if isinstance(key, str) else found.attribute if found else "")
    if found is not None and not found.attribute:
        return Reading(found.state, _attribute_at(user, found.state))
    return found


def _above(frame: FrameType | None) -> Iterator[FrameType]:
    """A frame and those that called it, across the greenlet of an AsyncSession."""
    greenlet = None
    while frame is not None:
        yield frame
        frame = frame.f_back
        if frame is None:
            module = sys.modules.get("greenlet")
            greenlet = greenlet.parent if greenlet is not None else module.getcurrent().parent if module else None
            frame = greenlet.gr_frame if greenlet is not None else None


def _state(frame: FrameType) -> AnyState | None:
    local = frame.f_locals
    known = (local.get("state"), local.get("self"))
    return next((state for state in known if isinstance(state, InstanceState)), None)


def _attribute_at(frame: FrameType | None, state: AnyState) -> str:
    """The mapped attribute that the user's frame is reading; else one of those that expired."""
    names = state.mapper.attrs.keys()
    if frame is not None:
        for instruction in dis.get_instructions(frame.f_code):
            if instruction.offset == frame.f_lasti and instruction.argval in names:
                return str(instruction.argval)
    return min(state.expired_attributes, default="")
