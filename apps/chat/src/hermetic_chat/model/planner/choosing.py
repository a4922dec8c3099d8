"""Which tool a question asks for, told by the tools' own names, descriptions and arguments."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence

from ...tools.offered import Tool
from .words import lexicon, meanings, words

IN_NAME, IN_DESCRIPTION, IN_ARGUMENTS = 3.0, 1.0, 0.5
ENOUGH = 2.0
EMAIL = re.compile(r"[^\s@,;<>\"']+@[^\s@,;<>\"']+\.[^\s@,;<>\"'.]+")
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
        asked = meanings(question) | ({"email"} if EMAIL.search(question) else set())
        wanted = demanded(question)
        scored = [(self._score(asked, wanted, index), -index) for index in range(len(self._tools))]
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

    def _score(self, asked: frozenset[str], wanted: frozenset[str], index: int) -> float:
        """How well a tool fits; one that changes something fits only where that is demanded, and no other one does then."""
        known, weighed = lexicon(), self._weights[index]
        actions = meanings(self._tools[index].name.replace("_", " ")) & known.actions
        common = asked & weighed.keys()
        if not common - known.actions - known.asking or bool(actions & wanted) != bool(actions or wanted):
            return 0.0
        return sum(weighed[meaning] * self._rarity[meaning] for meaning in common)


def demanded(question: str) -> frozenset[str]:
    """What the question demands to be changed: the action that it begins with, as `Which tasks are done?` does not."""
    telling = (word.meanings for word in words(question) if word.meanings)
    return next(telling, frozenset()) & lexicon().actions


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
    """The JSON Schema of each argument of a tool; those inside of an object are named as `goal.due`."""
    return {name: schema for name, (schema, _) in _flat(tool.schema, _definitions(tool)).items()}


def required(tool: Tool) -> list[str]:
    """The arguments that a tool cannot do without."""
    return [name for name, (_, is_needed) in _flat(tool.schema, _definitions(tool)).items() if is_needed]


def _definitions(tool: Tool) -> Mapping[str, object]:
    known = tool.schema.get("$defs")
    return known if isinstance(known, dict) else {}


def _flat(schema: Mapping[str, object], known: Mapping[str, object]) -> dict[str, tuple[dict[str, object], bool]]:
    """Each property of an object with whether it is needed, and instead of an object what is inside of it."""
    properties, needed = schema.get("properties"), schema.get("required")
    flat: dict[str, tuple[dict[str, object], bool]] = {}
    for name, each in properties.items() if isinstance(properties, dict) else ():
        plain = _plain(each, known)
        is_needed = isinstance(needed, list) and name in needed
        inner = _flat(plain, known) if plain.get("type") == "object" else {}
        flat |= {f"{name}.{key}": (value, is_needed and wanted) for key, (value, wanted) in inner.items()}
        if not inner:
            flat[name] = plain, is_needed
    return flat


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
    texts = [name.replace("_", " ").replace(".", " ") for name in properties]
    for schema in properties.values():
        values = schema.get("enum")
        texts += [str(value) for value in values] if isinstance(values, list) else []
    return texts
