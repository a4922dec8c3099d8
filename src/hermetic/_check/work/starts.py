"""What a program is looked at from: the bodies of its modules, and each function that has to do with sessions."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from ..program.definitions import Global
from .units import UnitKey

if TYPE_CHECKING:
    from ..analyzer import Analyzer
    from ..program.modules import Module


def starts(analyzer: Analyzer, module: Module) -> Iterator[UnitKey]:
    """The units of a module that are each looked at, the module's body first."""
    yield "body", module.name
    for function in module.contents.functions:
        if function in analyzer.relevance.concerned:
            yield "function", module.name, function.ident


def look_at(analyzer: Analyzer, start: UnitKey) -> None:
    """Look at one of them, and at all that it asks for."""
    match start:
        case "body", module:
            analyzer.units.ask(start, partial(analyzer.explore_module, analyzer.project.modules[module]), None)
        case "function", _, ident:
            analyzer.summaries.of(analyzer.function_named(ident))
        case "field", _, cls, name:
            analyzer.fields.unit(analyzer.class_named(cls), name)
        case "variable", module, at:
            variable = analyzer.project.modules[module].named(at.partition(":")[0])
            assert isinstance(variable, Global)
            analyzer.names.unit(variable)


def is_there(analyzer: Analyzer, key: UnitKey) -> bool:
    """Whether a program has a unit of this name that can be looked at by itself; not so for variables of a class."""
    match key:
        case "body", module:
            return module in analyzer.project.modules
        case "function", _, ident:
            return analyzer.has(ident)
        case "field", _, cls, _:
            return analyzer.has(cls)
        case "variable", module, at if module in analyzer.project.modules:
            found = analyzer.project.modules[module].named(at.partition(":")[0])
            return isinstance(found, Global) and analyzer.names.key(found) == key
        case _:
            return False


def size_of(analyzer: Analyzer, start: UnitKey) -> int:
    """About how much work one of them is: the lines of a function, nothing to speak of for a body."""
    if start[0] != "function":
        return 1
    node = analyzer.function_named(start[-1]).head
    return (node.end_lineno or node.lineno) - node.lineno + 1
