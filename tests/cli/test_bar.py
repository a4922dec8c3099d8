"""The progress bar."""

from __future__ import annotations

import pytest

from hermetic._cli._bar import Bar


@pytest.fixture(autouse=True)
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stderr that rich takes for a terminal."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")


def shown(bar: Bar, capsys: pytest.CaptureFixture[str]) -> str:
    try:
        bar.show("reading", 3, 0)
        bar.show("analysing", 1, 4)
    finally:
        bar.stop()
    out, err = capsys.readouterr()
    assert "" == out
    return err


def test_a_short_check_shows_no_bar(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing flickers when the result is there at once."""
    assert "" == shown(Bar(patience_s=60), capsys)


def test_a_long_check_tells_stage_and_number(capsys: pytest.CaptureFixture[str]) -> None:
    """On stderr, so that a report can go into a pipe."""
    told = shown(Bar(patience_s=0), capsys)

    assert "analysing" in told
    assert "1/4" in told
