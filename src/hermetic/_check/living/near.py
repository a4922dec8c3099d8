"""Looks at one edited file with what its findings rest on, and nothing else of the project: a first answer, soon.

What only the whole project shows is taken from the last look at all of it: findings that the near look would miss stay
where they stand, and what it tells beyond the whole is not told, for as long as the statements are the same.
"""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from ..._catalogue import Finding
from ..._fingerprints import HALF
from ..engine import analyze
from ..options.policy import Policies
from ..source.discover import Search, SourceFile, modules_of
from ..source.reading import Unreadable
from ..telling.reporting import Clock, Material, Wishes, reported
from ..work.memory import Memory
from .moved import Moved
from .project import Around

Name: TypeAlias = tuple[str, str, str]

REMEMBERED = 16
"""Of so many texts of a file it is known what was found in them."""


def looked_near(around: Around, text: str, memory: Memory) -> tuple[Finding, ...]:
    """The findings of one file with this text, as far as they show there; raises Unreadable for what is no Python."""
    files = list(_edited(around, text, memory))
    config, templates = around.config, around.material.templates
    analysis = analyze(files, providers=config.providers, templates=templates, memory=memory, only=around.name)
    wishes = Wishes(Policies(config), around.baseline)
    own = [file for file in files if file.name == around.name]
    return reported(Material(own), analysis, wishes, Clock()).findings


def _edited(around: Around, text: str, memory: Memory) -> Iterator[SourceFile]:
    """The modules around, those of the file itself made anew of its text."""
    own = [file for file in around.material.files if file.name == around.name]
    yield from (file for file in around.material.files if file.name != around.name)
    search = Search(around.config.exclude, around.config.base, fences=memory.fences, edited={around.name: text})
    for found in modules_of(own[0].path, around.name, around.config.base, search):
        if not isinstance(found, SourceFile):
            raise Unreadable(str(found))
        yield replace(found, module=own[0].module, role=own[0].role, parsed=found.parsed) if not found.fence else found


@dataclass(slots=True)
class _Known:
    """A file that is looked at: what is around it, what was found in which text, and what memory there is of it."""

    around: Around
    memory: Memory
    found: dict[str, tuple[Finding, ...]] = field(default_factory=dict)


class Near:
    """Files that somebody edits."""

    def __init__(self) -> None:
        self._files: dict[str, _Known] = {}
        self._modules: dict[tuple[str, str], SourceFile] = {}

    def settle(self, around: Around) -> None:
        """All was looked at: from now on a file is judged beside what was found in it."""
        around = replace(around, material=self._shared(around.material))
        known = self._files.get(around.name)
        if known is None or known.around.config != around.config:
            known = self._files[around.name] = _Known(around, Memory(None, (), around.config.providers, living=True))
        if known.around.material.files != around.material.files or known.around.baseline != around.baseline:
            known.found.clear()
        known.around = around
        self._look(known, around.text)

    def _shared(self, material: Material) -> Material:
        """The material, with the modules that are known already and have their trees."""
        files = [
            self._modules.setdefault((file.name, f"{file.first_line} {file.content}"), file) for file in material.files
        ]
        return replace(material, files=files)

    def look(self, name: str, text: str) -> tuple[Finding, ...] | None:
        """The findings of a file with this text; None while nothing is known of it. Raises Unreadable for what is no Python."""
        known = self._files.get(name)
        if known is None:
            return None
        now = self._look(known, text)
        around = known.around
        moved = Moved.between(around.text, text)
        before = self._look(known, around.text)
        whole, near = Counter(map(_name, around.found)), Counter(map(_name, before))
        shown = _without(now, near - whole)
        return tuple(sorted({*shown, *moved.kept(_only(around.found, whole - near))}, key=_place))

    def _look(self, known: _Known, text: str) -> tuple[Finding, ...]:
        found = known.found.pop(text, None)
        if found is None:
            gc.disable()
            found = looked_near(known.around, text, known.memory)
        known.found[text] = found
        while len(known.found) > REMEMBERED:
            del known.found[next(iter(known.found))]
        return found

    def tidy(self) -> None:
        """Free what the last look left behind."""
        gc.collect()


def _name(finding: Finding) -> Name:
    """What a finding is known by while its function is edited around it."""
    return finding.slug, finding.function, finding.fingerprint[HALF:]


def _place(finding: Finding) -> tuple[int, int, str]:
    return finding.line, finding.column, finding.slug


def _without(findings: Sequence[Finding], left_out: Counter[Name]) -> Iterator[Finding]:
    """The findings without so many of each name."""
    left_out = left_out.copy()
    for each in findings:
        if left_out[_name(each)] > 0:
            left_out[_name(each)] -= 1
        else:
            yield each


def _only(findings: Iterable[Finding], wanted: Counter[Name]) -> Iterator[Finding]:
    """So many findings of each name, the last of them."""
    wanted = wanted.copy()
    for each in reversed(list(findings)):
        if wanted[_name(each)] > 0:
            wanted[_name(each)] -= 1
            yield each
