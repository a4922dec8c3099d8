"""What `[tool.hermetic]` says, and what is told of a wrong one."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from hermetic._check.options.config import Config, Overrides, PathRule, load
from hermetic.errors import BadConfig


def write(directory: Path, text: str) -> Path:
    directory.mkdir(parents=True, exist_ok=True)
    file = directory / "pyproject.toml"
    file.write_text(dedent(text), encoding="utf-8")
    return file


EVERY_KEY = """\
    [tool.hermetic]
    select = ["lost-write", "HM101"]
    ignore = ["n-plus-one"]
    min-confidence = "possible"
    exclude = ["legacy/"]
    jobs = 4
    tests = true
    per-file-ignores = { "scripts/*" = ["HM101"] }
    severity = { HM501 = "info" }
    baseline = "known/hermetic.json"

    [tool.hermetic.per-path."worker/*"]
    select = ["HM101"]
    ignore = ["lost-write"]
    min-confidence = "proven"
    severity = { session-leak = "warning" }
    """


def test_every_key_is_read(tmp_path: Path) -> None:
    """Slugs and codes, confidence, patterns, processes and tests."""
    write(tmp_path, EVERY_KEY)
    expected = Config(
        select=frozenset({"lost-write", "session-leak"}),
        ignore=frozenset({"n-plus-one"}),
        min_confidence="possible",
        exclude=("legacy/",),
        jobs=4,
        tests=True,
        per_file_ignores=(("scripts/*", frozenset({"session-leak"})),),
        per_path=(
            PathRule(
                "worker/*",
                select=frozenset({"session-leak"}),
                ignore=frozenset({"lost-write"}),
                min_confidence="proven",
                severity=(("session-leak", "warning"),),
            ),
        ),
        severity=(("n-plus-one", "info"),),
        baseline=tmp_path / "known" / "hermetic.json",
        base=tmp_path,
    )

    assert expected == load(tmp_path)


def test_the_nearest_file_with_the_table_counts(tmp_path: Path) -> None:
    """A package's own `pyproject.toml` without the table leaves the word to the one above."""
    write(tmp_path, "[tool.hermetic]\njobs = 3\n")
    write(tmp_path / "package", "[project]\nname = 'package'\n")
    (tmp_path / "package" / "orders.py").write_text("", encoding="utf-8")

    assert (3, tmp_path) == (load(tmp_path / "package" / "orders.py").jobs, load(tmp_path / "package").base)


def test_a_file_can_be_named(tmp_path: Path) -> None:
    """`--config` takes the table from a file of any name."""
    file = tmp_path / "strict.toml"
    file.write_text("[tool.hermetic]\nmin-confidence = 'possible'\n", encoding="utf-8")

    assert "possible" == load(tmp_path, file).min_confidence


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("selct = []", "[tool.hermetic] has no key 'selct', the nearest is 'select'; its keys are select, ignore, "),
        ("select = 'lost-write'", "select is the string 'lost-write', and should be a list of strings, such as "),
        ("select = ['lost-wite']", "select: no hazard is called 'lost-wite', the nearest is 'lost-write'; "),
        ("ignore = [1]", "ignore is the list [1], and should be a list of strings, such as "),
        ("min-confidence = 'sure'", "min-confidence is the string 'sure', and should be one of \"proven\", "),
        ("jobs = true", "jobs is the boolean true, and should be a number of processes, 0 for one per core"),
        ("jobs = -1", "jobs is the number -1, and should be a number of processes"),
        ("exclude = 3", "exclude is the number 3, and should be a list of patterns, such as "),
        ("tests = 'yes'", "tests is the string 'yes', and should be true or false"),
        ("per-file-ignores = []", "per-file-ignores is the list [], and should be a table from pattern to hazards"),
        ("per-file-ignores = {a = 'x'}", "per-file-ignores is a table, and should be a list of strings"),
        ("jobs = ", "is no valid TOML: "),
        ("baseline = 1", "baseline is the number 1, and should be the name of a file, such as "),
        ("severity = {n-plus-one = 'bad'}", 'severity is a table, and should be a table from hazard to "error", '),
        ("severity = {n-plus-on = 'info'}", "severity: no hazard is called 'n-plus-on', the nearest is 'n-plus-one'"),
        ("per-path = {'a/*' = 3}", "per-path is a table, and should be a table for each pattern, such as "),
        ("per-path = {'a/*' = {jobs = 3}}", "per-path.\"a/*\" has no key 'jobs'; its keys are select, ignore, "),
        ("per-path = {'a/*' = {select = 3}}", 'per-path."a/*".select is the number 3, and should be a list of strings'),
    ],
)
def test_a_mistake_is_one_sentence_that_names_the_key(tmp_path: Path, line: str, sentence: str) -> None:
    """The file, the key, what it is and what it should be."""
    file = write(tmp_path, f"[tool.hermetic]\n{line}\n")

    with pytest.raises(BadConfig) as caught:
        load(tmp_path)
    assert str(caught.value).removeprefix(f"{file}").lstrip(": ").startswith(sentence)
    assert "\n" not in str(caught.value)


def test_a_table_that_is_none_is_told(tmp_path: Path) -> None:
    """`tool.hermetic` must be a table."""
    write(tmp_path, "[tool]\nhermetic = 3\n")

    with pytest.raises(BadConfig, match=r"tool\.hermetic is the number 3, and should be a table: \[tool\.hermetic\]"):
        load(tmp_path)


def test_a_named_file_must_be_there_and_hold_the_table(tmp_path: Path) -> None:
    """A mistyped `--config` is no silent default."""
    with pytest.raises(BadConfig, match=r"none\.toml cannot be read \(No such file or directory\); correct the path"):
        load(tmp_path, tmp_path / "none.toml")
    file = write(tmp_path, "[tool.other]\n")
    with pytest.raises(BadConfig, match=r"has no \[tool\.hermetic\] table; add one or leave --config out"):
        load(tmp_path, file)


def test_options_have_the_last_word() -> None:
    """`--select` replaces what the file says, `--ignore` and `--exclude` add to it."""
    config = Config(select=frozenset({"lost-write"}), ignore=frozenset({"n-plus-one"}), exclude=("a/",))
    merged = Overrides(select=("HM101,session-leak",), ignore=("stale-read",), exclude=("b/",)).on(config)

    assert frozenset({"session-leak"}) == merged.select
    assert frozenset({"n-plus-one", "stale-read"}) == merged.ignore
    assert ("a/", "b/") == merged.exclude
