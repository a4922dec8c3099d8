"""Check and watch agree: what a page's Example does is told by both, by slug and line, and its cure is silent in both."""

from __future__ import annotations

import linecache
from collections.abc import Iterable
from dataclasses import dataclass

import pytest

from hermetic._catalogue import Hazard, catalogue
from hermetic._check.engine import analyze
from hermetic._watch import Seen, Watch
from tests.hazards.cases import HERE, Case, example, run_block
from tests.hazards.running import Stage, statements

from .conftest import watched
from .provoking import PROVOCATIONS

WATCHED = {hazard.slug: hazard for hazard in catalogue().values() if "watch" in hazard.seen_by}

EXPLAINED = {
    "late-commit": "check tells it at the yield, where the response leaves; watch at the commit that comes too late",
}
"""Why watching tells a hazard at another line than checking does."""


@dataclass(frozen=True, slots=True)
class Row:
    """What the two engines tell of a page, as lines of its Example, and what watching tells of its cure."""

    slug: str
    checked: tuple[int, ...]
    seen: tuple[int, ...]
    others: tuple[str, ...]
    cure: tuple[str, ...]

    @property
    def difference(self) -> str:
        """What is unexplained; a run takes one of the paths that a check follows."""
        if self.others or self.cure:
            return f"false alarms: {', '.join((*self.others, *self.cure))}"
        if not self.seen:
            return "not seen"
        return "" if set(self.seen) <= set(self.checked) or self.slug in EXPLAINED else "another line"

    def __str__(self) -> str:
        told = EXPLAINED.get(self.slug, "") if self.seen != self.checked else ""
        return f"{self.slug:22} {lines(self.checked):10} {lines(self.seen):10} {self.difference or told}"


def lines(numbers: Iterable[int]) -> str:
    return ", ".join(map(str, sorted(numbers))) or "-"


def checked(hazard: Hazard) -> tuple[int, ...]:
    """The lines at which the analyzer tells the hazard of its page's Example."""
    case = Case(hazard.slug, "Example", 1, (("example.py", example(hazard, "Example").text),))
    found = (each for each in analyze(case.sources()).findings if each.file == "example.py")
    return tuple(sorted({each.line for each in found if each.slug == hazard.slug and each.confidence != "possible"}))


def perform(hazard: Hazard, stage: Stage) -> list[Seen]:
    """What is seen while a page's code runs, as its cases say or as it is provoked to."""
    limit = 0.5 if hazard.slug in {"long-transaction", "stale-read"} else 60.0
    with watched(blocked_ms=0.0, long_transaction_s=limit) as watch:
        pages = {}
        for name, heading in (("example", "Example"), ("cure", "Use instead")):
            text = example(hazard, heading).text
            linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
            pages[name] = stage.execute(name, text)
        if provoke := PROVOCATIONS.get(hazard.slug):
            for page in pages.values():
                provoke(page)
        else:
            act(hazard, stage, pages)
        pages.clear()
        stage.close()
        assert {} == watch.failures
        return in_pages(watch)


def act(hazard: Hazard, stage: Stage, pages: dict[str, object]) -> None:
    """Run what the cases say that happens."""
    block = run_block(hazard.slug)
    world = {"raises": pytest.raises, "run": stage.run, "statements": statements, **pages}
    exec(compile("\n" * (block.line - 1) + block.text, HERE / f"{hazard.slug}.md", "exec"), world)
    world.clear()


def in_pages(watch: Watch) -> list[Seen]:
    return [each for each in watch.findings() if each.finding.file in {"example", "cure"}]


def row(hazard: Hazard, stage: Stage) -> Row:
    """A page's row of the table."""
    found = [each.finding for each in perform(hazard, stage)]
    loud = [each for each in found if each.severity != "info"]
    return Row(
        hazard.slug,
        checked(hazard),
        tuple(sorted({each.line for each in found if each.file == "example" and each.slug == hazard.slug})),
        tuple(f"{each.slug}:{each.line}" for each in loud if each.file == "example" and each.slug != hazard.slug),
        tuple(f"{each.slug}:{each.line} of the cure" for each in loud if each.file == "cure"),
    )


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Row]:
    """Every page that watching claims, run once under the watcher."""
    found = {}
    for slug, hazard in WATCHED.items():
        with pytest.MonkeyPatch.context() as monkeypatch:
            found[slug] = row(hazard, Stage(tmp_path_factory.mktemp(slug), monkeypatch))
    return found


@pytest.mark.usefixtures("swept")
@pytest.mark.filterwarnings("ignore:coroutine .* was never awaited:RuntimeWarning")
@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")
def test_pages_are_told_alike(table: dict[str, Row], capsys: pytest.CaptureFixture[str]) -> None:
    """The Example of each page is told by both engines, and no cure by any; the table tells every difference."""
    with capsys.disabled():
        print(f"\n{'hazard':22} {'check':10} {'watch':10} difference", *table.values(), sep="\n")  # noqa: T201

    assert [] == [f"{each.slug}: {each.difference}" for each in table.values() if each.difference]
