"""The site is built from the pages without a warning, and each page is in its navigation."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def test_the_site_is_built(tmp_path: Path) -> None:
    """Every link leads somewhere, every page is found from the navigation, and MkDocs has nothing to say."""
    pytest.importorskip("mkdocs", reason="MkDocs is not installed")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(tmp_path)],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
    )

    assert (0, "") == (done.returncode, done.stdout + done.stderr)
    assert {page.relative_to(ROOT / "docs").with_suffix("") for page in (ROOT / "docs").rglob("*.md")} <= {
        page.relative_to(tmp_path).with_suffix("") for page in tmp_path.rglob("*.html")
    }


def test_what_leaves_the_site_is_a_hint(tmp_path: Path) -> None:
    """A page's link to a file of the project is no link on the site, and tells the file's name."""
    pytest.importorskip("mkdocs", reason="MkDocs is not installed")
    from docs.outside import on_page_markdown

    class Source:
        src_uri = "why/compared.md"

    class Page:
        file = Source()

    shown = on_page_markdown('[yes](../../tests/test_x.py "test_y") and [scopes](../how-to/scopes.md)', page=Page())

    assert '<span title="tests/test_x.py: test_y">yes</span> and [scopes](../how-to/scopes.md)' == shown
