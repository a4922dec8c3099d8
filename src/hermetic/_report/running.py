"""Writes what a run has to tell for people: lines while the program runs, and at the end its findings and what was watched."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import PurePath
from typing import Protocol

from rich.text import Text

from .._catalogue import Finding
from .text import SEVERITIES, Layout, drawn, findings, wrapped
from .told import Report, Sightings, many

_ARGUMENTS = 4
_PIDS = 8


class Process(Protocol):
    """A process that is watched; `off` holds what is not watched in it, each with the reason."""

    @property
    def pid(self) -> int: ...
    @property
    def ppid(self) -> int: ...
    @property
    def argv(self) -> Sequence[str]: ...
    @property
    def python(self) -> str: ...
    @property
    def sqlalchemy(self) -> str: ...
    @property
    def off(self) -> Sequence[str]: ...


class Unwatched(Protocol):
    """A Python process that is not watched; `off` tells why, and is empty where it only never used SQLAlchemy."""

    @property
    def pid(self) -> int: ...
    @property
    def python(self) -> str: ...
    @property
    def off(self) -> str: ...


class Run(Protocol):
    """A program that was watched to its end; `blind` tells why its command line keeps it from being watched, or is empty."""

    @property
    def command(self) -> Sequence[str]: ...
    @property
    def exit_code(self) -> int: ...
    @property
    def seconds(self) -> float: ...
    @property
    def processes(self) -> Sequence[Process]: ...
    @property
    def unwatched(self) -> Sequence[Unwatched]: ...
    @property
    def still_there(self) -> Sequence[Process]: ...
    @property
    def blind(self) -> str: ...
    @property
    def report(self) -> Report: ...


def render(run: Run, layout: Layout | None = None) -> str:
    """The findings with their stories, then what was watched."""
    layout = layout or Layout()
    return drawn(_lines(run, layout), layout)


def watching(process: Process, layout: Layout) -> str:
    """A process begins to be watched."""
    versions = f"Python {process.python}, SQLAlchemy {process.sqlalchemy}"
    lines = [_ours(f"watching pid {process.pid}: {named(process.argv)} ({versions})")]
    return drawn([*lines, *(_ours(each, "yellow") for each in process.off)], layout)


def sighting(finding: Finding, seen: Sightings, layout: Layout) -> str:
    """A finding is seen for the first time, or so many times by now."""
    place = f"{finding.file}:{finding.line}:{finding.column}"
    often = f", {seen.count:,} times" if seen.count > 1 else ""
    line = Text.assemble(
        ("hermetic: ", "dim"),
        (place, "cyan"),
        " ",
        (finding.slug, SEVERITIES[finding.severity]),
        f"  {' '.join(finding.message.split())}",
        (f"  (pid {', '.join(map(str, seen.pids[:_PIDS]))}{often})", "dim"),
    )
    return drawn([line], layout)


def nothing_watched(unwatched: Sequence[Unwatched], blind: str, after: str) -> str:
    """Why no process is watched `after` some time, in one sentence."""
    reasons = Counter(each.off for each in unwatched if each.off)
    if reasons:
        told = "; ".join(f"{reason} (pid {_pids(unwatched, reason)})" for reason in reasons)
        return f"no process could be watched {after}: {told}"
    if unwatched:
        count = many(len(unwatched), "Python process", "Python processes")
        return f"{count} started {after}, and none imported SQLAlchemy"
    if blind:
        return f"no process reported {after}: {blind}"
    return (
        f"no process reported {after}: is there a Python below the command, one without -S, -E and -I, whose environment keeps"
        " PYTHONPATH? Where that cannot be, call hermetic.watch() in the program"
    )


def _lines(run: Run, layout: Layout) -> Iterator[Text]:
    yield from findings(run.report, layout)
    if layout.summary:
        for sentence in _sentences(run):
            yield from wrapped(Text.assemble(("hermetic: ", "dim"), sentence), layout)


def _sentences(run: Run) -> Iterator[Text]:
    found = run.report.findings
    if found:
        slug = Counter(each.slug for each in found).most_common(1)[0][0]
        count = f"{many(len(found), 'finding')} in {many(len({each.file for each in found}), 'file')}"
        yield Text.assemble((count, "bold"), f"; hermetic explain {slug} tells what to do")
    elif run.processes:
        yield Text("no findings", "bold")
    if run.processes:
        count = many(len(run.processes), "process", "processes")
        yield Text(f"watched {count} for {run.seconds:.1f} s: pid {_pids(run.processes)}")
    else:
        yield Text(nothing_watched(run.unwatched, run.blind, f"in {run.seconds:.1f} s"), "bold yellow")
    for reason in dict.fromkeys(reason for each in run.processes for reason in each.off):
        yield Text(reason, "yellow")
    if run.processes:
        for reason in dict.fromkeys(each.off for each in run.unwatched if each.off):
            yield Text(f"pid {_pids(run.unwatched, reason)} not watched: {reason}", "yellow")
    if run.still_there:
        yield Text(f"pid {_pids(run.still_there)} outlived the command and is watched no more", "yellow")


def _pids(processes: Sequence[Process | Unwatched], off: str | None = None) -> str:
    """The numbers of the processes, or of those with this reason."""
    numbers = [str(each.pid) for each in processes if off is None or each.off == off]
    return ", ".join([*numbers[:_PIDS], *(["…"] if len(numbers) > _PIDS else [])])


def named(argv: Sequence[str]) -> str:
    """A command line as one recognises it: the program without its path, and its first arguments."""
    words = [PurePath(word).name if index == 0 else word for index, word in enumerate(argv)]
    shown = [word if len(word) <= 40 else f"{word[:39]}…" for word in words[:_ARGUMENTS]]
    return shlex.join(shown) + (" …" if len(words) > _ARGUMENTS else "")


def _ours(sentence: str, style: str = "") -> Text:
    return Text.assemble(("hermetic: ", "dim"), (sentence, style))
