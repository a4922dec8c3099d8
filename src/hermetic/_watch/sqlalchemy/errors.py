"""Reads that raise: which attribute of which instance it was, found on the stack where the error is made."""

from __future__ import annotations

import dis
import os
import sys
from collections.abc import Iterator
from functools import wraps
from types import CodeType, FrameType
from typing import Any, NamedTuple

from sqlalchemy.exc import MissingGreenlet
from sqlalchemy.orm import InstanceState
from sqlalchemy.orm.exc import DetachedInstanceError

from ..._where import END, PROJECT, Site, Sites
from ..notes import add, note_of
from ..points import Wrapped
from .hooks import Hooks, Means
from .loads import LoadHooks, expired_by
from .picture import AnyState, instance_of

LOADERS = frozenset({"_load_for_state", "_load_scalar_attributes", "load_scalar_attributes", "_load_expired"})
"""The functions of SQLAlchemy in which a load of an attribute ends up; `state` is the name they give the instance's state."""

KNOW_THE_ATTRIBUTE = frozenset({"_load_for_state", "get"})
"""Those of them, and of their callers, that belong to one attribute."""


PYDANTIC, FASTAPI = f"{os.sep}pydantic{os.sep}", f"{os.sep}fastapi{os.sep}"


class Reading(NamedTuple):
    """A read that cannot be answered; `reader` is the response model or DTO that is being filled, if one is."""

    state: AnyState
    attribute: str
    reader: str = ""


class ErrorHooks(Hooks):
    """The wrappers of the constructors of two errors."""

    def __init__(self, means: Means, loads: LoadHooks) -> None:
        super().__init__(means)
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
                note(self, sys._getframe().f_back)
            except Exception as error:
                failed("errors", error)

        return __init__

    def note(self, error: Exception, frame: FrameType | None) -> None:
        """Tell of the read that raises this error, and put what is told below it."""
        reading = reading_of(self.observer.sites, frame)
        if reading is None or not self.observer.is_on:
            return
        query = self.loads.query_of(reading.state)
        life = query.life if query is not None else None
        key = life.key if life is not None else None
        is_detached = isinstance(error, DetachedInstanceError)
        instance = instance_of(reading.state, None if is_detached else key, key, expired_by(life))
        told = self.judge.unreadable(
            query, instance, reading.attribute, self.site(reading), type(error).__name__, reading.reader
        )
        if told:
            note = note_of(told[0].finding)
            add(error, note)
            self.observer.explained.append((str(error.args[0]), note))

    def site(self, reading: Reading) -> Site | None:
        """The user's line that reads; for a framework that fills a response model, the end of the endpoint."""
        site = self.observer.sites.here()
        request = self.observer.request()
        if site is not None and (self.observer.sites.is_users(site[0]) or not reading.reader or request is None):
            return site
        endpoint = (request.scope or {}).get("endpoint") if request is not None else None
        code = getattr(endpoint, "__code__", None)
        return site if code is None else (code, end_of(code))


def end_of(code: CodeType) -> int:
    """The offset at which a function returns, of several the last."""
    returns = [each.offset for each in dis.get_instructions(code) if each.opname == "RETURN_VALUE"]
    return returns[-1] if returns else 0


def reading_of(sites: Sites, frame: FrameType | None) -> Reading | None:
    """The load of an attribute that is going on above a frame; a strategy, which knows the attribute, comes before others."""
    found: Reading | None = None
    user: FrameType | None = None
    reader = ""
    for each in _above(frame):
        kind = sites.kind(each.f_code.co_filename)
        if kind in {PROJECT, END}:
            user = each if kind == PROJECT else None
            break
        reader = reader or _reader(each)
        name = each.f_code.co_name
        if (name in LOADERS or (found and name == "get")) and (state := _state(each)) is not None:
            key = getattr(each.f_locals.get("self"), "key", None) if name in KNOW_THE_ATTRIBUTE else None
            if found is None or key is not None:
                found = Reading(state, key if isinstance(key, str) else found.attribute if found else "")
    if found is None:
        return None
    return Reading(found.state, found.attribute or _attribute_at(user, found.state), reader)


def _reader(frame: FrameType) -> str:
    """The name of the model that Pydantic fills in a frame; FastAPI fills those of responses."""
    file = frame.f_code.co_filename
    if PYDANTIC in file and isinstance(model := frame.f_locals.get("cls"), type):
        return model.__name__
    return "the response model" if PYDANTIC in file or FASTAPI in file else ""


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
