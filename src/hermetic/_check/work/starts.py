"""What a program is looked at from: the bodies of its modules, and each function that has to do with sessions."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from .units import UnitKey

if TYPE_CHECKING:
    from ..analyzer import Analyzer
    from ..program.modules import Module


def starts(analyzer: Analyzer, module: Module) -> Iterator[UnitKey]:
    """The units of a module that are each looked at, the module's body first."""
    yield "body", module.name
    for function in module.functions:
        if function in analyzer.relevance.concerned:
            yield "function", module.name, function.ident


def look_at(analyzer: Analyzer, start: UnitKey) -> None:
    """Look at one of them, and at all that it asks for."""
    kind, module, *_ = start
    if kind == "body":
        analyzer.units.ask(start, partial(analyzer.explore_module, analyzer.project.modules[module]), None)
    else:
        analyzer.summaries.of(analyzer.function_named(start[-1]))


def size_of(analyzer: Analyzer, start: UnitKey) -> int:
    """About how much work one of them is: the lines of a function, nothing to speak of for a body."""
    if start[0] == "body":
        return 1
    node = analyzer.function_named(start[-1]).node
    return (node.end_lineno or node.lineno) - node.lineno + 1
