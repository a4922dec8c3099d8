"""Tries a fix on a text that nobody saved: it must leave Python, take its finding away, and bring no other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from ..._catalogue import Finding
from ..fixes.draft import Draft
from ..source.reading import Unreadable
from .near import Near


def mends(near: Near, text: str, finding: Finding) -> bool:
    """Whether the edits of a finding, all in its own file, mend it in this text."""
    if not finding.edits or any(edit.file != finding.file for edit in finding.edits):
        return False
    edited = Draft(Path(finding.file), b"", "utf-8", text).edited(finding.edits).normal
    try:
        before, after = near.look(finding.file, text), near.look(finding.file, edited)
    except Unreadable:
        return False
    if before is None or after is None or _messages(after)[_message(finding)] >= _messages(before)[_message(finding)]:
        return False
    return not _kinds(after) - _kinds(before)


def _message(finding: Finding) -> tuple[str, str, str]:
    return finding.slug, finding.function, finding.message


def _messages(findings: Iterable[Finding]) -> Counter[tuple[str, str, str]]:
    return Counter(map(_message, findings))


def _kinds(findings: Iterable[Finding]) -> Counter[tuple[str, str]]:
    return Counter((each.slug, each.function) for each in findings)
