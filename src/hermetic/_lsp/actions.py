"""What an editor can do about a finding: carry out its fix, or allow it with a comment."""

from __future__ import annotations

import io
import tokenize
from collections.abc import Iterator

from lsprotocol.types import CodeAction, CodeActionKind, Diagnostic, TextEdit, WorkspaceEdit
from pygls.workspace import PositionCodec

from .._catalogue import Finding
from .wording import ranged

_WORTH = {"safe": "keeps what the code means", "unsafe": "may change what the code means"}
_REASON = "say why"


def fix(finding: Finding, uri: str, text: str, codec: PositionCodec, shown: Diagnostic) -> CodeAction:
    """The fix of a finding; its title tells what it is worth."""
    safety = finding.safety or "unsafe"
    edits = [
        TextEdit(
            range=ranged((each.line, each.column), (each.end_line, each.end_column), text, codec),
            new_text=each.replacement,
        )
        for each in finding.edits
    ]
    return CodeAction(
        title=f"Fix {finding.slug} ({safety}: {_WORTH[safety]})",
        kind=CodeActionKind.QuickFix,
        diagnostics=[shown],
        is_preferred=safety == "safe",
        edit=WorkspaceEdit(changes={uri: edits}),
    )


def allow(finding: Finding, uri: str, text: str, codec: PositionCodec, shown: Diagnostic) -> CodeAction:
    """A comment that allows a finding, whose reason is left to the user."""
    line, column, comment = allowance(finding, text)
    edit = TextEdit(range=ranged((line, column), (line, column), text, codec), new_text=comment)
    return CodeAction(
        title=f"Allow {finding.slug} here, with a comment that says why",
        kind=CodeActionKind.QuickFix,
        diagnostics=[shown],
        edit=WorkspaceEdit(changes={uri: [edit]}),
    )


def allowance(finding: Finding, text: str) -> tuple[int, int, str]:
    """Where a comment goes that allows a finding, as 1-based line and column, and what to put there."""
    comment = f"# hermetic: allow[{finding.slug}] {_REASON}"
    lines = text.split("\n")
    source = lines[finding.line - 1]
    if finding.line in set(_line_ends(text)):
        return finding.line, len(source.rstrip()) + 1, f"  {comment}"
    first = _statement(text, finding.line)
    indent = lines[first - 1][: len(lines[first - 1]) - len(lines[first - 1].lstrip())]
    return first, 1, f"{indent}{comment}\n"


def _line_ends(text: str) -> Iterator[int]:
    """The lines at whose end a comment can stand: not those that end inside a string or with a backslash."""
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type in (tokenize.NEWLINE, tokenize.NL):
                yield token.start[0]
    except (tokenize.TokenError, SyntaxError):
        return


def _statement(text: str, line: int) -> int:
    """The line on which the logical line around a line begins."""
    first = 1
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.start[0] > line:
                break
            if token.type == tokenize.NEWLINE:
                first = token.end[0] + 1
    except (tokenize.TokenError, SyntaxError):
        return line
    return min(first, line)
