"""Reads what comments allow: `# hermetic: allow[slug] reason` and `# noqa: CODE reason`, and the lines they speak of."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from ._catalogue import catalogue

_COMMENT = re.compile(
    r"#\s*hermetic:\s*(?P<verb>allow-file|allow|ignore|disable|noqa|allowfile|allow_file)\b"
    r"\s*(?P<names>\[[^\]]*\]?)?(?P<reason>[^#]*)"
)

_NOQA = re.compile(r"#\s*noqa\s*:(?P<told>[^#]*)", re.IGNORECASE)
_MAYBE_NOQA = re.compile(r"noqa\s*:[^\n]*?(?:HM[0-9]|[a-z]-[a-z])", re.IGNORECASE)  # to tokenize a file takes long
_NAME = re.compile(r"[\s,]*([A-Za-z]+[0-9]+|[a-z]+(?:-[a-z]+)+)(?![\w-])")
_CODE = re.compile(r"HM[0-9]+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Allowance:
    """What one comment allows, by the names it uses, on which lines, and what is wrong with its wording."""

    names: tuple[str, ...]
    reason: str
    whole_file: bool = False
    problem: str = ""
    line: int = 0
    lines: tuple[int, int] = (0, 0)


def allowances(text: str, tree: Callable[[], ast.AST], first_line: int = 1) -> Iterator[Allowance]:
    """What the comments of a file allow; it is parsed only when one of them speaks of a statement.

    `first_line` is the line on which the file's own text begins, for an allowance of the whole file.
    """
    if "hermetic:" not in text and not ("noqa" in text.lower() and _MAYBE_NOQA.search(text)):
        return
    statements: _Statements | None = None
    for line, column, comment in _comments(text):
        for allowance in _allowances(comment):
            if allowance.whole_file:
                lines = first_line, text.count("\n") + 1
            else:
                statements = statements or _Statements(text, tree())
                lines = statements.around(line, column)
            yield replace(allowance, line=line, lines=lines)


def _allowances(text: str) -> Iterator[Allowance]:
    """What a comment says to Hermetic, in its own words or in those of `noqa`."""
    if match := _COMMENT.search(text):
        problem, reason = _wording(match)
        known = match["verb"] in ("allow", "allow-file")
        names = [name for name in (match["names"] or "").strip("[]").split(",") if name.strip() and known]
        yield Allowance(tuple(names), reason, match["verb"] == "allow-file", problem)
    if match := _NOQA.search(text):
        names, reason = _noqa(match["told"])
        if names:
            problem = "" if reason else f"noqa: {', '.join(names)} wants a reason; write it after the code"
            yield Allowance(tuple(names), reason, problem=problem)


def _noqa(told: str) -> tuple[list[str], str]:
    """The hazards among the names after `noqa:`, and the reason after all of them; other tools' codes are theirs."""
    names: list[str] = []
    at = 0
    while match := _NAME.match(told, at):
        is_ours = _CODE.fullmatch(match[1]) or match[1] in catalogue()
        if "-" in match[1] and not is_ours:
            break
        names += [match[1]] if is_ours else []
        at = match.end()
    return names, _bare(told[at:])


def _wording(match: re.Match[str]) -> tuple[str, str]:
    """What is wrong with a comment's wording, or "", and the reason it gives."""
    verb, names = match["verb"], (match["names"] or "").strip("[] ")
    reason = _bare(match["reason"])
    if verb not in ("allow", "allow-file"):
        right = "allow-file" if verb.startswith("allow") else "allow"
        return f"`hermetic: {verb}` is not known and covers nothing; write `# hermetic: {right}[slug] reason`", reason
    if not names:
        return f"`{verb}` names no hazard and covers nothing; write `# hermetic: {verb}[slug] reason`", reason
    if not reason:
        return f"{verb}[{names}] wants a reason; write it after the bracket", reason
    return "", reason


def _bare(reason: str) -> str:
    """A reason without the signs that lead up to it."""
    return reason.strip().lstrip(",:-\N{EN DASH}\N{EM DASH} ").strip()


def _comments(text: str) -> Iterator[tuple[int, int, str]]:
    """(line, column, text) of each comment; strings that look like one do not count."""
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type == tokenize.COMMENT:
                yield *token.start, token.string
    except (tokenize.TokenError, SyntaxError):
        return


class _Statements:
    """The lines that belong to each statement of a file: all of a simple one, the head of a compound one."""

    def __init__(self, text: str, tree: ast.AST) -> None:
        self.lines = text.split("\n")
        nodes = ast.walk(tree)
        self.spans = sorted(self._span(node) for node in nodes if isinstance(node, ast.stmt | ast.ExceptHandler))
        self.starts = [first for first, _ in self.spans]

    def around(self, line: int, column: int) -> tuple[int, int]:
        """The lines of the statement that a comment speaks of: the one it stands in, else the one below it."""
        if inside := self._holding(line):
            return inside
        if self.lines[line - 1][:column].strip():
            return line, line
        below = line
        while below <= len(self.lines) and self.lines[below - 1].lstrip().startswith("#"):
            below += 1
        return self._holding(below) or (line, line)

    def _holding(self, line: int) -> tuple[int, int] | None:
        """The innermost statement whose lines include this one; statements on one line count as one."""
        for first, last in reversed(self.spans[: bisect_right(self.starts, line)]):
            if first <= line <= last:
                return first, last
        return None

    def _span(self, node: ast.stmt | ast.ExceptHandler) -> tuple[int, int]:
        """First and last line of a statement; a compound one ends before its body and the comments that lead into it."""
        inner: Sequence[ast.AST] = getattr(node, "body", getattr(node, "cases", ()))
        if not inner:
            return node.lineno, node.end_lineno or node.lineno
        last = max(min(_begins(child) for child in inner) - 1, node.lineno)
        while last > node.lineno and self.lines[last - 1].strip()[:1] in ("", "#"):
            last -= 1
        return _begins(node), last


def _begins(node: ast.AST) -> int:
    """The line on which a statement or a `case` begins, its decorators included."""
    if isinstance(node, ast.match_case):
        return node.pattern.lineno
    decorators: Sequence[ast.expr] = getattr(node, "decorator_list", ())
    return min([getattr(node, "lineno", 1), *(decorator.lineno for decorator in decorators)])
