"""Asks the engine, for a check of which nothing that is remembered answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from .checked import Analysis
from .providers import Provider
from .source.discover import SourceFile
from .telling.fingerprints import Places, fingerprinted
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
    """What the engine finds, each finding with its fingerprint, so that both are remembered."""
    # Imported here, because it takes longer to import than a check of files that did not change.
    from . import engine

    analysis = engine.analyze(
        files, progress=progress, jobs=jobs, providers=providers, memory=memory, templates=templates
    )
    return replace(analysis, findings=tuple(fingerprinted(analysis.findings, Places(files))))
