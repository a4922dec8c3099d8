"""Reads the examples of a how-to page, and runs them as the one program that they are."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from markdown_it import MarkdownIt

HOW_TO = Path(__file__).resolve().parent.parent / "docs" / "how-to"


def examples(page: str) -> list[str]:
    """The Python of a page, block by block."""
    tokens = MarkdownIt().parse((HOW_TO / f"{page}.md").read_text("utf-8"))
    return [token.content for token in tokens if token.type == "fence" and token.info == "python"]


def run(page: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The names of the page when all of it has run. Any: whatever it defines."""
    module = ModuleType(f"{page}_page")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    exec(compile("\n".join(examples(page)), f"{page}.md", "exec"), module.__dict__)
    return module.__dict__
