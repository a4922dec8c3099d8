"""The source of a projection made into functions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from .layout import Query
from .source import Source

Rows = list[Any]  # Any: rows as the driver hands them out
Groups = dict[Any, list[Any]]  # Any: keys and DTOs of whatever class


@dataclass(frozen=True, slots=True)
class Built:
    """The functions for one query: `build` makes the DTOs, `keys` says what the queries below have to look for."""

    build: Callable[..., Any]
    keys: tuple[Callable[[Rows], list[Any]], ...]
    processors: Mapping[int, Callable[[Any], Any]]  # Any: the driver's value in, the column's out

    def value(self, row: Any, place: int) -> Any:
        """The value at a place in a row, converted. Any: a row of the driver, a value of whatever type."""
        return self.processors[place](row[place]) if place in self.processors else row[place]


def compile_query(
    query: Query, processors: Mapping[int, Callable[[Any], Any]], validate: bool | None, within: str
) -> Built:
    """Compile the functions for a query; `processors` convert the driver's value at a place in the row."""
    source = Source(query, processors, validate, within)
    code = compile(source.text(), f"<projection {query.node.plan.shape.name}>", "exec")
    names: dict[str, Any] = source.names | {f"p{place}": processor for place, processor in processors.items()}
    exec(code, names)
    return Built(names["build"], tuple(names[f"keys_{number}"] for number in range(len(query.below))), processors)
