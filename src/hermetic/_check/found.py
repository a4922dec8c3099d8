"""Asks the engine, for a check of which nothing that is remembered answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from .checked import Analysis
from .providers import Provider
from .source.discover import SourceFile
from .templates.files import Template
from .work.memory import Memory


def found_by_engine(
    files: Sequence[SourceFile],
    *,
    progress: Callable[[str, int, int], None] | None,
    jobs: int,
    providers: Sequence[Provider],
    memory: Memory,
    templates: Sequence[Template],
) -> Analysis:
    """What the engine finds."""
    # Imported here, because it takes longer to import than a check of files that did not change.
    from . import engine

    return engine.analyze(files, progress=progress, jobs=jobs, providers=providers, memory=memory, templates=templates)
