from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import pytest
from markdown_it import MarkdownIt

from hermetic._scopes.engines import How


def test_the_page_does_what_it_says(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The examples of the page are one module, and what they claim holds."""
    page = (root / "docs" / "how-to" / "scopes.md").read_text("utf-8")
    examples = [token.content for token in MarkdownIt().parse(page) if token.type == "fence" and token.info == "python"]
    module = ModuleType("scopes_page")
    monkeypatch.setitem(sys.modules, module.__name__, module)

    exec(compile("\n".join(examples), "scopes.md", "exec"), module.__dict__)
    module.__dict__["db"].dispose()

    assert 7 == len(examples)


def test_every_option_is_told(root: Path) -> None:
    """The table of options names each that a Database takes."""
    page = (root / "docs" / "how-to" / "scopes.md").read_text("utf-8")
    table = page.partition("## What a database is told")[2].partition("\n## ")[0]

    assert [] == [name for name in [*How.__annotations__, "session_class", "on_event_loop"] if f"`{name}" not in table]
