"""What is told of which file."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from hermetic._catalogue import Finding
from hermetic._check.options.config import Config, Overrides, load
from hermetic._check.options.policy import Policies, Policy


def write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text), encoding="utf-8")


def policies(root: Path, overrides: Overrides | None = None) -> Policies:
    """The policies of a check that starts in a directory."""
    overrides = overrides or Overrides()
    return Policies(overrides.on(load(root)), overrides)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_per_file_ignores_are_patterns_below_the_file(here: Path) -> None:
    """A pattern matches as in `.gitignore`; other files and other hazards are told."""
    write(here, {"pyproject.toml": "[tool.hermetic.per-file-ignores]\n'scripts/' = ['HM101']\n"})
    found = policies(here)

    assert [False, True, True] == [
        found.of("scripts/load.py").wants("session-leak"),
        found.of("scripts/load.py").wants("lost-write"),
        found.of("shop/load.py").wants("session-leak"),
    ]


RULES = """\
    [tool.hermetic]
    ignore = ["stale-read"]
    severity = { n-plus-one = "info" }

    [tool.hermetic.per-path."scripts/*"]
    ignore = ["session-leak"]
    min-confidence = "proven"

    [tool.hermetic.per-path."scripts/billing*"]
    select = ["HM203", "HM101"]
    severity = { lost-write = "error", n-plus-one = "warning" }
    min-confidence = "possible"
    """


def wanted(policy: Policy) -> list[bool]:
    return [policy.wants(slug) for slug in ("lost-write", "session-leak", "stale-read", "n-plus-one")]


def test_a_rule_for_paths_goes_on_top(here: Path) -> None:
    """What it ignores adds up, what it selects replaces, and the later of two matching rules has the last word."""
    write(here, {"pyproject.toml": RULES})
    found = policies(here)

    assert [True, True, False, True] == wanted(found.of("shop/orders.py"))
    assert [True, False, False, True] == wanted(found.of("scripts/load.py"))
    assert [True, False, False, False] == wanted(found.of("scripts/billing.py"))
    assert ["likely", "proven", "possible"] == [
        found.of(file).min_confidence for file in ("shop/orders.py", "scripts/load.py", "scripts/billing.py")
    ]


def test_a_severity_can_be_chosen(here: Path) -> None:
    """For the whole project or for some paths; a hazard without one keeps its own."""
    write(here, {"pyproject.toml": RULES})
    finding = Finding("n-plus-one", "HM501", "warning", "likely", "a.py", 1, 1, 1, 2, "a query for each row")
    found = policies(here)

    assert ["info", "warning"] == [
        found.of(file).graded(finding).severity for file in ("shop/orders.py", "scripts/billing.py")
    ]


def test_the_command_line_has_the_last_word(here: Path) -> None:
    """What it selects and how sure it wants to be is no longer changed by a rule; what is ignored adds up."""
    write(here, {"pyproject.toml": RULES})
    found = policies(here, Overrides(select=("stale-read", "n-plus-one"), ignore=("HM501",), min_confidence="likely"))

    assert [False] * 4 == wanted(found.of("scripts/billing.py"))
    assert "likely" == found.of("scripts/load.py").min_confidence


MONOREPO = {
    "pyproject.toml": "[tool.hermetic]\nignore = ['lost-write']\ntests = true\n",
    "packages/shop/pyproject.toml": "[tool.hermetic]\nignore = ['session-leak']\nper-path.'jobs/*'.ignore = ['HM304']\n",
    "packages/mail/pyproject.toml": "[project]\nname = 'mail'\n",
}


def test_the_nearest_configuration_decides_what_is_told_of_a_file(here: Path) -> None:
    """As a whole, nothing is inherited; a package without the table is judged by the one above."""
    write(here, MONOREPO)
    found = policies(here)

    assert [False, True, True, True] == wanted(found.of("packages/mail/src/mail.py"))
    assert [True, False, True, True] == wanted(found.of("packages/shop/src/orders.py"))
    assert [True, False, False, True] == wanted(found.of("packages/shop/jobs/nightly.py"))
    assert [True, False] == [found.of(f"packages/{name}/a.py").tests for name in ("mail", "shop")]


def test_options_are_laid_on_every_configuration(here: Path) -> None:
    """The command line speaks for the packages too."""
    write(here, MONOREPO)
    found = policies(here, Overrides(ignore=("n-plus-one",), tests=True)).of("packages/shop/src/orders.py")

    assert ([True, False, True, False], True) == (wanted(found), found.tests)


def test_a_file_named_by_the_user_is_the_only_one(here: Path) -> None:
    """With `--config`, no nearer file is asked."""
    write(here, MONOREPO)
    found = Policies(load(here, here / "pyproject.toml"))

    assert [False, True, True, True] == wanted(found.of("packages/shop/src/orders.py"))


def test_without_any_configuration_everything_likely_is_told(here: Path) -> None:
    """The defaults hold, inside and outside of the working directory."""
    found = Policies(Config())

    assert [True] * 4 == wanted(found.of("a.py")) == wanted(found.of(str(here.parent / "b.py")))
    assert [True, False] == [found.of("a.py").shows(confidence) for confidence in ("likely", "possible")]
