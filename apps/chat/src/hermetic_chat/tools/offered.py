"""What a tool is to a model, what a call of it asks, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pydantic import JsonValue


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool of a server; `schema` is the JSON Schema of its arguments."""

    server: str
    name: str
    description: str
    schema: Mapping[str, JsonValue]

    @property
    def full_name(self) -> str:
        """One name for the tool among all servers."""
        return f"{self.server}__{self.name}"


@dataclass(frozen=True, slots=True)
class Call:
    """A model asks for a tool, by its full name."""

    id: str
    tool: str
    arguments: Mapping[str, JsonValue] = field(default_factory=dict)
    unreadable: str = ""
    """What the model gave instead of arguments, when it was no JSON object."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a call: `text` for a reader, `data` where the tool gave something structured."""

    text: str
    data: JsonValue = None
    failed: bool = False
    duration_ms: int = 0
