"""Answers in Markdown, worded from what tools returned."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from gettext import NullTranslations

from pydantic import JsonValue

from ...tools.offered import Call, Outcome, Tool

MARKS = re.compile(r"([\\`*_\[\]<>|~#&!])")
LEADING = re.compile(r"^(\s*\d*)([-+=.)])", re.MULTILINE)
MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}")
MOST_ROWS, MOST_COLUMNS, LONGEST_CELL = 20, 6, 140
AT_LENGTH, QUOTED = 56, 600

Row = Mapping[str, JsonValue]


def plain(text: object) -> str:
    """A text that Markdown shows as it is: whatever a tool returned is no markup."""
    return LEADING.sub(r"\1\\\2", MARKS.sub(r"\\\1", str(text)))


class Wording:
    """How the planner says things, in one language."""

    def __init__(self, texts: NullTranslations) -> None:
        self._texts = texts

    def outcome(self, tool: Tool, call: Call, outcome: Outcome) -> str:
        """What a tool was asked, and what it said."""
        asked = ", ".join(f"{name}: {plain(_scalar(value))}" for name, value in call.arguments.items())
        named = f"**{plain(tool.name)}** ({plain(tool.server)})"
        head = (
            self._texts.gettext("I called %(tool)s with %(arguments)s.")
            if asked
            else self._texts.gettext("I called %(tool)s.")
        )
        head %= {"tool": named, "arguments": asked}
        if outcome.failed:
            failed = self._texts.gettext("It failed:")
            return f"{head} {failed}\n\n{_quoted(outcome.text)}"
        return f"{head}\n\n{self._told(outcome)}"

    def missing(self, tool: Tool, names: Sequence[str]) -> str:
        """What the question does not say."""
        wanted = ", ".join(f"**{plain(name.replace('_', ' '))}**" for name in names)
        return self._texts.gettext(
            "To use %(tool)s I need to know: %(names)s. Ask again with that in one sentence."
        ) % {
            "tool": f"**{plain(tool.name)}**",
            "names": wanted,
        }

    def nothing(self, tools: Sequence[Tool]) -> str:
        """That no tool fits, and which there are."""
        honest = self._texts.gettext(
            "I am the offline planner, not a language model: I choose tools by their descriptions and tell what they "
            "return. No tool fits this question."
        )
        if not tools:
            return f"{honest} " + self._texts.gettext("There are no tools at the moment.")
        listed = "\n".join(f"- **{plain(tool.name)}** ({plain(tool.server)}): {_first(tool)}" for tool in tools)
        return f"{honest} " + self._texts.gettext("These are there:") + f"\n\n{listed}"

    def _told(self, outcome: Outcome) -> str:
        """The data as a table, a list or a quotation, whichever fits."""
        data = outcome.data
        rows, rest = _rows(data)
        if rows is None and isinstance(data, dict):
            return _listed(data)
        if rows is None:
            return (
                _quoted(outcome.text if data is None else str(data))
                if outcome.text
                else self._texts.gettext("It returned nothing.")
            )
        if not rows:
            return self._texts.gettext("It found nothing.")
        count = self._texts.ngettext("It returned %(count)s entry.", "It returned %(count)s entries.", len(rows)) % {
            "count": len(rows)
        }
        shown = rows[:MOST_ROWS]
        parts = [count, _told_at_length(shown) or _table(shown)]
        if len(rows) > MOST_ROWS:
            parts.append(self._texts.gettext("The first %(count)s are shown.") % {"count": MOST_ROWS})
        if rest:
            parts.append(_listed(rest))
        return "\n\n".join(parts)


def _rows(data: JsonValue) -> tuple[list[Row] | None, Row]:
    """The list of records in some data, and what stands beside it."""
    if isinstance(data, list):
        return [row if isinstance(row, dict) else {"": row} for row in data], {}
    if isinstance(data, dict):
        lists = [name for name, value in data.items() if isinstance(value, list)]
        if len(lists) == 1:
            found, _ = _rows(data[lists[0]])
            return found, {name: value for name, value in data.items() if name != lists[0] and value is not None}
    return None, {}


def _told_at_length(rows: Sequence[Row]) -> str:
    """Records with a long text as quotations, and the rest of each below; "" where a table is wide enough for all."""
    columns = _columns(rows)
    lengths = {name: max(len(_scalar(row.get(name))) for row in rows) for name in columns}
    longest = max(columns, key=lambda name: lengths[name], default="")
    if lengths.get(longest, 0) < AT_LENGTH:
        return ""
    told = []
    for row in rows:
        rest = " · ".join(cell for name in columns if name != longest and (cell := _cell(row.get(name))))
        told.append(f"> {_cell(row.get(longest), QUOTED)}\n>\n> — {rest}")
    return "\n\n".join(told)


def _columns(rows: Sequence[Row]) -> list[str]:
    """What is told of records: what any of them has, but no number of a thing whose name is there too."""
    names = [name for name in dict.fromkeys(name for row in rows for name in row) if _is_shown(rows, name)]
    return [name for name in names if name.removesuffix("_id") not in names or not name.endswith("_id")][:MOST_COLUMNS]


def _table(rows: Sequence[Row]) -> str:
    """Records as a table, with the columns of the first; a list where there is one column only."""
    columns = _columns(rows)
    if columns == [""]:
        return "\n".join(f"- {_cell(row[''])}" for row in rows)
    lines = [[_heading(name) for name in columns], ["---"] * len(columns)]
    lines += [[_cell(row.get(name)) for name in columns] for row in rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _is_shown(rows: Sequence[Row], name: str) -> bool:
    """Whether any record has something plain under a name."""
    return any(row.get(name) not in (None, "") and not isinstance(row.get(name), dict | list) for row in rows)


def _listed(record: Row) -> str:
    return "\n".join(
        f"- **{_heading(name)}**: {_cell(value)}" for name, value in record.items() if value not in (None, "", [], {})
    )


def _heading(name: str) -> str:
    return plain(name.replace("_", " ").capitalize())


def _cell(value: JsonValue, longest: int = LONGEST_CELL) -> str:
    text = " ".join(_scalar(value).split())
    return plain(text if len(text) <= longest else text[: longest - 1] + "…")


def _scalar(value: JsonValue) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "✓" if value else "–"
        case str() if MOMENT.match(value):
            return value[:16].replace("T", " ")
        case dict():
            return ", ".join(f"{name}: {_scalar(each)}" for name, each in value.items())
        case list():
            return ", ".join(_scalar(each) for each in value)
        case _:
            return str(value)


def _quoted(text: str) -> str:
    return "\n".join(f"> {line}" for line in plain(text).splitlines())


def _first(tool: Tool) -> str:
    return plain((tool.description.strip().splitlines() or [""])[0])
