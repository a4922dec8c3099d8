"""What is remembered between checks is what would be found anew."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from hermetic._check import engine
from hermetic._check.analyzer import Analyzer
from hermetic._check.checked import Counts
from hermetic._check.work import cache as remembered
from hermetic._check.work import workers
from hermetic._check.work.cache import Cache
from hermetic._check.work.units import UnitKey
from tests.check.mutate import written
from tests.check.prove import checked, prove

EDITS = 100
ROOM = Path(engine.__file__).parent
WHOLE = re.compile(r"\.modules\.(?:values|items)\(\)|project\.(?:functions|classes)\(\)")
MEMO = re.compile(r"self\._\w+: dict\[|\bcached_property\b")
REMEMBERS_PLAINLY = {
    "analyzer.py", "enclosing.py", "engines.py", "exit_stacks.py", "factories.py", "files.py", "index.py", "known.py", "ledger.py",
    "lent.py", "lineage.py", "lines.py", "liveness.py", "memory.py", "mentions.py", "modules.py", "names.py", "pages.py",
    "parts.py", "reach.py", "registry.py", "relations.py", "relevance.py", "rendering.py", "rulers.py", "shapes.py", "sharing.py", "start_up.py",
    "surroundings.py", "traces.py", "units.py", "witness.py",
}  # fmt: skip
LOOKS_THROUGH_ALL = {
    "analyzer.py", "enclosing.py", "engine.py", "engines.py", "factories.py", "fenced.py", "ledger.py", "lines.py", "mentions.py", "parts.py",
    "registries.py", "registry.py", "relations.py", "relevance.py", "surroundings.py",
}  # fmt: skip


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    return written(tmp_path / "shop")


def test_any_edit_is_seen(tmp_path: Path) -> None:
    """After each of many random edits, a check that remembers reports what one reports that does not, and looks at less."""
    tally = prove(EDITS, 20, tmp_path)

    assert (EDITS, "") == (tally.edits, tally.disagreement)
    assert tally.warm < tally.cold


def explored(project: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Whether a check of the project looks at anything."""
    looked: list[object] = []
    analyze = engine.analyze
    with monkeypatch.context() as patch:
        patch.setattr(engine, "analyze", lambda *args, **kwargs: looked.append(args) or analyze(*args, **kwargs))
        checked(project, cache)
    return bool(looked)


def test_nothing_changed_is_nothing_looked_at(shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second check of the same files answers from the first; a new date on a file is no change."""
    looked = [explored(shop, tmp_path / "cache", monkeypatch) for _ in range(2)]
    os.utime(shop / "app" / "orders.py", (1, 1))

    assert [True, False, False] == [*looked, explored(shop, tmp_path / "cache", monkeypatch)]


def test_another_hermetic_believes_nothing(shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What another version of it, or another Python, left behind is made anew."""
    checked(shop, tmp_path / "cache")
    monkeypatch.setattr(remembered, "own_digest", lambda: "another")

    assert explored(shop, tmp_path / "cache", monkeypatch)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-7])


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def empty(path: Path) -> None:
    path.write_bytes(b"")


@pytest.mark.parametrize("break_it", [cut, flip, empty])
def test_a_broken_entry_is_none(shop: Path, tmp_path: Path, break_it: Callable[[Path], None]) -> None:
    """It is made anew, without a word."""
    expected = checked(shop, tmp_path / "cache")
    for entry in (tmp_path / "cache").glob("*.entry"):
        break_it(entry)

    assert expected == checked(shop, tmp_path / "cache")


def test_a_cache_that_cannot_be_written_is_one_sentence(shop: Path, tmp_path: Path) -> None:
    """The report is the same besides."""
    (tmp_path / "cache").write_text("a file in its place", encoding="utf-8")
    report = checked(shop, tmp_path / "cache")

    assert ["cache"] == [problem.kind for problem in report.problems]
    assert report.problems[0].sentence.startswith("nothing is remembered for the next check: ")
    assert checked(shop, None) == replace(report, problems=())


def test_the_directory_keeps_itself_out_of_repositories_and_backups(shop: Path, tmp_path: Path) -> None:
    """By a `.gitignore` of its own and the tag that backup programs look for."""
    checked(shop, tmp_path / "cache")

    assert (tmp_path / "cache" / ".gitignore").read_text("utf-8").endswith("\n*\n")
    assert (
        (tmp_path / "cache" / "CACHEDIR.TAG")
        .read_text("utf-8")
        .startswith("Signature: 8a477f597d28d172789f06886806bc55")
    )


class Harmful:
    """Unpickles by calling a function."""

    def __reduce__(self) -> tuple[object, ...]:
        return os.mkdir, ("harm",)


def test_an_entry_from_a_stranger_runs_no_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only plain data of Hermetic's own is read from a cache."""
    monkeypatch.chdir(tmp_path)
    cache = Cache(tmp_path / "cache")
    cache.put("harm", Harmful())
    cache.put("counts", Counts(files=3))

    assert cache.get("harm") is None
    assert not (tmp_path / "harm").exists()
    assert Counts(files=3) == cache.get("counts")


def test_old_entries_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cache does not grow without end."""
    monkeypatch.setattr(remembered, "KEPT", 3)
    cache = Cache(tmp_path)
    for number in range(5):
        cache.put(str(number), number)

    assert 3 == len(list(tmp_path.glob("*.entry")))


def looked_at(project: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The modules in which a check looks at anything that the program begins with."""
    looked = set[str]()
    look = workers.look_at

    def note(analyzer: Analyzer, start: UnitKey) -> None:
        looked.add(start[1])
        look(analyzer, start)

    with monkeypatch.context() as patch:
        patch.setattr(workers, "look_at", note)
        checked(project, cache)
    return looked


@pytest.mark.parametrize(
    ("file", "old", "new", "expected"),
    [
        ("views.py", "orders.newest()", "orders.newest() or None", {"app.views"}),
        ("orders.py", ".first()", ".one()", {"app.orders", "app.views"}),
        ("service.py", '"new"', '"old"', {"app.service"}),
        ("words.py", ".title()", ".upper()", {"app.words"}),
        ("words.py", "def worded", "# told\ndef worded", {"app.words"}),
        ("orders.py", "def ", "# told\n\ndef ", {"app.orders"}),
        ("telling.py", "def told(order)", "def told(order, *more)", {"app.telling", "app.views"}),
    ],
)
def test_only_what_rests_on_an_edit_is_looked_at_again(
    shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str, old: str, new: str, expected: set[str]
) -> None:
    """The edited function, and those that called one whose answer is another now: a change ends where an answer is the same."""
    checked(shop, tmp_path / "cache")
    source = shop / "app" / file
    source.write_text(source.read_text("utf-8").replace(old, new), encoding="utf-8")

    assert expected == looked_at(shop, tmp_path / "cache", monkeypatch)


def test_a_model_counts_for_all_that_knows_it(shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a relationship loads is a fact of the whole program."""
    checked(shop, tmp_path / "cache")
    models = shop / "app" / "models.py"
    models.write_text(models.read_text("utf-8").replace('"orders")', '"orders", lazy="joined")'), encoding="utf-8")

    looked = looked_at(shop, tmp_path / "cache", monkeypatch)

    assert {"app.orders"} <= looked
    assert "app.words" not in looked


def test_what_looks_through_the_whole_program_is_known() -> None:
    """Whoever joins this list comes after all evidence, or notes what is learned (see `traces`): else a warm check misses edits."""
    found = {file.name for file in ROOM.rglob("*.py") if WHOLE.search(file.read_text("utf-8"))}

    assert LOOKS_THROUGH_ALL == found - {"modules.py"}


def test_what_is_worked_out_once_carries_its_notes() -> None:
    """Whoever joins this list notes what an answer rests on each time that it is given (see `traces`): else a warm check misses edits."""
    rooms = (
        file
        for file in ROOM.rglob("*.py")
        if file.parent.name not in {"fixes", "living", "telling", "options", "source"}
    )
    found = {file.name for file in rooms if MEMO.search(file.read_text("utf-8"))}

    assert REMEMBERS_PLAINLY == found - {"run.py"}
