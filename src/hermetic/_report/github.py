"""Writes a report as GitHub workflow commands, which a pull request shows beside the lines they speak of."""

from __future__ import annotations

from collections.abc import Iterator

from .._catalogue import Finding, Severity
from .told import RECOGNISED_NOTHING, Report, seen_in_words

_COMMANDS: dict[Severity, str] = {"error": "error", "warning": "warning", "info": "notice"}


def render(report: Report) -> str:
    """One command a line: findings first, then comments that allow nothing, then what could not be checked."""
    return "".join(f"{line}\n" for line in _lines(report))


def _lines(report: Report) -> Iterator[str]:
    for finding in report.findings:
        yield _finding(finding, report)
    for unused in report.unused_suppressions:
        message = f"allow[{unused.slug}] covers nothing; remove the comment"
        yield _command("warning", message, file=unused.file, line=unused.line, title="hermetic")
    for problem in report.problems:
        yield _command("warning", problem.sentence, file=problem.path, line=problem.line, title="hermetic")
    if report.recognised_nothing:
        yield _command("warning", RECOGNISED_NOTHING, title="hermetic")


def _finding(finding: Finding, report: Report) -> str:
    message = finding.message if finding.fix is None else f"{finding.message}\nfix: {finding.fix}"
    if finding in report.seen:
        message += f"\nseen: {seen_in_words([report.seen[finding]])}"
    one_line = finding.end_line == finding.line
    return _command(
        _COMMANDS[finding.severity],
        message,
        file=finding.file,
        line=finding.line,
        endLine=finding.end_line,
        col=finding.column if one_line else None,
        endColumn=finding.end_column if one_line else None,
        title=f"{finding.slug} ({finding.confidence})",
    )


def _command(command: str, message: str, **properties: str | int | None) -> str:
    given = ",".join(
        f"{key}={_escaped(str(value), more=True)}" for key, value in properties.items() if value is not None
    )
    return f"::{command} {given}::{_escaped(message)}"


def _escaped(text: str, *, more: bool = False) -> str:
    """Text as a workflow command wants it; `more` for a property's value.

    Source: actions/toolkit, packages/core/src/command.ts, `escapeData` and `escapeProperty`.
    """
    signs = {"%": "%25", "\r": "%0D", "\n": "%0A", **({":": "%3A", ",": "%2C"} if more else {})}
    return "".join(signs.get(sign, sign) for sign in text)
