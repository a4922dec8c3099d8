"""`hermetic explain`, `--version` and `--help`."""

from __future__ import annotations

import subprocess
import sys

import pytest

from hermetic._catalogue import catalogue
from hermetic._cli.explain import _rendered
from tests.cli.running import run


@pytest.mark.parametrize("name", ["lost-write", "HM203", "hm203", "lost_write"])
def test_a_page_is_found_by_slug_or_code(name: str) -> None:
    """In any case; into a pipe it is plain Markdown."""
    result = run("explain", name)

    assert 0 == result.exit_code
    assert result.stdout.startswith("# lost-write (HM203, error)\n\n")
    assert catalogue()["lost-write"].page.strip() in result.stdout


def test_without_a_name_all_are_listed() -> None:
    """Code, slug and title of each, in the order of the codes."""
    lines = run("explain").stdout.splitlines()

    assert list(catalogue()) == [line.split()[1] for line in lines]


def test_an_unknown_name_ends_with_2_and_names_the_nearest() -> None:
    """One sentence on stderr."""
    result = run("explain", "lost-writes")

    assert (2, "") == (result.exit_code, result.stdout)
    assert (
        "hermetic: no hazard is called 'lost-writes', the nearest is 'lost-write'; `hermetic explain` lists them all\n"
        == (result.stderr)
    )


def test_a_terminal_gets_a_page_laid_out() -> None:
    """Headings and code are set apart, and colour is only what was asked for."""
    page = catalogue()["lost-write"].page

    assert "```" not in _rendered(page, colour=False)
    assert "\x1b" not in _rendered(page, colour=False)
    assert "\x1b[" in _rendered(page, colour=True)


def test_the_version_is_told() -> None:
    """`hermetic --version` names the tool and its version."""
    assert run("--version").stdout.startswith("hermetic 0")


def test_python_m_runs_the_command() -> None:
    """`python -m hermetic` is `hermetic`."""
    done = subprocess.run(
        [sys.executable, "-m", "hermetic", "--help"], capture_output=True, text=True, timeout=60, check=True
    )

    assert done.stdout.startswith("Usage: python -m hermetic [OPTIONS] COMMAND")
    assert "check" in done.stdout
    assert "explain" in done.stdout


def test_help_imports_little() -> None:
    """Help is there at once: no rich, no Markdown, no Jinja, no SQLAlchemy."""
    code = "import sys\nfrom hermetic._cli import main\ntry: main(['--help'])\nexcept SystemExit: print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)

    assert set() == {"rich", "markdown_it", "sqlalchemy", "pathspec", "hermetic.hazards"} & set(done.stdout.split())
