"""From source files to findings."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from .analyzer import Analyzer
from .checked import Analysis
from .program.modules import Project
from .program.relevance import mentions_sqlalchemy
from .providers import Provider, Providers
from .source.discover import SourceFile
from .telling.finished import Finished
from .templates.files import Template
from .whole.evidence import Evidence, merged
from .whole.lent import under_locks
from .whole.start_up import eased
from .whole.witness import findings
from .work.recall import Recall
from .work.starts import starts
from .work.units import Seen, UnitKey
from .work.workers import looked_at, processes

if TYPE_CHECKING:
    from .work.memory import Memory

Progress = Callable[[str, int, int], None]


def _silently(_at: str, _done: int, _total: int) -> None:
    """Progress that nobody wants to hear of."""


def analyze(
    files: Sequence[SourceFile],
    *,
    progress: Progress | None = None,
    jobs: int = 1,
    providers: Sequence[Provider] = (),
    templates: Sequence[Template] = (),
    memory: Memory | None = None,
    only: str | None = None,
) -> Analysis:
    """Find the hazards in a project, given all its files, by at most so many processes, 0 for what pays.

    `providers` are the user's own; they add to the built-in ones. `templates` are those that the project may render.
    What a memory holds and still holds true is not looked at again. Findings come unsorted and in all confidences, each
    with its fingerprint. `only` looks at what one file holds, by its name, and leaves out what just a whole program shows.
    """
    sys.setrecursionlimit(max(sys.getrecursionlimit(), 12_000))
    known = memory.units.outlines if memory is not None and memory.is_on else None
    project = Project(sorted(files, key=lambda file: (file.name, file.first_line)), known)
    if not mentions_sqlalchemy(project) and not providers:
        return Analysis(findings=(), sessions=0, models=0, functions=0)
    analyzer = Analyzer(project, Providers(providers), templates)
    recall = Recall(analyzer, memory)
    modules = [module for module in project.modules.values() if only in (None, module.file.name)]
    begin = [key for module in modules for key in starts(analyzer, module)]
    walked = len(begin) - len(modules)
    tell = progress or _silently

    def look(keys: Sequence[UnitKey]) -> Mapping[UnitKey, Seen]:
        total = len(keys)
        return looked_at(analyzer, keys, processes(jobs, total), lambda at, done: tell(at, done, total))

    seen = recall.seen(begin, look)
    every = (seen[key].evidence for key in sorted(seen))
    together = merged(each for each in every if each is not None)
    whole = _whole(together, analyzer) if only is None else _in_file(together, only)
    finished = Finished(files, memory.units.findings if memory is not None else {}, project.line)
    found = tuple(findings(whole, finished))
    recall.keep(seen, finished.made)
    return Analysis(
        findings=found,
        sessions=len(whole.opened),
        models=len(analyzer.models),
        functions=walked,
        unresolved=tuple(sorted(map(analyzer.unresolved.told, whole.unresolved))),
        given_up=tuple(sorted(map(analyzer.placed, whole.given_up))),
    )


def _whole(evidence: Evidence, analyzer: Analyzer) -> Evidence:
    """The evidence with what only the whole program shows."""
    return under_locks(eased(analyzer.tell(evidence), analyzer), analyzer)


def _in_file(evidence: Evidence, name: str) -> Evidence:
    """The evidence with what was seen in one file only."""
    return replace(evidence, sights={key: sight for key, sight in evidence.sights.items() if sight.site.file == name})
