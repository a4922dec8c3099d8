"""What a person may look at while a program runs: the dashboard in a browser, or nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from types import TracebackType
from typing import TYPE_CHECKING

from .._catalogue import Finding, Step
from .._dashboard.facts import Facts
from .._report.running import named
from .._watch.processes.gathering import Sighted
from .._watch.processes.listening import Hears
from ..errors import CheckFailed
from ._printing import say
from ._ran import Sources
from .run import Options

if TYPE_CHECKING:
    from .._dashboard.server import Dashboard


class Shown:
    """Nothing: nobody looks on. As a context manager it shows what goes on in the block; `hears` is what it must be told."""

    hears: Sequence[Hears] = ()

    def __enter__(self) -> Shown:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Show it no more."""

    def found(self, sighted: Sighted, finding: Finding, sources: Sources) -> None:
        """A finding is told to people."""

    def over(self, code: int) -> None:
        """The program has ended."""


class InBrowser(Shown):
    """The dashboard, whose address goes to stderr."""

    def __init__(self, facts: Facts, page: Dashboard) -> None:
        self._facts = facts
        self._page = page
        self.hears = (facts,)

    def __enter__(self) -> InBrowser:
        self._page.__enter__()
        say(f"hermetic: the dashboard is at {self._page.address}\n", to_stderr=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._page.__exit__(kind, error, trace)

    def found(self, sighted: Sighted, finding: Finding, sources: Sources) -> None:
        lines = sources.quoted([finding])
        story = tuple(_quoted(step, lines) for step in finding.story)
        source = lines.get((finding.file, finding.line), "").strip()
        self._facts.found(sighted, replace(finding, story=story), source)

    def over(self, code: int) -> None:
        self._facts.over = code


def look_on(options: Options) -> Shown:
    """What the options ask for. Raises CheckFailed where that needs what is not installed."""
    if not options.ui:
        return Shown()
    try:
        from .._dashboard.server import Dashboard
    except ImportError as error:
        raise CheckFailed(f"--ui needs {error.name}; pip install 'hermetic[ui]'") from None
    facts = Facts()
    return InBrowser(facts, Dashboard(facts, named(options.command)))


def _quoted(step: Step, lines: dict[tuple[str, int], str]) -> Step:
    return replace(step, source=step.source or lines.get((step.file, step.line), "").strip())
