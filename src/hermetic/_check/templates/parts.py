"""A piece of a template that stands in another one, as a statement of its own kind."""

from __future__ import annotations

import ast
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .pages import Page


class Part(ast.stmt):
    """A block, an include, or the body of a macro that is called.

    `given` are the names that it gets beside those around it, or instead of them where it is `isolated`.
    """

    _fields = ()

    def __init__(self, page: Page, write: Callable[[], list[ast.stmt]]) -> None:
        super().__init__()
        self.page = page
        self.given: tuple[tuple[str, ast.expr], ...] = ()
        self.isolated = False
        self._write = write

    @cached_property
    def body(self) -> list[ast.stmt]:
        """Its statements, written when they are asked for: a macro may call itself."""
        return self._write()
