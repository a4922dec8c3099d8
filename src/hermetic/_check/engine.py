"""From source files to findings."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from .analyzer import Analyzer
from .checked import Analysis
from .program.modules import Project
from .program.relevance import mentions_sqlalchemy
from .providers import Provider, Providers
from .source.discover import SourceFile
from .telling.finished import Finished
from .templates.files import Template
from .whole.evidence import merged
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
) -> Analysis:
    """Find the hazards in a project, given all its files, by at most so many processes, 0 for what pays.

    `providers` are the user's own; they add to the built-in ones. `templates` are those that the project may render.
    What a memory holds and still holds true is not looked at again. Findings come unsorted and in all confidences, each
    with its fingerprint.
    """
    sys.setrecursionlimit(max(sys.getrecursionlimit(), 12_000))
    known = memory.units.outlines if memory is not None and memory.is_on else None
    project = Project(sorted(files, key=lambda file: (file.name, file.first_line)), known)
    if not mentions_sqlalchemy(project) and not providers:
        return Analysis(findings=(), sessions=0, models=0, functions=0)
    analyzer = Analyzer(project, Providers(providers), templates)
    recall = Recall(analyzer, memory)
    modules = list(project.modules.values())
    begin = [key for module in modules for key in starts(analyzer, module)]
    walked = len(begin) - len(modules)
    tell = progress or _silently

    def look(keys: Sequence[UnitKey]) -> Mapping[UnitKey, Seen]:
        total = len(keys)
        return looked_at(analyzer, keys, processes(jobs, total), lambda at, done: tell(at, done, total))

    seen = recall.seen(begin, look)
    every = (seen[key].evidence for key in sorted(seen))
    told = analyzer.tell(merged(each for each in every if each is not None))
    whole = under_locks(eased(told, analyzer), analyzer)
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
