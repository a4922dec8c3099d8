"""Carries one check from the paths a user gives to the report on them."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Protocol

from ..errors import AnalysisFailed, CheckFailed, NothingToCheck
from .checked import Analysis, Problem, Report
from .found import found_by_engine
from .options.config import Config, Overrides
from .options.policy import Policies
from .providers import Provider
from .source.discover import Search, SourceFile, discover
from .source.places import look_again
from .telling.baseline import Baseline
from .telling.changes import Changes
from .telling.reporting import Clock, Material, Wishes, reported
from .telling.seen import Seen
from .templates.files import Template, unread
from .work.memory import Memory

Progress = Callable[[str, int, int], None]
"""Told of each step: what is done, how many are done, how many there are (0 where that is not known)."""

_RECURSION_LIMIT = 6_000
"""Python parses expressions some 3,000 levels deep; whoever walks their trees needs room for it."""


class Analyze(Protocol):
    """The shape of `engine.analyze`."""

    def __call__(
        self, files: Sequence[SourceFile], *, progress: Progress | None, jobs: int, providers: Sequence[Provider]
    ) -> Analysis: ...


@contextmanager
def without_collector() -> Iterator[None]:
    """Leave the garbage collector out: it would walk millions of syntax nodes, over and over, to free next to nothing."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


@without_collector()
def check(
    paths: Sequence[str | Path],
    config: Config | None = None,
    *,
    overrides: Overrides | None = None,
    baseline: Baseline | None = None,
    changes: Changes | None = None,
    seen: Seen | None = None,
    edited: Mapping[str, str] | None = None,
    progress: Progress | None = None,
    analyze: Analyze | None = None,
) -> Report:
    """Check the files below `paths`; raises CheckFailed (see `hermetic.errors`) when that cannot be done.

    `overrides` is what goes on top of `config` and of every configuration that is nearer to a file. With a `baseline`
    only new findings are told, with `changes` only those that they touch. What a run has `seen` is proven. `edited` is what
    to take as the text of a file instead of what it holds, by its name.
    """
    clock = Clock()
    config = (overrides or Overrides()).on(config or Config())
    memory = Memory(config.cache_dir if analyze is None else None, paths, config.providers)
    material = read(paths, config, memory, edited or {}, progress)
    clock.lap("reading")
    analysis, material = analysed(material, config, memory, progress, analyze)
    clock.lap("analysing")
    return reported(material, analysis, Wishes(Policies(config, overrides), baseline, changes, seen or {}), clock)


def read(
    paths: Sequence[str | Path],
    config: Config,
    memory: Memory,
    edited: Mapping[str, str],
    progress: Progress | None = None,
) -> Material:
    """The modules, the templates and the problems below `paths`; raises NothingToCheck when there is no module at all."""
    look_again()
    files: list[SourceFile] = []
    templates: list[Template] = []
    problems: list[Problem] = []
    for found in discover(
        paths,
        Search(
            config.exclude,
            config.base,
            tell_fences=config.tell_fences,
            is_python=memory.is_python,
            fences=memory.fences,
            edited=edited,
        ),
    ):
        if isinstance(found, Problem):
            problems.append(found)
            continue
        if isinstance(found, Template):
            templates.append(found)
            continue
        files.append(found)
        if progress:
            progress("reading", len(files), 0)
    if not files:
        where = ", ".join(map(str, paths)) or "."
        if problems:
            raise NothingToCheck("\n".join([*map(str, problems), f"nothing in {where} could be checked"]))
        raise NothingToCheck(f"no Python in {where}; give a path that holds .py or .md files, or shorten `exclude`")
    return Material(files, templates, problems)


def analysed(
    material: Material, config: Config, memory: Memory, progress: Progress | None = None, analyze: Analyze | None = None
) -> tuple[Analysis, Material]:
    """What the engine finds, and the material with the problems that came up on the way."""
    find = analyze or partial(found_by_engine, memory=memory, templates=material.templates)
    known = memory.analysis(material.every)
    analysis = known or memory.keep(material.every, _analysis(material.files, config, progress, find))
    problems = (*material.problems, *unread(material.templates, material.files), *memory.problems)
    return analysis, replace(material, problems=problems)


def _analysis(files: Sequence[SourceFile], config: Config, progress: Progress | None, find: Analyze) -> Analysis:
    """What the engine says; whatever breaks inside it becomes one AnalysisFailed."""
    try:
        with _deep_recursion():
            return find(files, progress=progress, jobs=config.jobs, providers=config.providers)
    except CheckFailed:
        raise
    except Exception as error:
        told = " ".join(f"{type(error).__name__}: {error}".split())
        raise AnalysisFailed(
            f"the analysis stopped on an internal error: {told} ({_innermost(error)}); report it with this"
            " line, and narrow the paths or `exclude` to go on without the file that causes it"
        ) from error


@contextmanager
def _deep_recursion() -> Iterator[None]:
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(max(before, _RECURSION_LIMIT))
    try:
        yield
    finally:
        sys.setrecursionlimit(before)


def _innermost(error: BaseException) -> str:
    """Where an exception was raised, as `file.py:line`."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}" if trace else "nowhere"
