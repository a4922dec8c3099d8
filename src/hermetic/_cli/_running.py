"""Carries one `hermetic run` from its options to its exit code."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from .._catalogue import Finding, Severity, catalogue
from .._check.options.config import Config, Overrides, load
from .._check.options.policy import Policies
from .._watch.processes.gathering import Gathered, Note
from .._watch.processes.listening import NOTES, Ear, Several
from .._watch.settings import Mode, Settings
from ._launching import blind_because, carried_out, environment
from ._live import Live
from ._looking_on import Shown
from ._ran import Run, Sources, report
from ._run_outputs import try_to_write, write
from .run import Options

FAILED = 1

PATIENCE_S = 5.0
"""After so long without a process that can be watched, the user is told."""

LAST_WORDS_S = 2.0
"""How long processes that outlive the command are listened to."""

_SEVERITIES: tuple[Severity, ...] = ("error", "warning", "info")


def ran(options: Options) -> int:
    """Run the program and tell what was seen; the exit code. Raises CheckFailed, and NotStarted."""
    overrides = Overrides(select=options.select, ignore=options.ignore)
    config = overrides.on(load(Path.cwd()))
    policies = Policies(config, overrides)
    try_to_write(options.output)
    sources = Sources()
    shown = Shown(options)
    live = Live(options, policies, sources, shown)
    gathered = Gathered(live.announce, live.tell)
    began = time.monotonic()
    with shown, Ear(_settings(options, config), Several(gathered, *shown.hears)) as ear:
        with _wondering(live, gathered, ear):
            code = carried_out(options.command, environment(ear.folder))
        ear.hear_out(LAST_WORDS_S)
        unwatched = _unwatched(gathered, ear)
        shown.over(code)
    run = Run(
        command=options.command,
        exit_code=code,
        seconds=time.monotonic() - began,
        processes=tuple(gathered.processes.values()),
        unwatched=unwatched,
        still_there=tuple(gathered.still_there()),
        blind=blind_because(options.command),
        report=report(gathered.sighted(), policies, sources),
    )
    write(run, options)
    return FAILED if code == 0 and _fails(run.report.findings, options.fail_on) else code


def _settings(options: Options, config: Config) -> Settings:
    """What the processes are told: hazards that nobody wants to hear of are not even looked for."""
    unwanted = {slug for slug in catalogue() if slug in config.ignore or (config.select and slug not in config.select)}
    levels: dict[str, Mode] = dict.fromkeys(sorted(unwanted), "off")
    return Settings(
        mode=options.mode, sample=options.sample, levels=levels, tests_count=False, live=options.ui or options.live
    )


@contextmanager
def _wondering(live: Live, gathered: Gathered, ear: Ear) -> Iterator[None]:
    """Tell the user when patience ends and no process is watched."""

    def wonder() -> None:
        if not gathered.processes:
            live.wonder(_unwatched(gathered, ear), f"in {PATIENCE_S:.0f} s")

    waiting = threading.Timer(PATIENCE_S, wonder)
    waiting.daemon = True
    waiting.start()
    try:
        yield
    finally:
        waiting.cancel()


def _unwatched(gathered: Gathered, ear: Ear) -> tuple[Note, ...]:
    """The Python processes that started and are not watched."""
    notes = (Note.read(file) for file in sorted((ear.folder / NOTES).iterdir()))
    watched = {pid for pid, _ in gathered.processes}
    return tuple(note for note in notes if note is not None and note.pid not in watched)


def _fails(findings: Sequence[Finding], severity: Severity | None) -> bool:
    """Whether a finding is as bad as that, or worse."""
    if severity is None:
        return False
    bad = _SEVERITIES[: _SEVERITIES.index(severity) + 1]
    return any(finding.severity in bad for finding in findings)
