"""What `hermetic run` tells while the program runs: the processes that it watches, and each finding when it is seen first."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import suppress

from .._check.options.policy import Policies
from .._report import running, running_json
from .._report.text import Layout
from .._watch.processes.gathering import Note, Sighted
from .._watch.processes.wire import Hello
from ..errors import CheckFailed
from ._launching import blind_because
from ._looking_on import Shown
from ._printing import say, wants_colour
from ._ran import Sources, sightings
from .run import Options


class Live:
    """Prints lines to stderr as they come; with `--format jsonl`, findings go to stdout instead."""

    def __init__(self, options: Options, policies: Policies, sources: Sources, shown: Shown) -> None:
        self._options = options
        self._policies = policies
        self._sources = sources
        self._shown = shown

    def announce(self, process: Hello) -> None:
        """A process is watched from now on."""
        self._say(running.watching(process, self._layout()))

    def tell(self, sighted: Sighted) -> None:
        """A finding is seen for the first time, or ten times as often as when it was told last."""
        with suppress(CheckFailed):  # a wrong configuration beside a file is told with the report, at the end
            self._tell(sighted)

    def _tell(self, sighted: Sighted) -> None:
        finding = self._sources.told(sighted.finding)
        policy = self._policies.of(finding.file)
        if not (policy.wants(finding.slug) and policy.shows(finding.confidence)):
            return
        finding = policy.graded(finding)
        self._shown.found(sighted, finding, self._sources)
        if self._options.format == "jsonl":
            say(running_json.sighting(finding, sightings(sighted), finding.fingerprint))
            return
        self._say(running.sighting(finding, sightings(sighted), self._layout()))

    def wonder(self, notes: Sequence[Note], after: str) -> None:
        """It takes long until a process is watched."""
        why = running.nothing_watched(notes, blind_because(self._options.command), after)
        self._say(f"hermetic: {why}\n")

    def _say(self, text: str) -> None:
        if not self._options.quiet:
            say(text, to_stderr=True)

    def _layout(self) -> Layout:
        return Layout(colour=wants_colour(sys.stderr))
