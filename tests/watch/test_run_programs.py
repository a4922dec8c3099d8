"""`hermetic run` before programs that begin, do their work and end."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.watch.running import found, running

BOTH = {("n-plus-one", "names"): 5, ("lost-write", "forget"): 1}


@pytest.mark.parametrize(
    "command", [("app.py",), ("-m", "shop"), ("-X", "utf8", "app.py")], ids=["script", "module", "option"]
)
def test_a_program_is_watched(tmp_path: Path, command: tuple[str, ...]) -> None:
    """Its mistakes are told with their counts, and its output is its own."""
    with running(tmp_path, sys.executable, *command) as program:
        seen = program.ended()
        assert program.process.stdout
        printed = program.process.stdout.read()

    assert BOTH == found(seen)
    assert "customer 0, customer 1, customer 2, customer 3, customer 4\n" == printed
    assert 0 == program.process.returncode
