"""Tells where the findings of a text stand in another one that was made from it by an edit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from ..._catalogue import Finding


@dataclass(frozen=True, slots=True)
class Moved:
    """The lines at the beginning and at the end that two texts share; `before` and `after` count all lines of each."""

    head: int
    tail: int
    before: int
    after: int

    @classmethod
    def between(cls, before: str, after: str) -> Moved:
        old, new = before.split("\n"), after.split("\n")
        shortest = min(len(old), len(new))
        head = next((at for at in range(shortest) if old[at] != new[at]), shortest)
        tail = next((at for at in range(shortest - head) if old[-1 - at] != new[-1 - at]), shortest - head)
        return cls(head, tail, len(old), len(new))

    def line(self, line: int) -> int | None:
        """Where a line stands now, 1-based; None for one that was edited."""
        if line <= self.head:
            return line
        return line + self.after - self.before if line > self.before - self.tail else None

    def nearest(self, line: int) -> int:
        """The same; for an edited line the last one that stands in its place."""
        found = self.line(line)
        return min(line, max(self.after - self.tail, 1)) if found is None else found

    def kept(self, findings: Iterable[Finding]) -> Iterator[Finding]:
        """The findings whose lines are as they were, at their places; an edit that was made for the old text goes."""
        for each in findings:
            first, last = self.line(each.line), self.line(each.end_line)
            if first is not None and last is not None and last - first == each.end_line - each.line:
                yield self._at(each, first, last)

    def all(self, findings: Iterable[Finding]) -> Iterator[Finding]:
        """Every finding, as near to its place as can be told."""
        for each in findings:
            first = self.nearest(each.line)
            yield self._at(each, first, max(first, self.nearest(each.end_line)))

    def _at(self, finding: Finding, first: int, last: int) -> Finding:
        if self.before == self.after and self.head == self.before:
            return finding
        story = tuple(
            replace(step, line=self.nearest(step.line)) if step.file == finding.file else step for step in finding.story
        )
        return replace(finding, line=first, end_line=last, story=story, edits=(), safety=None)
