"""The arguments of a tool, read from a question as the tool's JSON Schema asks for them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime

from dateparser.search import search_dates  # type: ignore[import-untyped]  # it has no types
from pydantic import JsonValue

from ...tools.offered import Tool
from .choosing import EMAIL, arguments, required
from .words import Word, is_russian, lexicon, meanings, meanings_of, words

QUOTED = re.compile(r"[\"“«„']([^\"”»“']{1,500})[\"”»“']")
NUMBER = re.compile(r"(?<![\w.])[-+]?\d+(?:[.,]\d+)?(?![\w])")
ISO_DATE = re.compile(r"(?<!\d)\d{4}-\d{2}-\d{2}(?!\d)")
AFTER_GAP = re.compile(r"[,;]\s{2,}")
AFTER_COLON = re.compile(r":\s+(.+)$", re.DOTALL)
LIMITS = frozenset({"limit", "top", "count", "size", "page_size", "max_results"})
FREE = ("title", "name", "query", "text", "q", "search", "description", "content", "note", "message", "subject")


class Reader:
    """One question, from which each argument takes what it needs; what one took, no other takes again."""

    def __init__(self, question: str, tool: Tool, today: datetime) -> None:
        self._question = question
        self._tool = tool
        self._today = today
        self._taken: list[tuple[int, int]] = []

    def arguments(self) -> dict[str, JsonValue]:
        """What the question says of the tool's arguments; what is not in it is left to the tool's defaults."""
        found: dict[str, JsonValue] = {}
        schemas = arguments(self._tool)
        looks = (
            self._choice,
            self._choices,
            self._email,
            self._date,
            self._quoted,
            self._near,
            self._number,
            self._free,
        )
        for look in looks:
            for path, schema in schemas.items():
                if path in found:
                    continue
                value = look(path.rpartition(".")[2], schema)
                if value is not None:
                    found[path] = value
        return found

    def _choices(self, name: str, schema: Mapping[str, object]) -> JsonValue:
        """The values of a list of an enumeration that words of the question mean."""
        items = schema.get("items")
        chosen = self._choice(name, items) if schema.get("type") == "array" and isinstance(items, dict) else None
        return [chosen] if chosen is not None else None

    def _choice(self, _name: str, schema: Mapping[str, object]) -> JsonValue:
        """The value of an enumeration that a word of the question means."""
        values = schema.get("enum")
        for value in values if isinstance(values, list) else []:
            wanted = meanings(str(value).replace("_", " "))
            for word in self._left():
                if wanted & word.meanings:
                    self._take(word.start, word.end)
                    return str(value)
        return None

    def _email(self, name: str, schema: Mapping[str, object]) -> JsonValue:
        if schema.get("format") != "email" and "email" not in name:
            return None
        return self._match(EMAIL, 0)

    def _date(self, name: str, schema: Mapping[str, object]) -> JsonValue:
        """A day that the question names, by a date or a word such as tomorrow."""
        if schema.get("format") not in ("date", "date-time"):
            return None
        plain = ISO_DATE.search(self._rest())
        if plain is not None and schema["format"] == "date":
            self._take(plain.start(), plain.end())
            return plain[0]
        language = "ru" if is_russian(self._question) else "en"
        told = {"RELATIVE_BASE": self._today.replace(tzinfo=None), "PREFER_DATES_FROM": "future"}
        for text, moment in search_dates(self._rest(), languages=[language], settings=told) or []:
            if not any(word.meanings and not word.text.isdigit() for word in words(text)):
                continue
            start = self._rest().index(text)
            self._take(start, start + len(text))
            return str(moment.date().isoformat() if schema["format"] == "date" else moment.isoformat())
        return None

    def _quoted(self, name: str, schema: Mapping[str, object]) -> JsonValue:
        return self._match(QUOTED, 1) if _is_free(name, schema) else None

    def _near(self, name: str, schema: Mapping[str, object]) -> JsonValue:
        """The number that stands by a word of the argument's name: `customer 3` is a customer_id, `5 tasks` a limit."""
        return self._numeral(schema, lambda match: self._belongs(name, match.start(), match.end()))

    def _number(self, name: str, schema: Mapping[str, object]) -> JsonValue:
        """A number that no argument's name stands by, for what the tool cannot do without."""
        return self._numeral(schema, lambda _: self._is_needed(name) and not name.endswith("id"))

    def _numeral(self, schema: Mapping[str, object], fits: Callable[[re.Match[str]], bool]) -> JsonValue:
        kind = schema.get("type")
        if kind not in ("integer", "number"):
            return None
        for match in NUMBER.finditer(self._rest()):
            if not fits(match):
                continue
            self._take(match.start(), match.end())
            number = float(match[0].replace(",", "."))
            return int(number) if kind == "integer" else number
        return None

    def _belongs(self, name: str, start: int, end: int) -> bool:
        """Whether a word that says what the argument is stands by a number."""
        before = [word for word in words(self._question) if word.end <= start]
        after = [word for word in words(self._question) if word.start >= end]
        if name in LIMITS:
            follows = bool(after) and bool(after[0].meanings & meanings(self._tool.name.replace("_", " ")))
            return follows or bool(before and before[-1].meanings & {"top", "last", "first"})
        thing = name.removesuffix("_id") if name != "id" else self._tool.name
        wanted = meanings(thing.replace("_", " ")) - lexicon().actions
        near = frozenset[str]().union(*(word.meanings for word in before[-2:]))
        return bool(wanted & near)

    def _is_needed(self, name: str) -> bool:
        return any(each.rpartition(".")[2] == name for each in required(self._tool))

    def _free(self, name: str, schema: Mapping[str, object]) -> JsonValue:
        """The words that say nothing of the tool itself: what to search for, or what to call something."""
        if not _is_free(name, schema) or name not in FREE or not self._is_needed(name):
            return None
        after = AFTER_COLON.search(self._rest())
        if after is not None:
            self._take(after.start(1), after.end(1))
            return _trimmed(after[1])
        own = meanings(self._tool.name.replace("_", " ")) | lexicon().asking | meanings_of(self._tool.server)
        words_left = [word for word in self._left() if word.meanings and not word.meanings & own]
        if not words_left:
            return None
        first, last = words_left[0], words_left[-1]
        searched = name in ("query", "q", "search")
        found = AFTER_GAP.split(self._rest()[first.start : last.end])[0]
        text = [word.text for word in words_left] if searched else found.split()
        self._take(first.start, last.end)
        return " ".join(text)

    def _match(self, pattern: re.Pattern[str], group: int) -> str | None:
        match = pattern.search(self._rest())
        if match is None:
            return None
        self._take(match.start(), match.end())
        return match[group].strip()

    def _take(self, start: int, end: int) -> None:
        self._taken.append((start, end))

    def _rest(self) -> str:
        """The question, with blanks where something was taken."""
        signs = list(self._question)
        for start, end in self._taken:
            signs[start:end] = " " * (end - start)
        return "".join(signs)

    def _left(self) -> Iterator[Word]:
        return iter(words(self._rest()))


def _is_free(name: str, schema: Mapping[str, object]) -> bool:
    """Whether an argument takes any text."""
    return schema.get("type") == "string" and "enum" not in schema and "format" not in schema and "email" not in name


def _trimmed(text: str) -> str:
    """A text without what was taken out of it, and without the little words that are left hanging at its end."""
    kept = text.split()
    while kept and not meanings_of(kept[-1].strip(".,;")):
        kept.pop()
    return " ".join(kept).rstrip(".,;")


def nested(found: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """Arguments as the tool takes them: `goal.due` is `due` in the object `goal`."""
    whole: dict[str, JsonValue] = {}
    for path, value in found.items():
        outer, _, inner = path.partition(".")
        if not inner:
            whole[outer] = value
            continue
        inside = whole.setdefault(outer, {})
        if isinstance(inside, dict):
            inside[inner] = value
    return whole
