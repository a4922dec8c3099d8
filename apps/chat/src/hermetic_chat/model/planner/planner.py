"""The planner itself: question to calls, outcomes to an answer, and nothing kept between two questions."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import takewhile

from anyascii import anyascii
from pydantic import JsonValue

from ...language import catalogue
from ...tools.offered import Call, Outcome, Tool
from ..said import Asked, Returned, Said
from .choosing import Chooser, arguments, required
from .filling import LIMITS, Reader, nested
from .wording import Wording
from .words import is_russian, lexicon, meanings, words

SHORTEST, ENOUGH_ALIKE = 3, 0.6
PIECE = re.compile(r"\s*\S+|\s+$")


@dataclass(frozen=True, slots=True)
class Known:
    """A part of the question that is answered, or cannot be."""

    text: str


class Planner:
    """A model that is none: it works offline, and is the same every time."""

    name = "planner"

    async def reply(self, conversation: Sequence[Said], tools: Sequence[Tool]) -> AsyncIterator[str | Call]:
        """As `Model.reply`: the calls that the question needs next, else the answer, word by word."""
        question, returned = _latest(conversation)
        wording = Wording(catalogue("ru" if is_russian(question) else "en"))
        plan = Plan(question, tools, returned, wording)
        steps = list(plan.steps())
        calls = [step for step in steps if isinstance(step, Call)]
        if calls:
            for call in calls:
                yield call
            return
        answer = "\n\n".join(step.text for step in steps if isinstance(step, Known)) or wording.nothing(tools)
        for piece in PIECE.findall(answer):
            yield piece

    async def close(self) -> None:
        """There is nothing to give back."""


class Plan:
    """What is to be done for one question, given what has come of it so far."""

    def __init__(
        self, question: str, tools: Sequence[Tool], returned: Mapping[str, Returned], wording: Wording
    ) -> None:
        self._question = question
        self._chooser = Chooser(tools)
        self._returned = returned
        self._wording = wording
        self._today = datetime.now().astimezone()

    def steps(self) -> Iterator[Call | Known]:
        """For each part of the question the call to make, or what is known."""
        for number, (clause, tool) in enumerate(self._chooser.clauses(self._question), start=1):
            yield self._step(str(number), clause, tool)

    def _step(self, number: str, clause: str, tool: Tool) -> Call | Known:
        done = self._returned.get(number)
        if done is not None:
            return Known(self._wording.outcome(tool, done.call, done.outcome))
        found = Reader(clause, tool, self._today).arguments()
        for name in [name for name in required(tool) if name not in found]:
            looked = self._look_up(number, clause, tool, name)
            if isinstance(looked, Call | Known):
                return looked
            if looked is not None:
                found[name] = looked
        missing = [name for name in required(tool) if name not in found]
        return Known(self._wording.missing(tool, missing)) if missing else Call(number, tool.full_name, nested(found))

    def _look_up(self, number: str, clause: str, tool: Tool, name: str) -> Call | Known | JsonValue:
        """An id that the question does not say, found by the name of what has it with another tool."""
        if name != "id" and not name.endswith("_id"):
            return None
        actions = lexicon().actions
        things = meanings(name.removesuffix("_id")) if name != "id" else meanings(tool.name.replace("_", " ")) - actions
        key = f"{number}.{name}"
        if key in self._returned:
            return _identified(self._returned[key].outcome, clause, name)
        for thing in sorted(things):
            for lookup in self._chooser.lookups(thing):
                read = Reader(clause, lookup, self._today).arguments()
                given = {each: value for each, value in read.items() if each in required(lookup) or each == "email"}
                given |= _as_many_as_there_are(lookup)
                if lookup.full_name != tool.full_name and given.keys() >= set(required(lookup)):
                    return Call(key, lookup.full_name, nested(given))
        return None


def _latest(conversation: Sequence[Said]) -> tuple[str, dict[str, Returned]]:
    """The last question, and what came of the calls that were made for it."""
    question, returned = "", dict[str, Returned]()
    for said in conversation:
        if isinstance(said, Asked):
            question, returned = said.text, {}
        elif isinstance(said, Returned):
            returned[said.call.id] = said
    return question, returned


def _identified(outcome: Outcome, clause: str, name: str) -> JsonValue:
    """The id of the record that has most words of the question in it; None when that could be several."""
    if outcome.failed:
        return None
    asked = {_sound(word.text) for word in words(clause) if word.meanings}
    scored = []
    for record in _records(outcome.data):
        key = record.get("id", record.get(name))
        texts = " ".join(str(value) for value in record.values() if isinstance(value, str))
        held = {_sound(word.text) for word in words(texts)}
        scored.append((sum(any(_alike(one, other) for other in held) for one in asked), key))
    best = max((score for score, _ in scored), default=0)
    keys = [key for score, key in scored if score == best and key is not None]
    return keys[0] if len(keys) == 1 and (best > 0 or len(scored) == 1) else None


def _as_many_as_there_are(lookup: Tool) -> dict[str, JsonValue]:
    """The largest page that a tool gives, so that what is looked for is on it."""
    most = {name: schema.get("maximum") for name, schema in arguments(lookup).items() if name in LIMITS}
    return {name: maximum for name, maximum in most.items() if isinstance(maximum, int)}


def _records(data: JsonValue) -> list[dict[str, JsonValue]]:
    """The records in what a tool returned, however deep a page of them wraps them."""
    if isinstance(data, list):
        return [record for each in data for record in _records(each)]
    if isinstance(data, dict):
        if "id" in data or any(name.endswith("_id") for name in data):
            return [data]
        return [record for each in data.values() for record in _records(each)]
    return []


def _sound(word: str) -> str:
    """A word in small Latin letters, so that Анны and Anna can meet."""
    return anyascii(word).lower()


def _alike(one: str, other: str) -> bool:
    """Whether two words are the same but for an ending."""
    common = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))
    return one == other or (common >= SHORTEST and common / max(len(one), len(other)) >= ENOUGH_ALIKE)
