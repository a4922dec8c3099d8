"""What a person may look at while a program runs: the dashboard in a browser, the last lines of the terminal, or nothing."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from dataclasses import replace
from types import TracebackType

from .._catalogue import Finding, Step
from .._dashboard.facts import Facts
from .._report.running import named
from .._watch.processes.gathering import Sighted
from ..errors import CheckFailed
from ._printing import is_terminal, say, wants_colour
from ._ran import Sources
from .run import Options


class Shown:
    """All that is looked at in one run; as a context manager it is shown in the block. `hears` are to be told what goes on."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._views = ExitStack()
        self.hears = [Facts() for wanted in (options.ui, options.live) if wanted]

    def __enter__(self) -> Shown:
        """Begin to show it. Raises CheckFailed where something is missing for it."""
        facts = iter(self.hears)
        if self._options.ui:
            self._serve(next(facts))
        if self._options.live:
            self._draw(next(facts))
        return self

    def _serve(self, facts: Facts) -> None:
        try:
            from .._dashboard.server import Dashboard
        except ImportError as error:
            raise CheckFailed(f"--ui needs {error.name}; pip install 'hermetic[ui]'") from None
        page = self._views.enter_context(Dashboard(facts, named(self._options.command)))
        say(f"hermetic: the dashboard is at {page.address}\n", to_stderr=True)

    def _draw(self, facts: Facts) -> None:
        from .._dashboard.terminal import Terminal  # rich is slow to import

        if not is_terminal(sys.stderr):
            raise CheckFailed("--live draws on a terminal, and stderr is none; --ui shows the same in a browser")
        self._views.enter_context(Terminal(facts, sys.stderr, colour=wants_colour(sys.stderr)))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._views.close()

    def found(self, sighted: Sighted, finding: Finding, sources: Sources) -> None:
        """A finding is told to people."""
        if not self.hears:
            return
        lines = sources.quoted([finding])
        story = tuple(_quoted(step, lines) for step in finding.story)
        source = lines.get((finding.file, finding.line), "").strip()
        for facts in self.hears:
            facts.found(sighted, replace(finding, story=story), source)

    def over(self, code: int) -> None:
        """The program has ended."""
        for facts in self.hears:
            facts.over = code


def _quoted(step: Step, lines: dict[tuple[str, int], str]) -> Step:
    return replace(step, source=step.source or lines.get((step.file, step.line), "").strip())
