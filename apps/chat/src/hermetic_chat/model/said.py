"""What a conversation is made of, and what a model has to be able to do."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from ..tools.offered import Call, Outcome, Tool


class ModelFailed(Exception):
    """The model did not answer; the text tells why, in one line."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What the user said."""

    text: str


@dataclass(frozen=True, slots=True)
class Answered:
    """What the assistant said, and the tools it asked for with that."""

    text: str
    calls: tuple[Call, ...] = ()


@dataclass(frozen=True, slots=True)
class Returned:
    """What came of a call."""

    call: Call
    outcome: Outcome


Said = Asked | Answered | Returned


class Model(Protocol):
    """Somebody who answers."""

    name: str

    def reply(self, conversation: Sequence[Said], tools: Sequence[Tool]) -> AsyncIterator[str | Call]:
        """The next thing to say, piece by piece, and the tools to call before it goes on. Raises ModelFailed.

        When it asks for tools, it is asked again with what came of them; without, the answer is complete.
        """
        ...

    async def close(self) -> None:
        """Give back what it holds."""
        ...
