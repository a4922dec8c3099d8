"""Checks a whole project again and again, with what its last check saw kept in memory."""

from __future__ import annotations

import gc
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ..._catalogue import Finding
from ..checked import Problem, Report, Suppression
from ..options.config import Config, load
from ..options.policy import Policies
from ..run import Progress, analysed, read
from ..source.discover import SourceFile
from ..telling.baseline import Baseline
from ..telling.baseline import load as load_baseline
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
    """A folder that is checked whenever something in it was edited."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._config = Config()
        self._memory = Memory(None, [root], living=True)

    def check(self, edited: Mapping[str, str], near: Iterable[str] = (), progress: Progress | None = None) -> Told:
        """Check all of it, with other texts for some files; of those in `near` also what their findings rest on.

        The configuration and the baseline are read anew. Raises CheckFailed.
        """
        self._configure()
        config, memory = self._config, self._memory
        clock = Clock()
        baseline = load_baseline(config.baseline) if config.baseline is not None else None
        gc.disable()
        try:
            material = read([self._root], config, memory, edited, progress)
            analysis, material = analysed(material, config, memory, progress)
            report = reported(material, analysis, Wishes(Policies(config), baseline), clock)
            around = self._around(list(near), material, report, baseline)
        finally:
            gc.enable()
        return Told(report.findings, report.unused_suppressions, report.problems, around)

    def _configure(self) -> None:
        """Read the configuration; another one of what is remembered begins with nothing in memory."""
        config = load(self._root)
        config = replace(config, cache_dir=config.cache_dir or config.base / DIRECTORY)
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
