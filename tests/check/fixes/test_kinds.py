"""Every kind of fix, executed before and after on real SQLAlchemy; its cases are the Markdown files beside this one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import get_args

import pytest

from hermetic._catalogue import RemedyKind
from hermetic._check.fixes.applying import Look, mend
from hermetic._check.options.config import Overrides
from hermetic._check.run import check
from tests.hazards.cases import WORLD, Block, blocks
from tests.hazards.running import Stage, statements

HERE = Path(__file__).resolve().parent
MARK = re.compile(r"  # (safe|unsafe|left)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Case:
    """Code before and after; `when` runs both. Without `after`, the code is left as it is."""

    kind: str
    heading: str
    marked: str
    after: str | None
    when: Block | None

    @property
    def before(self) -> str:
        """The code without the marks."""
        return MARK.sub("", self.marked)

    @property
    def safeties(self) -> list[tuple[int, str]]:
        """The lines of findings, and what their fix is worth; `left` where there is none."""
        lines = enumerate(self.marked.splitlines(), start=1)
        return [(number, found[1]) for number, line in lines if (found := MARK.search(line))]


def cases(kind: str) -> Iterator[Case]:
    """The cases of a kind of fix: under each heading what was, what becomes of it, and what happens when it runs."""
    found = blocks((HERE / f"{kind}.md").read_text("utf-8"))
    for heading, group in groupby(found, key=lambda block: block.heading):
        before, *others = group
        after = others[0].text if others else None
        yield Case(kind, heading, before.text, after, others[1] if len(others) > 1 else None)


KINDS = [kind for kind in get_args(RemedyKind) if (HERE / f"{kind}.md").exists()]
CASES = [case for kind in KINDS for case in cases(kind)]
every_case = pytest.mark.parametrize("case", CASES, ids=[f"{case.kind}: {case.heading}" for case in CASES])


def looking(edited: Mapping[str, str]) -> Look:
    """Checks the working directory in all confidences; those that are possible are not told."""
    report = check(["."], overrides=Overrides(min_confidence="possible"), edited=edited)
    told = tuple(each for each in report.findings if each.confidence != "possible")
    return Look(told, report.findings, report.texts)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty project with the shop in it, as the working directory."""
    (tmp_path / "shop.py").write_text(WORLD.read_text("utf-8"), "utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@every_case
def test_fix(case: Case, project: Path) -> None:
    """What is found at the marked lines is mended as the case says, and nothing else is touched."""
    (project / "case.py").write_text(case.before, "utf-8")
    told = [each for each in looking({}).told if each.file == "case.py"]
    outcome = mend(looking, ("safe", "unsafe"))

    assert case.safeties == sorted({(each.line, str(each.safety).replace("display", "left")) for each in told})
    assert ((), case.after or case.before) == (outcome.left, next((d.text for d in outcome.drafts), case.before))


@pytest.mark.usefixtures("swept")
@pytest.mark.filterwarnings("ignore:coroutine .* was never awaited:RuntimeWarning")
@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")
@pytest.mark.parametrize("case", [each for each in CASES if each.when], ids=lambda case: f"{case.kind}: {case.heading}")
def test_when_it_runs(case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On real SQLAlchemy the code goes wrong before its fix, and right after it."""
    stage = Stage(tmp_path, monkeypatch)
    assert case.after
    assert case.when
    try:
        world = {
            "before": stage.execute("before", case.before),
            "after": stage.execute("after", case.after),
            "raises": pytest.raises,
            "run": stage.run,
            "statements": statements,
        }
        code = "\n" * (case.when.line - 1) + case.when.text
        exec(compile(code, HERE / f"{case.kind}.md", "exec"), world)
    finally:
        stage.close()


@pytest.mark.parametrize("kind", KINDS)
def test_kind_is_executed(kind: str) -> None:
    """Each kind of fix has a case that runs."""
    assert any(case.when for case in CASES if case.kind == kind)
