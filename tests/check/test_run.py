"""From paths to a report."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from hermetic._catalogue import Finding
from hermetic._check.options.config import Config
from hermetic._check.run import check
from hermetic._check.source.discover import SourceFile
from hermetic.errors import AnalysisFailed, NothingToCheck


def breaks(error: BaseException) -> Callable[..., Any]:
    def analyze(files: Sequence[SourceFile], **options: Any) -> Any:
        raise error

    return analyze


@pytest.mark.parametrize("error", [KeyError("x"), RecursionError("too deep"), MemoryError(), AssertionError("\n")])
def test_an_error_in_the_analysis_is_a_sentence(tmp_path: Path, error: Exception) -> None:
    """Its type and place, and what to do, with the exception as the cause; the recursion limit is as before."""
    (tmp_path / "a.py").write_text("x = 1\n", encoding="utf-8")
    limit = sys.getrecursionlimit()
    with pytest.raises(
        AnalysisFailed, match=rf"^the analysis stopped on an internal error: {type(error).__name__}"
    ) as caught:
        check([tmp_path], analyze=breaks(error))

    assert error is caught.value.__cause__
    assert limit == sys.getrecursionlimit()
    assert "\n" not in str(caught.value)


def test_stopping_by_hand_is_no_internal_error(tmp_path: Path) -> None:
    """Ctrl-C goes through."""
    (tmp_path / "a.py").write_text("x = 1\n", encoding="utf-8")

    with pytest.raises(KeyboardInterrupt):
        check([tmp_path], analyze=breaks(KeyboardInterrupt()))


def test_nothing_but_broken_files_is_nothing_checked(tmp_path: Path) -> None:
    """Each is told, and the check is not clean."""
    (tmp_path / "a.py").write_bytes(b"x = (\n")

    with pytest.raises(NothingToCheck, match=r"a\.py:1: no valid Python [\s\S]*\nnothing in .* could be checked$"):
        check([tmp_path], analyze=finds())


def test_a_directory_without_python_is_nothing_checked(tmp_path: Path) -> None:
    """An empty place is no clean one."""
    with pytest.raises(NothingToCheck, match=r"^no Python in .*; give a path that holds \.py or \.md files"):
        check([tmp_path], analyze=finds())


def test_broken_files_beside_good_ones_are_only_told(tmp_path: Path) -> None:
    """The rest is checked."""
    (tmp_path / "a.py").write_bytes(b"x = (\n")
    (tmp_path / "b.py").write_bytes(b"x = 1\n")
    report = check([tmp_path], Config(), analyze=finds())

    assert (1, 1) == (report.counts.files, len(report.problems))
    assert not report.recognised_nothing


def finding(**changes: Any) -> Finding:
    fields: dict[str, Any] = {
        "slug": "lost-write", "code": "HM203", "severity": "error", "confidence": "proven", "file": "a.py", "line": 1,
        "column": 1, "end_line": 1, "end_column": 2, "message": "lost",
    }  # fmt: skip
    return Finding(**(fields | changes))


def finds(*findings: Finding) -> Callable[..., Any]:
    def analyze(files: Sequence[SourceFile], **options: Any) -> Any:
        return SimpleNamespace(findings=findings, sessions=1, models=1, functions=1, unresolved=(), given_up=())

    return analyze


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_tests_count_one_step_less_sure(here: Path) -> None:
    """What is proven in a test is told as likely, what is likely is hidden; `tests` takes them as code."""
    (here / "test_a.py").write_text("x = 1\n", encoding="utf-8")
    analyze = finds(finding(file="test_a.py"), finding(file="test_a.py", confidence="likely", message="less"))
    report = check(["."], Config(), analyze=analyze)
    as_code = check(["."], Config(tests=True), analyze=analyze)

    assert (["likely"], 2, 1) == (
        [each.confidence for each in report.findings],
        report.counts.lowered,
        report.counts.hidden,
    )
    assert (2, 0) == (len(as_code.findings), as_code.counts.lowered)


def test_a_migration_pays_once(here: Path) -> None:
    """What is only slow is no more than possible in a migration, however sure; what is wrong there is one step less sure."""
    (here / "migrations").mkdir()
    (here / "migrations" / "a.py").write_text("x = 1\n", encoding="utf-8")
    place = str(Path("migrations", "a.py"))
    analyze = finds(finding(file=place), finding(file=place, slug="n-plus-one", code="HM501"))
    report = check(["."], Config(min_confidence="possible"), analyze=analyze)

    assert {"lost-write": "likely", "n-plus-one": "possible"} == {
        each.slug: each.confidence for each in report.findings
    }


def test_columns_in_a_document_are_those_of_the_document(here: Path) -> None:
    """A block in a list is indented, and its findings with it."""
    (here / "guide.md").write_text("- x\n\n  ```python\n  y = 1\n  ```\n", encoding="utf-8")
    report = check(["."], analyze=finds(finding(file="guide.md", line=4, end_line=4)))

    assert [(3, 4)] == [(each.column, each.end_column) for each in report.findings]


def test_columns_are_characters(here: Path) -> None:
    """Python counts bytes, an editor characters: the call behind an umlaut stands where one sees it."""
    (here / "a.py").write_text('größe = "ä", f()\n', encoding="utf-8")
    report = check(["."], analyze=finds(finding(column=17, end_column=20)))

    assert [(14, 17)] == [(each.column, each.end_column) for each in report.findings]


def test_a_marked_mistake_is_not_counted_and_must_be_one(here: Path) -> None:
    """Findings in a block marked bad are expected; a marked block without one is told."""
    block = "<!-- hermetic: bad -->\n```python\nx = 1\n```\n"
    (here / "guide.md").write_text(block * 2, encoding="utf-8")
    report = check(["."], analyze=finds(finding(file="guide.md", line=3, end_line=3)))

    assert () == report.findings
    assert [("example", 7)] == [(each.kind, each.line) for each in report.problems]


def test_unused_comments_are_told_of_hazards_that_were_looked_for(here: Path) -> None:
    """A comment for a hazard that was not selected may well be of use."""
    text = "x = 1  # hermetic: allow[lost-write] why\ny = 1  # hermetic: allow[session-leak, n-plus-one] why\n"
    (here / "a.py").write_text(text, encoding="utf-8")
    report = check(["."], Config(ignore=frozenset({"n-plus-one"})), analyze=finds(finding()))

    assert [("lost", "why")] == [(each.message, reason) for each, reason in report.suppressed]
    assert ["session-leak"] == [each.slug for each in report.unused_suppressions]


def test_findings_come_by_file_and_line_once_each(here: Path) -> None:
    """The order is that of the files, and the same finding twice is one."""
    (here / "a.py").write_text("x = 1\ny = 1\n", encoding="utf-8")
    (here / "b.py").write_text("x = 1\n", encoding="utf-8")
    given = (finding(file="b.py"), finding(line=2), finding(), finding())

    assert [("a.py", 1), ("a.py", 2), ("b.py", 1)] == [
        (each.file, each.line) for each in check(["."], analyze=finds(*given)).findings
    ]
