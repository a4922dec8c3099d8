"""Gives what the hazards saw its edits and its fingerprint, anew only where a file that these are made from is another."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

from ..._catalogue import Confidence, Finding, catalogue
from ..fixes.mending import Mending
from ..work.cache import digest
from .fingerprints import Places, fingerprinted

if TYPE_CHECKING:
    from ..paths.state import Site
    from ..source.discover import SourceFile
    from ..whole.evidence import Sight


@dataclass(frozen=True, slots=True)
class Made:
    """A finding, and the files that it was made from, each with a name for its content."""

    finding: Finding
    files: tuple[tuple[str, str], ...]


Known: TypeAlias = "Mapping[tuple[Sight, Confidence], Made]"


class Finished:
    """Makes findings of what was seen; `made` holds those that can be given again."""

    def __init__(
        self, files: Sequence[SourceFile], known: Known, line: Callable[[str, int], int] = lambda _, number: number
    ) -> None:
        self._line = line
        self.made: dict[tuple[Sight, Confidence], Made] = {}
        self._known = known
        self._mending = Mending(files)
        self._places = Places(files)
        self._contents: dict[str, str] = {}
        self._files: dict[str, list[SourceFile]] = {}
        for file in files:
            self._files.setdefault(file.name, []).append(file)

    def of(self, sight: Sight, confidence: Confidence) -> Finding:
        """The finding for what was seen."""
        sight = self._on_lines(sight)
        key = sight, confidence
        known = self._known.get(key)
        if known is not None and all(self._content(name) == content for name, content in known.files):
            self.made[key] = known
            return known.finding
        edits, safety, read = self._mending.of(sight)
        bare = replace(_plain(sight, confidence), edits=edits, safety=safety)
        (finding,) = fingerprinted([bare], self._places)
        if read is not None:
            names = sorted({sight.site.file, *read})
            self.made[key] = Made(finding, tuple((name, self._content(name)) for name in names))
        return finding

    def _on_lines(self, sight: Sight) -> Sight:
        """What was seen, with lines of files for their numbers."""
        wanted = sight.wanted and replace(sight.wanted, sites=tuple(map(self._placed, sight.wanted.sites)))
        story = tuple(replace(step, line=self._line(step.file, step.line) or 1) for step in sight.story)
        inside = sight.inside and self._placed(sight.inside)
        return replace(sight, site=self._placed(sight.site), story=story, wanted=wanted, inside=inside)

    def _placed(self, site: Site) -> Site:
        first, last = (self._line(site.file, number) or 1 for number in (site.line, site.end_line))
        return site._replace(line=first, end_line=last)

    def _content(self, name: str) -> str:
        if name not in self._contents:
            parts = [
                part
                for file in self._files.get(name, ())
                for part in (f"{file.fence} {file.first_line} {file.indent}", file.text)
            ]
            self._contents[name] = digest(*parts)
        return self._contents[name]


def _plain(sight: Sight, confidence: Confidence) -> Finding:
    site, inside, hazard = sight.site, sight.inside, catalogue()[sight.slug]
    return Finding(
        slug=sight.slug,
        code=hazard.code,
        severity=hazard.severity,
        confidence=confidence,
        file=site.file,
        line=site.line,
        column=site.column,
        end_line=site.end_line,
        end_column=site.end_column,
        message=sight.message + (f" (in {inside.file}, line {inside.line})" if inside is not None else ""),
        story=sight.story,
        fix=sight.fix,
    )
