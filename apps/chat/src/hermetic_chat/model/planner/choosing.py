"""Which tool a question asks for, told by the tools' own names, descriptions and arguments."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence

from ...tools.offered import Tool
from .words import lexicon, meanings

IN_NAME, IN_DESCRIPTION, IN_ARGUMENTS = 3.0, 1.0, 0.5
ENOUGH = 2.0
CLAUSES = re.compile(r"(?<=[.;?!])\s+|\s+(?:and then|then|and|а также|а потом|потом|и)\s+", re.IGNORECASE)


class Chooser:
    """Compares questions with a set of tools: the rarer a word among the tools, the more it says."""

    def __init__(self, tools: Sequence[Tool]) -> None:
        self._tools = tools
        self._weights = [weights(tool) for tool in tools]
        among = Counter(meaning for each in self._weights for meaning in each)
        self._rarity = {meaning: math.log(1 + len(tools) / count) for meaning, count in among.items()}

    def choose(self, question: str) -> Tool | None:
        """The tool that fits best, or None where none fits well enough."""
        asked = meanings(question)
        scored = [(self._score(asked, index), -index) for index in range(len(self._tools))]
        best, index = max(scored, default=(0.0, 0))
        return self._tools[-index] if best >= ENOUGH else None

    def clauses(self, question: str) -> list[tuple[str, Tool]]:
        """The parts of a question that ask for tools of their own, or the whole with its tool, or nothing."""
        parts = [part for part in CLAUSES.split(question) if part.strip()]
        chosen = [(part, tool) for part in parts if (tool := self.choose(part)) is not None]
        if len(chosen) == len(parts) and len({tool.full_name for _, tool in chosen}) == len(parts) > 1:
            return chosen
        whole = self.choose(question)
        return [(question, whole)] if whole is not None else []

    def lookups(self, thing: str) -> list[Tool]:
        """Tools that read and tell of a thing by their names, those with the fewest demands first."""
        found = [
            tool
            for tool, weighed in zip(self._tools, self._weights, strict=True)
            if weighed.get(thing, 0) >= IN_NAME and not changes(tool)
        ]
        return sorted(found, key=lambda tool: (len(required(tool)), tool.full_name))

    def _score(self, asked: frozenset[str], index: int) -> float:
        known, weighed = lexicon(), self._weights[index]
        actions = meanings(self._tools[index].name.replace("_", " ")) & known.actions
        if actions and not actions & asked:
            return 0.0
        wanted = asked & known.actions
        common = asked & weighed.keys()
        if not common - known.actions - known.asking:
            return 0.0
        score = sum(weighed[meaning] * self._rarity[meaning] for meaning in common)
        return score / 2 if wanted - known.asking and not actions and not wanted & common else score


def weights(tool: Tool) -> Mapping[str, float]:
    """How much each meaning says about a tool."""
    properties = arguments(tool)
    weighed = dict.fromkeys(meanings(" ".join(_texts(properties))), IN_ARGUMENTS)
    weighed |= dict.fromkeys(meanings(tool.description), IN_DESCRIPTION)
    weighed |= dict.fromkeys(meanings(tool.name.replace("_", " ")), IN_NAME)
    return weighed


def changes(tool: Tool) -> bool:
    """Whether a tool changes something, by the verb in its name."""
    return bool(meanings(tool.name.replace("_", " ")) & lexicon().actions)


def arguments(tool: Tool) -> dict[str, dict[str, object]]:
    """The JSON Schema of each argument of a tool, with references to definitions followed."""
    properties = tool.schema.get("properties")
    definitions = tool.schema.get("$defs")
    if not isinstance(properties, dict):
        return {}
    known = definitions if isinstance(definitions, dict) else {}
    return {name: _plain(schema, known) for name, schema in properties.items() if isinstance(schema, dict)}


def required(tool: Tool) -> list[str]:
    """The arguments that a tool cannot do without."""
    named = tool.schema.get("required")
    return [str(name) for name in named] if isinstance(named, list) else []


def _plain(schema: Mapping[str, object], known: Mapping[str, object]) -> dict[str, object]:
    """A schema without `$ref`, and without the null of what is optional."""
    plain = dict(schema)
    kinds = plain.pop("anyOf", None) or plain.pop("allOf", None)
    for kind in kinds if isinstance(kinds, list) else []:
        if isinstance(kind, dict) and kind.get("type") != "null":
            plain = {**_plain(kind, known), **plain}
            break
    reference = plain.pop("$ref", None)
    target = known.get(str(reference).rpartition("/")[2]) if reference else None
    return {**target, **plain} if isinstance(target, dict) else plain


def _texts(properties: Mapping[str, Mapping[str, object]]) -> list[str]:
    texts = [name.replace("_", " ") for name in properties]
    for schema in properties.values():
        values = schema.get("enum")
        texts += [str(value) for value in values] if isinstance(values, list) else []
    return texts
