"""Finds the user's own line behind what happens inside a library, cheaply enough to do it at every step."""

from __future__ import annotations

import dis
import linecache
import os
import sys
import sysconfig
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from types import CodeType, CoroutineType, FrameType

Site = tuple[CodeType, int]
"""A code site: a code object and the offset of an instruction in it; formatted only when somebody looks at it."""

Spot = tuple[int, int]
"""A site as a key of tables that are asked at every step: to hash a code object goes over all its constants each time."""

DEEPEST = 200
"""A walk gives up after so many frames: a recursion that deep has its nearest user's frame higher up or nowhere."""

SKIPPED, LIBRARY, PROJECT, END = 0, 1, 2, 3
"""What a frame is: machinery between, a library, the user's, or an event loop, above which nobody has asked for what it runs."""

_SEP = os.sep
_STDLIB = tuple({sysconfig.get_paths()[name] + _SEP for name in ("stdlib", "platstdlib")})
_OURS = os.path.dirname(os.path.abspath(__file__)) + _SEP
_INSTALLED = (f"{_SEP}site-packages{_SEP}", f"{_SEP}dist-packages{_SEP}")
_WRAPPERS = ("sqlalchemy", "sqlmodel", "greenlet", "flask_sqlalchemy", "advanced_alchemy")
_LOOPS = (f"{_SEP}asyncio{_SEP}events.py", f"{_SEP}asyncio{_SEP}runners.py")
_TYPED_IN = ("<stdin>", "<ipython-input", "<console>", "<doctest")


@dataclass(frozen=True, slots=True)
class Place:
    """A site as people read it: lines and columns count from 1, `function` is dotted, `text` is what stands there."""

    file: str
    line: int
    column: int
    end_line: int
    end_column: int
    function: str
    source: str
    text: str


class Kinds(dict[str, int]):
    """What each file is, found out when it is met first."""

    def __init__(self, kind_of: Callable[[str], int]) -> None:
        super().__init__()
        self._kind_of = kind_of

    def __missing__(self, file: str) -> int:
        kind = self[file] = self._kind_of(file)
        return kind


class Sites:
    """Tells the user's frames from all others, for one folder of their code."""

    __slots__ = ("_base", "_kinds", "_root")

    def __init__(self, root: str = "") -> None:
        self._root = os.path.abspath(root) + _SEP if root else ""
        self._base = self._root or os.getcwd() + _SEP
        self._kinds = Kinds(self._kind_of)

    def here(self, within: FrameType | None = None) -> Site | None:
        """The nearest frame of the user's code, else the nearest of a library that is not a wrapper of SQLAlchemy.

        The walk begins at the caller, or at a frame that it is `within`, which spares it those between.
        """
        frame: FrameType | None = within or sys._getframe(1)
        kinds, fallback, greenlet = self._kinds, None, None
        for _ in range(DEEPEST):
            if frame is None:
                greenlet = _parent(greenlet)
                frame = getattr(greenlet, "gr_frame", None)
                if frame is None:
                    return fallback
            # The most frames are skipped; what comes before they are known to be counts most in all of watching.
            kind = kinds[frame.f_code.co_filename]
            if kind:
                if kind == PROJECT:
                    return frame.f_code, frame.f_lasti
                if kind == END:
                    return fallback
                if fallback is None:
                    fallback = frame.f_code, frame.f_lasti
            frame = frame.f_back
        return fallback

    def is_users(self, code: CodeType) -> bool:
        """Whether code is the user's own."""
        return self.kind(code.co_filename) == PROJECT

    def kind(self, file: str) -> int:
        """What a file is: PROJECT, LIBRARY, or SKIPPED for the machinery between the two."""
        return self._kinds[file]

    def frames(self) -> list[FrameType]:
        """The frames of the user's code on the stack, innermost first."""
        found: list[FrameType] = []
        frame: FrameType | None = sys._getframe(1)
        greenlet = None
        for _ in range(DEEPEST):
            if frame is None:
                greenlet = _parent(greenlet)
                frame = getattr(greenlet, "gr_frame", None)
                if frame is None:
                    break
            kind = self.kind(frame.f_code.co_filename)
            if kind == PROJECT:
                found.append(frame)
            elif kind == END:
                break
            frame = frame.f_back
        return found

    def _kind_of(self, file: str) -> int:
        if file.startswith("<"):
            return PROJECT if file.startswith(_TYPED_IN) else SKIPPED
        if file.startswith(_OURS) or any(_is_of(wrapper, file) for wrapper in _WRAPPERS):
            return SKIPPED
        if any(folder in file for folder in _INSTALLED):
            return LIBRARY
        if file.startswith(_STDLIB):
            return END if file.endswith(_LOOPS) else SKIPPED
        return PROJECT if file.startswith(self._root) or not os.path.isabs(file) else LIBRARY

    def place(self, site: Site) -> Place:
        """A site as people read it; its file is relative to the root where it lies below it, with forward slashes."""
        code, offset = site
        line, end_line, column, end_column = positions(code, offset)
        source = linecache.getline(code.co_filename, line).rstrip("\n")
        raw = source.encode()
        last = end_column if end_line == line else len(raw)
        return Place(
            self._relative(code.co_filename),
            line,
            column + 1,
            end_line,
            end_column + 1,
            code.co_qualname.replace("<locals>.", "").replace("<module>", ""),
            source.strip(),
            raw[column:last].decode(errors="replace").strip(),
        )

    def _relative(self, file: str) -> str:
        return file.removeprefix(self._base).replace(os.sep, "/")


def spot_of(site: Site | None) -> Spot | None:
    """What tells a site apart from all others as long as its code lives."""
    return None if site is None else (id(site[0]), site[1])


def positions(code: CodeType, offset: int) -> tuple[int, int, int, int]:
    """Line, end line, column and end column of an instruction; lines from 1, columns from 0, in bytes."""
    return _positions(code, offset)


@lru_cache(maxsize=1024)
def _positions(code: CodeType, offset: int) -> tuple[int, int, int, int]:
    for index, (line, end_line, column, end_column) in enumerate(code.co_positions()):
        if index == offset // 2:
            line = line or code.co_firstlineno
            return line, end_line or line, column or 0, end_column or 0
    return code.co_firstlineno, code.co_firstlineno, 0, 0


def is_sqlalchemy(code: CodeType) -> bool:
    """Whether code is SQLAlchemy's own."""
    return _is_of("sqlalchemy", code.co_filename)


def _is_of(package: str, file: str) -> bool:
    """Whether code that runs is of an imported package: a folder of the user's may bear the same name."""
    folders = getattr(sys.modules.get(package), "__path__", ())
    return any(file.startswith(f"{folder}{_SEP}") for folder in folders)


def is_in_loop(site: Site | None) -> bool:
    """Whether an instruction stands in the body of a `for` loop or of a comprehension that goes on after it."""
    return site is not None and any(first <= site[1] <= last for first, last in _loops(site[0]))


@lru_cache(maxsize=256)
def _loops(code: CodeType) -> tuple[tuple[int, int], ...]:
    """The first and last offset of every turn of a loop over an iterable."""
    instructions = list(dis.get_instructions(code))
    named = [
        (each.offset, each.opname) for each in instructions if each.opname in _NEXT or each.opname == "EXTENDED_ARG"
    ]
    nexts: dict[int, bool] = {}
    for offset, name in reversed(named):
        nexts[offset] = name in _NEXT or nexts.get(offset + 2, False)
    return tuple(
        (each.argval, each.offset)
        for each in instructions
        if each.opname.startswith("JUMP_BACKWARD") and nexts.get(each.argval, False)
    )


_NEXT = frozenset({"FOR_ITER", "GET_ANEXT"})
"""The instructions that ask an iterator for its next item; a loop jumps back to one."""


def waiting_at(coroutine: object, sites: Sites, within: CodeType | None = None) -> Site | None:
    """The innermost user's frame of a coroutine that waits; None when it is not `within` a function that is given."""
    found: Site | None = None
    is_within = within is None
    while isinstance(coroutine, CoroutineType):
        frame = coroutine.cr_frame
        if frame is not None and sites.kind(frame.f_code.co_filename) == PROJECT:
            found = frame.f_code, frame.f_lasti
            is_within = is_within or frame.f_code is within
        coroutine = coroutine.cr_await
    return found if is_within else None


def _parent(greenlet: object) -> object:
    """The greenlet around this one, or around the running one: inside an AsyncSession the stack ends at a greenlet."""
    if greenlet is not None:
        return getattr(greenlet, "parent", None)
    module = sys.modules.get("greenlet")
    running = module.getcurrent() if module is not None and hasattr(module, "getcurrent") else None
    return getattr(running, "parent", None)
