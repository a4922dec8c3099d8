"""From source files to findings."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from .._catalogue import Finding
from .analyzer import Analyzer
from .discover import SourceFile
from .evidence import merged
from .modules import Project
from .relevance import mentions_sqlalchemy
from .units import UnitKey
from .witness import findings

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Analysis:
    """What a run found, and how much of it was understood.

    `sessions` counts the places where sessions are made, `models` the mapped classes, `functions` those walked;
    `unresolved` names the providers that could not be resolved, `given_up` what took too long to walk to its end.
    """

    findings: tuple[Finding, ...]
    sessions: int
    models: int
    functions: int
    unresolved: tuple[str, ...] = ()
    given_up: tuple[str, ...] = ()


def analyze(files: Sequence[SourceFile], *, progress: Progress | None = None, jobs: int = 1) -> Analysis:
    """Find the hazards in a project, given all its files; findings come unsorted and in all confidences."""
    sys.setrecursionlimit(max(sys.getrecursionlimit(), 12_000))
    project = Project(files)
    if not mentions_sqlalchemy(project):
        return Analysis(findings=(), sessions=0, models=0, functions=0)
    analyzer = Analyzer(project)
    modules = list(project.modules.values())
    starts: list[UnitKey] = []
    for done, module in enumerate(modules):
        if progress is not None:
            progress(module.file.name, done, len(modules))
        starts.append(analyzer.body(module).key)
        starts += (analyzer.summaries.of(function).key for function in analyzer.relevance.of(module))
    whole = analyzer.tell(merged(unit.evidence for unit in analyzer.units.reached(starts)))
    return Analysis(
        findings=tuple(findings(whole)),
        sessions=len(whole.opened),
        models=len(analyzer.models),
        functions=len(starts) - len(modules),
        unresolved=tuple(sorted(whole.unresolved)),
        given_up=tuple(sorted(whole.given_up)),
    )
