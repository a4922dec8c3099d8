"""The page of each host is one program, which is run as it is written."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import pytest
from markdown_it import MarkdownIt

ROOT = Path(__file__).resolve().parents[2]
HOSTS = sorted(file.stem for file in (ROOT / "src/hermetic/integrations").glob("[!_]*.py"))
MOST_LINES = 15
ELSEWHERE = {"streamlit"}
"""Hosts whose page is a program of another kind, and is run by the tests of the host."""


def examples(host: str) -> list[str]:
    """The Python of a host's page, block by block."""
    page = (ROOT / "docs" / "how-to" / f"{host}.md").read_text("utf-8")
    return [token.content for token in MarkdownIt().parse(page) if token.type == "fence" and token.info == "python"]


@pytest.mark.parametrize("host", sorted({*HOSTS} - ELSEWHERE))
def test_a_page_does_what_it_says(host: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its blocks are one module; what they assert at the end holds."""
    monkeypatch.chdir(tmp_path)
    module = ModuleType(f"{host}_page")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    blocks = examples(host)

    exec(compile("\n".join(blocks), f"{host}.md", "exec"), module.__dict__)

    assert "assert" in blocks[-1]


@pytest.mark.parametrize("host", HOSTS)
def test_a_page_begins_with_what_to_paste(host: str) -> None:
    """The first block is short, and it attaches the host."""
    lines = [line for line in examples(host)[0].splitlines() if line]

    assert len(lines) <= MOST_LINES
    assert any(f"hermetic.integrations.{host} import" in line for line in lines)
