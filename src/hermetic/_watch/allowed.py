"""What the user has allowed: by a comment on the line, or by `hermetic.allow` around the code."""

from __future__ import annotations

import ast
import inspect
import linecache
from collections.abc import Callable, Hashable
from contextvars import ContextVar, Token
from functools import wraps
from types import CodeType, TracebackType
from typing import ParamSpec, TypeVar

from .._catalogue import catalogue
from .._where import Sites

P = ParamSpec("P")
R = TypeVar("R")

_HERE: ContextVar[frozenset[str]] = ContextVar("hermetic_allowed", default=frozenset())


class allow:
    """Let the named hazards happen: `with allow("late-commit"): …`, or as a decorator of a function or coroutine.

    What was allowed is not told, nor counted. Names are slugs or codes; one that names no hazard raises ValueError.
    """

    def __init__(self, *slugs: str) -> None:
        by_name = {name: slug for slug, hazard in catalogue().items() for name in (slug, hazard.code)}
        unknown = [slug for slug in slugs if slug not in by_name]
        if unknown or not slugs:
            raise ValueError(f"allow() takes the slugs of hazards; {', '.join(unknown) or 'nothing'} names none")
        self._slugs = frozenset(by_name[slug] for slug in slugs)
        self._tokens: list[Token[frozenset[str]]] = []

    def __enter__(self) -> None:
        self._tokens.append(_HERE.set(_HERE.get() | self._slugs))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _HERE.reset(self._tokens.pop())

    def __call__(self, function: Callable[P, R]) -> Callable[P, R]:
        """The function, with what it does allowed."""
        slugs = tuple(self._slugs)
        if inspect.iscoroutinefunction(function):

            @wraps(function)
            async def awaited(*args: P.args, **kwargs: P.kwargs) -> object:
                with allow(*slugs):
                    return await function(*args, **kwargs)

            return awaited  # type: ignore[return-value]  # a coroutine function in, a coroutine function out

        @wraps(function)
        def called(*args: P.args, **kwargs: P.kwargs) -> R:
            with allow(*slugs):
                return function(*args, **kwargs)

        return called


class Allowed:
    """The comments of the user's files, each read when the first finding falls into its file."""

    def __init__(self, sites: Sites) -> None:
        self._sites = sites
        self._files: dict[str, list[tuple[str, int, int]]] = {}

    def covers(self, slug: str, site: Hashable, line: int) -> bool:
        """Whether a finding of a hazard at a line is allowed, there or by the running code."""
        if slug in _HERE.get():
            return True
        if not isinstance(site, tuple) or not isinstance(site[0], CodeType):
            return False
        file = site[0].co_filename
        if file not in self._files:
            self._files[file] = list(_comments(file))
        return any(slug == allowed and first <= line <= last for allowed, first, last in self._files[file])


def _comments(file: str) -> list[tuple[str, int, int]]:
    """(slug, first line, last line) of what the comments of a file allow; nothing of one that cannot be read."""
    from .._allowances import allowances

    text = "".join(linecache.getlines(file))
    by_name = {name.lower(): slug for slug, hazard in catalogue().items() for name in (slug, hazard.code)}
    try:
        found = list(allowances(text, lambda: ast.parse(text)))
    except (SyntaxError, ValueError):
        return []
    return [
        (by_name[name.strip().lower()], *allowance.lines)
        for allowance in found
        for name in allowance.names
        if name.strip().lower() in by_name
    ]
