"""What a baseline knows again, and what is new to it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from hermetic._catalogue import Finding
from hermetic._check.checked import Entry
from hermetic._check.telling.baseline import Baseline, Comparison, load, write
from hermetic.errors import BadConfig, CheckFailed

TOTAL = Finding(
    "detached-access", "HM301", "error", "proven", "orders.py", 9, 1, 9, 2, "it is read",
    function="total", fingerprint="a" * 16 + "1" * 16,
)  # fmt: skip
MAIL = replace(TOTAL, slug="lost-write", file="shop/mail.py", function="mail", fingerprint="b" * 16 + "2" * 16)


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def knowing(*findings: Finding) -> Baseline:
    baseline = Baseline(Path("known.json"))
    return replace(baseline, entries=baseline.holding(findings))


def compared(baseline: Baseline, *told: Finding, hidden: tuple[Finding, ...] = (), out: str = "") -> Comparison:
    """The comparison of a check that saw every file but `out`."""
    return baseline.compared(told, hidden, lambda entry: entry.file != out)


def test_what_was_there_is_known() -> None:
    """The same findings on other lines are not new, and nothing is stale."""
    done = compared(knowing(TOTAL, MAIL), replace(TOTAL, line=90, end_line=90), MAIL)

    assert ((), 2, ()) == (done.new, len(done.known), done.stale)


def test_one_more_of_the_same_is_new() -> None:
    """Entries are counted: a second instance of a known mistake in the same function does not hide behind the first."""
    again = replace(TOTAL, line=11, end_line=11)

    assert (again,) == compared(knowing(TOTAL), TOTAL, again).new
    assert () == compared(knowing(TOTAL, again), TOTAL, again).new


def test_a_function_may_move_to_another_file() -> None:
    """Its code is what it is known by."""
    moved = replace(TOTAL, file="shop/orders.py")

    assert () == compared(knowing(TOTAL), moved).new


def test_a_copy_in_another_file_is_new() -> None:
    """The original keeps its entry, so the copy has none."""
    copied = replace(TOTAL, file="shop/orders.py")

    assert (copied,) == compared(knowing(TOTAL), copied, TOTAL).new


def test_an_edit_elsewhere_in_the_function_changes_nothing() -> None:
    """The function of the same name with the same mistake in the same statement is known."""
    edited = replace(TOTAL, fingerprint="c" * 16 + "1" * 16)

    assert () == compared(knowing(TOTAL), edited).new


@pytest.mark.parametrize(
    "other",
    [
        replace(TOTAL, fingerprint="c" * 16 + "3" * 16),
        replace(TOTAL, fingerprint="c" * 16 + "1" * 16, function="total_of_all"),
        replace(TOTAL, fingerprint="c" * 16 + "1" * 16, file="shop/orders.py"),
        replace(TOTAL, slug="n-plus-one"),
    ],
    ids=["another statement", "another function", "edited and moved", "another hazard"],
)
def test_another_mistake_is_new(other: Finding) -> None:
    """It does not take the place of one that was mended."""
    done = compared(knowing(TOTAL), other)

    assert ((other,), 1) == (done.new, len(done.stale))


def test_what_is_no_longer_found_is_stale() -> None:
    """By the number of findings that are gone; pruning takes just them out."""
    done = compared(knowing(TOTAL, TOTAL, TOTAL, MAIL), TOTAL)

    assert [("total", 2), ("mail", 1)] == [(each.function, each.count) for each in done.stale]
    assert knowing(TOTAL).entries == done.pruned


def test_pruning_notes_where_things_are_today() -> None:
    """A moved function is entered under its new file; what is new is never let in."""
    moved = replace(TOTAL, file="shop/orders.py")

    assert knowing(moved).entries == compared(knowing(TOTAL), moved, MAIL).pruned


def test_what_a_check_could_not_see_is_left_alone() -> None:
    """A check of some files neither calls the others' entries stale, nor gives them away to a copy, nor prunes them."""
    copied = replace(TOTAL, file="copy.py")
    done = compared(knowing(TOTAL), copied, out="orders.py")

    assert ((copied,), (), knowing(TOTAL).entries) == (done.new, done.stale, done.pruned)


def test_hidden_findings_keep_their_entries() -> None:
    """A check that wants to be surer does not call the rest of the baseline stale, and tells nothing of it."""
    done = compared(knowing(TOTAL, MAIL), MAIL, hidden=(TOTAL,))

    assert ((), (MAIL,), ()) == (done.new, done.known, done.stale)


def test_the_file_is_sorted_with_an_entry_a_line(here: Path) -> None:
    """Whatever the order of the findings, so that a diff shows what came and what went."""
    write(here / "known.json", knowing(MAIL, TOTAL, TOTAL).entries)
    lines = (here / "known.json").read_text("utf-8").splitlines()

    assert 6 + 1 == len(lines)
    assert ["orders.py", "shop/mail.py"] == [json.loads(line.rstrip(","))["file"] for line in lines[3:5]]


def test_what_is_written_is_read_again(here: Path) -> None:
    """Entries survive the file, an empty baseline too."""
    for baseline in (knowing(TOTAL, TOTAL, MAIL), knowing()):
        write(here / "known.json", baseline.entries)

        assert baseline.entries == load(here / "known.json").entries


def test_file_names_start_at_the_baseline(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same baseline serves from whatever directory the check is run."""
    write(here / "known.json", knowing(MAIL).entries)
    (here / "shop").mkdir()
    monkeypatch.chdir(here / "shop")

    assert () == compared(load(here / "known.json"), replace(MAIL, file="mail.py")).new


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "<<<<<<< HEAD\n",
            r"known\.json is no baseline \(Expecting value: .*\); correct it, or write it anew with --wr",
        ),
        ("[]", r"known\.json is no baseline \("),
        ('{"version": 2, "findings": []}', r"known\.json is of version 2; this Hermetic reads version 1"),
        ('{"version": 1, "findings": {}}', r"known\.json is no baseline \(its findings are no list\)"),
        ('{"version": 1, "findings": [{"file": "a.py"}]}', r"known\.json is no baseline \("),
        (
            '{"version": 1, "findings": [{"file": "a", "function": "f", "hazard": "x", "fingerprint": "y", "count": 0}]}',
            r"known\.json is no baseline \(not an entry: ",
        ),
    ],
)
def test_a_broken_file_is_a_sentence(here: Path, text: str, sentence: str) -> None:
    """It says what is wrong and what to do; nothing is silently accepted."""
    (here / "known.json").write_text(text, encoding="utf-8")

    with pytest.raises(BadConfig, match=sentence):
        load(Path("known.json"))


def test_a_missing_file_is_told(here: Path) -> None:
    """And how it comes to be."""
    with pytest.raises(BadConfig, match=r"known\.json cannot be read \(No such file .*\); --write-baseline writes it"):
        load(Path("known.json"))


def test_a_place_that_cannot_be_written_is_told(here: Path) -> None:
    """With the option that names another one."""
    with pytest.raises(
        CheckFailed, match=r"known\.json cannot be written \(No such .*\); give --baseline another path"
    ):
        write(here / "no" / "known.json", (Entry("a.py", "f", "lost-write", "0" * 32),))
