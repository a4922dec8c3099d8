from __future__ import annotations

from pathlib import Path

import pytest

from hermetic._scopes.engines import How
from tests.pages import examples, run


def test_the_page_does_what_it_says(monkeypatch: pytest.MonkeyPatch) -> None:
    """The examples of the page are one module, and what they claim holds."""
    run("scopes", monkeypatch)["db"].dispose()

    assert 7 == len(examples("scopes"))


def test_every_option_is_told(root: Path) -> None:
    """The table of options names each that a Database takes."""
    page = (root / "docs" / "how-to" / "scopes.md").read_text("utf-8")
    table = page.partition("## What a database is told")[2].partition("\n## ")[0]

    assert [] == [name for name in [*How.__annotations__, "session_class", "on_event_loop"] if f"`{name}" not in table]
