from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import pytest
from markdown_it import MarkdownIt


def test_the_page_does_what_it_says(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The examples of the page are one module, and what they claim holds."""
    page = (root / "docs" / "how-to" / "projections.md").read_text("utf-8")
    examples = [token.content for token in MarkdownIt().parse(page) if token.type == "fence" and token.info == "python"]
    module = ModuleType("projections_page")
    monkeypatch.setitem(sys.modules, module.__name__, module)

    exec(compile("\n".join(examples), "projections.md", "exec"), module.__dict__)
    module.__dict__["session"].close()
    module.__dict__["engine"].dispose()

    assert 13 == len(examples)
