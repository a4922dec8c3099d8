"""Every page and every case holds: in the analyzer, and against the installed SQLAlchemy."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from hermetic._catalogue import Finding, Hazard, catalogue
from hermetic._check.engine import analyze

from .cases import HERE, Case, cases, example, mismatch, run_block
from .running import Stage, statements

HAZARDS = [hazard for hazard in catalogue().values() if (HERE / f"{hazard.slug}.md").exists()]
CASES = [case for hazard in HAZARDS for case in cases(hazard.slug)]

every_hazard = pytest.mark.parametrize("hazard", HAZARDS, ids=[hazard.slug for hazard in HAZARDS])
every_case = pytest.mark.parametrize("case", CASES, ids=[case.id for case in CASES])


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    """A place where pages run, emptied afterwards."""
    stage = Stage(tmp_path, monkeypatch)
    yield stage
    stage.close()


def findings(case: Case) -> tuple[Finding, ...]:
    """What the analyzer finds in a case."""
    return analyze(case.sources(), templates=case.templates()).findings


@every_hazard
def test_example_is_caught(hazard: Hazard) -> None:
    """What a page shows as the mistake is found."""
    case = Case(hazard.slug, "Example", 1, (("case.py", example(hazard, "Example").text),))
    found = findings(case)

    assert hazard.slug in {finding.slug for finding in found if finding.confidence != "possible"}


@every_hazard
def test_cure_is_silent(hazard: Hazard) -> None:
    """What a page advises instead has nothing left to find."""
    case = Case(hazard.slug, "Use instead", 1, (("case.py", example(hazard, "Use instead").text),))
    told = mismatch(case, findings(case))

    assert not told, told


@every_case
def test_case(case: Case) -> None:
    """A finding stands on each marked line of a case, and on no other."""
    told = mismatch(case, findings(case))

    assert not told, told


@every_hazard
@pytest.mark.usefixtures("swept")
@pytest.mark.filterwarnings("ignore:coroutine .* was never awaited:RuntimeWarning")
@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")
def test_page_tells_the_truth(hazard: Hazard, stage: Stage) -> None:
    """The example fails on real SQLAlchemy in the way its cases say, and the cure does not."""
    block = run_block(hazard.slug)
    world = {
        "example": stage.execute("example", example(hazard, "Example").text),
        "cure": stage.execute("cure", example(hazard, "Use instead").text),
        "raises": pytest.raises,
        "run": stage.run,
        "statements": statements,
    }
    code = "\n" * (block.line - 1) + block.text

    exec(compile(code, HERE / f"{hazard.slug}.md", "exec"), world)


@every_hazard
def test_cases_are_many(hazard: Hazard) -> None:
    """A hazard has at least eight cases that are caught and twelve that are silent."""
    own = [any(mark.slug == hazard.slug for mark in case.expected()) for case in cases(hazard.slug)]

    assert own.count(True) >= 8
    assert own.count(False) >= 12
