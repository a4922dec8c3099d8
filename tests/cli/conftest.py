"""A working directory for the command, with an engine whose findings are known beforehand."""

from __future__ import annotations

from pathlib import Path

import pytest

from hermetic._check import engine
from tests.cli.simple import Write, analyze


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory in which the simple engine does the checking."""
    monkeypatch.setattr(engine, "analyze", analyze)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def write(shop: Path) -> Write:
    """Write a file of the working directory."""

    def written(name: str, text: str) -> None:
        path = shop / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    return written
