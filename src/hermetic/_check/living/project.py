"""Checks a whole project again and again, with what its last check saw kept in memory."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ..._catalogue import Finding
from ..checked import Problem, Report, Suppression
from ..options.config import Config, Overrides, load
from ..options.policy import Policies
from ..run import analysed, read, without_collector
from ..source.discover import SourceFile
from ..telling.baseline import Baseline
from ..telling.baseline import load as load_baseline
from ..telling.changes import Changes
from ..telling.reporting import Clock, Material, Wishes, reported
from ..work.cache import DIRECTORY
from ..work.memory import Memory
from .rests import Rests

if TYPE_CHECKING:
    from ..templates.files import Template


@dataclass(frozen=True, slots=True)
class Around:
    """One file of a project as it was when all was checked, with all that its findings rest on.

    `found` are its findings that were told; `baseline` is what is not told.
    """

    name: str
    text: str
    config: Config
    material: Material
    found: tuple[Finding, ...]
    baseline: Baseline | None


@dataclass(frozen=True, slots=True)
class Told:
    """What a check of a whole project tells an editor: its findings, comments that cover nothing, and what went wrong."""

    findings: tuple[Finding, ...]
    unused: tuple[Suppression, ...]
    problems: tuple[Problem, ...]
    around: dict[str, Around] = field(default_factory=dict)


class LivingProject:
    """A folder that is checked whenever something in it was edited.

    One that leaves `no_trace` writes no file and starts no process.
    """

    def __init__(self, root: Path, *, no_trace: bool = False) -> None:
        self._root = root
        self._no_trace = no_trace
        self._config = Config()
        self._memory = Memory(None, [root], living=True)

    def check(self, edited: Mapping[str, str], near: Iterable[str] = ()) -> Told:
        """Check all of it, with other texts for some files; of those in `near` also what their findings rest on.

        The configuration and the baseline are read anew. Raises CheckFailed.
        """
        self._configure()
        baseline = self._baseline()
        with without_collector():
            material, report = self._look(edited, Wishes(Policies(self._config), baseline))
            around = self._around(list(near), material, report, baseline)
        return Told(report.findings, report.unused_suppressions, report.problems, around)

    def report(self, overrides: Overrides, changes: Changes | None = None) -> Report:
        """Check all of it, and tell what the overrides say and what the changes touch. Raises CheckFailed."""
        self._configure()
        wishes = Wishes(Policies(overrides.on(self._config), overrides), self._baseline(), changes)
        with without_collector():
            return self._look({}, wishes)[1]

    def _look(self, edited: Mapping[str, str], wishes: Wishes) -> tuple[Material, Report]:
        clock = Clock()
        material = read([self._root], self._config, self._memory, edited)
        analysis, material = analysed(material, self._config, self._memory)
        return material, reported(material, analysis, wishes, clock)

    def _baseline(self) -> Baseline | None:
        return load_baseline(self._config.baseline) if self._config.baseline is not None else None

    def _configure(self) -> None:
        """Read the configuration; another one of what is remembered begins with nothing in memory."""
        config = load(self._root)
        cache_dir = None if self._no_trace else config.cache_dir or config.base / DIRECTORY
        config = replace(config, cache_dir=cache_dir, jobs=1 if self._no_trace else config.jobs)
        before, self._config = self._config, config
        if (before.cache_dir, before.providers) != (config.cache_dir, config.providers):
            self._memory = Memory(config.cache_dir, [self._root], config.providers, living=True)

    def _around(
        self, names: list[str], material: Material, report: Report, baseline: Baseline | None
    ) -> dict[str, Around]:
        if not names:
            return {}
        modules = _by_module(material.files)
        rests = Rests(self._memory.units, modules)
        return {
            name: Around(
                name,
                next(file.text for file in material.files if file.name == name),
                self._config,
                _part(
                    material, name, rests.of([module for module, file in modules.items() if file.name == name]), modules
                ),
                tuple(each for each in report.findings if each.file == name),
                baseline,
            )
            for name in names
            if any(file.name == name for file in material.files)
        }


def _by_module(files: Iterable[SourceFile]) -> dict[str, SourceFile]:
    """The files by the names that their modules have in a project, which knows a second one of the same name by its file."""
    found: dict[str, SourceFile] = {}
    for file in sorted(files, key=lambda file: (file.name, file.first_line)):
        found[file.module if file.module not in found else f"{file.module}@{file.name}"] = file
    return found


def _part(material: Material, name: str, modules: Iterable[str], by_module: Mapping[str, SourceFile]) -> Material:
    """The modules that matter to one file, its own among them, ready to travel; all templates, which are few."""
    wanted = {id(by_module[module]) for module in modules}
    files = [replace(each, parsed=None) for each in material.files if each.name == name or id(each) in wanted]
    templates: list[Template] = list(material.templates)
    return Material(files, templates)
