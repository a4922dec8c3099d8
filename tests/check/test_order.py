"""What is found does not depend on the order in which a program is looked at, nor on how many processes do it."""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from hermetic._catalogue import Finding
from hermetic._check.analyzer import Analyzer
from hermetic._check.engine import analyze
from hermetic._check.program.modules import Project
from hermetic._check.run import check
from hermetic._check.source.discover import SourceFile, discover
from hermetic._check.telling.finished import Finished
from hermetic._check.whole.evidence import merged
from hermetic._check.whole.witness import findings
from hermetic._check.work import forks, workers
from hermetic._check.work.starts import look_at, starts
from hermetic._check.work.units import UnitKey
from hermetic.errors import AnalysisFailed
from tests.check.building import source_file
from tests.hazards.cases import WORLD

ROOT = Path(__file__).resolve().parents[2]

CIRCLES = {
    "shop.py": WORLD.read_text("utf-8"),
    "tree.py": """
        from shop import Order, SessionLocal
        from walk import below, engine

        def show(order, depth=0):
            print(order.customer.name)
            for other in below(order):
                show(other, depth + 1)

        def first():
            with SessionLocal() as session:
                order = session.get(Order, 1)
            show(order)

        kept = below(None)
    """,
    "walk.py": """
        from shop import Order, SessionLocal
        import tree

        engine = None

        def get_engine():
            global engine
            engine = engine or make(get_engine)
            return engine

        def make(other):
            return other() if tree.kept else SessionLocal()

        def below(order):
            with SessionLocal() as session:
                found = session.get(Order, 2)
                session.commit()
            tree.show(found)
            return [found, *below(found)]
    """,
}


def leaky_shop() -> list[SourceFile]:
    return [found for found in discover([ROOT / "demo" / "leaky_shop"]) if isinstance(found, SourceFile)]


def circles() -> list[SourceFile]:
    return [source_file(name, text) for name, text in CIRCLES.items()]


each_project = pytest.mark.parametrize("files", [leaky_shop, circles])


def ordered(found: Sequence[Finding]) -> list[Finding]:
    return sorted(found, key=repr)


def found_in_order(files: Sequence[SourceFile], shuffle: Callable[[list[UnitKey]], None]) -> list[Finding]:
    analyzer = Analyzer(Project(files))
    order = [key for module in analyzer.project.modules.values() for key in starts(analyzer, module)]
    shuffle(order)
    for start in order:
        look_at(analyzer, start)
    seen = analyzer.units.seen(order)
    whole = analyzer.tell(merged(seen[key].evidence for key in sorted(seen)))
    return ordered(list(findings(whole, Finished(files, {}))))


@each_project
def test_any_order_of_functions_finds_the_same(files: Callable[[], list[SourceFile]]) -> None:
    """Whoever is looked at first, and whatever it asks for."""
    expected = ordered(analyze(files()).findings)
    found = [found_in_order(files(), random.Random(seed).shuffle) for seed in range(5)]

    assert expected
    assert [expected] * len(found) == found


@each_project
def test_any_order_of_files_finds_the_same(files: Callable[[], list[SourceFile]]) -> None:
    """Files may come in any order."""
    one, other = analyze(files()), analyze(files()[::-1])

    assert ordered(one.findings) == ordered(other.findings)


@each_project
def test_two_processes_find_what_one_finds(files: Callable[[], list[SourceFile]]) -> None:
    """All of the analysis is the same, counts too."""
    one, two = analyze(files(), jobs=1), analyze(files(), jobs=2)

    assert ordered(one.findings) == ordered(two.findings)
    assert (one.sessions, one.functions, one.unresolved) == (two.sessions, two.functions, two.unresolved)


def test_small_projects_stay_in_one_process() -> None:
    """Left to itself, the check takes more processes only where they pay; a number given is taken."""
    assert [1, 1, 3] == [workers.processes(jobs, functions) for jobs, functions in [(0, 10), (1, 9_999), (3, 10)]]


def test_a_process_that_dies_is_one_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """It says what probably happened, and how to go on."""
    parent = os.getpid()

    def die(*_: object) -> None:
        if os.getpid() != parent:
            os.kill(os.getpid(), signal.SIGKILL)

    (tmp_path / "shop.py").write_text(WORLD.read_text("utf-8"), encoding="utf-8")
    monkeypatch.setattr(forks, "look_at", die)
    with pytest.raises(AnalysisFailed, match=r"^a process of the check was ended from outside.*--jobs 1"):
        check([tmp_path], analyze=lambda files, **_: analyze(files, jobs=2))


def test_what_breaks_in_a_process_is_told_as_if_there_were_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The sentence names the error and the place where it was raised."""

    def fail(*_: object) -> None:
        raise KeyError("x")

    (tmp_path / "shop.py").write_text(WORLD.read_text("utf-8"), encoding="utf-8")
    monkeypatch.setattr(forks, "look_at", fail)
    with pytest.raises(AnalysisFailed, match=r"KeyError: 'x' \(test_order\.py:\d+\)"):
        check([tmp_path], analyze=lambda files, **_: analyze(files, jobs=2))
