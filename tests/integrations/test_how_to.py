"""The page of each host is one program, which is run as it is written."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.pages import examples, run

ROOT = Path(__file__).resolve().parents[2]
HOSTS = sorted(file.stem for file in (ROOT / "src/hermetic/integrations").glob("[!_]*.py"))
MOST_LINES = 15
ELSEWHERE = {"streamlit"}
"""Hosts whose page is a program of another kind, and is run by the tests of the host."""


@pytest.mark.parametrize("host", sorted({*HOSTS} - ELSEWHERE))
def test_a_page_does_what_it_says(host: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its blocks are one module; what they assert at the end holds."""
    monkeypatch.chdir(tmp_path)
    run(host, monkeypatch)

    assert "assert" in examples(host)[-1]


@pytest.mark.parametrize("host", HOSTS)
def test_a_page_begins_with_what_to_paste(host: str) -> None:
    """The first block is short, and it attaches the host."""
    lines = [line for line in examples(host)[0].splitlines() if line]

    assert len(lines) <= MOST_LINES
    assert any(f"hermetic.integrations.{host} import" in line for line in lines)
