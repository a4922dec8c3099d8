"""Lets any text be written to any stream: signs that its encoding lacks become ASCII."""

from __future__ import annotations

_PLAIN = str.maketrans({
    "│": "|", "─": "-", "…": "...", "·": "-", "→": "->", "×": "x", "–": "-", "—": "-", "‘": "'", "’": "'",
    "“": '"', "”": '"', "•": "*", "≥": ">=", "≤": "<=", "\N{NO-BREAK SPACE}": " ",
    "┌": "+", "└": "+", "├": "+", "┐": "+", "┘": "+", "┤": "+", "━": "-", "═": "=", "║": "|", "╔": "+", "╚": "+",
    "╗": "+", "╝": "+", "▌": "|", "┏": "+", "┓": "+", "┗": "+", "┛": "+", "┃": "|",
})  # fmt: skip


def encodable(text: str, encoding: str | None) -> str:
    """The text as a stream of this encoding can take it; None means ASCII."""
    name = encoding or "ascii"
    try:
        text.encode(name)
    except LookupError:
        name = "ascii"
    except UnicodeError:
        pass
    else:
        return text
    plain = text.translate(_PLAIN) if not _takes("│…→", name) else text
    return plain.encode(name, "backslashreplace").decode(name)


def _takes(signs: str, encoding: str) -> bool:
    try:
        signs.encode(encoding)
    except UnicodeError:
        return False
    return True
