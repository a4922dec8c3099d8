"""Tells in which function of a program a site lies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..program.modules import Function

if TYPE_CHECKING:
    from ..analyzer import Analyzer
    from ..paths.state import Site


class Enclosing:
    """The functions of a program, by file."""

    def __init__(self, analyzer: Analyzer) -> None:
        self._functions: dict[str, list[Function]] = {}
        for module in analyzer.project.modules.values():
            self._functions.setdefault(module.file.name, []).extend(module.contents.functions)

    def function(self, site: Site) -> Function | None:
        """The innermost function that holds a site."""
        holding = (
            function
            for function in self._functions.get(site.file, ())
            if function.head.lineno <= site.line <= (function.head.end_lineno or 0)
        )
        return max(holding, key=lambda function: function.head.lineno, default=None)
