"""Runs the command in this process, as the tests of every supported click can."""

from __future__ import annotations

import io
from contextlib import redirect_stderr, redirect_stdout
from typing import NamedTuple

from hermetic._cli import main


class Done(NamedTuple):
    """How a command ended and what it printed where."""

    exit_code: int
    stdout: str
    stderr: str


def run(*arguments: str) -> Done:
    """Run `hermetic` with these arguments into pipes of UTF-8."""
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2))
    with redirect_stdout(out), redirect_stderr(err):
        try:
            main(list(arguments))
        except SystemExit as ended:
            code = ended.code
    out.seek(0)
    err.seek(0)
    assert isinstance(code, int)
    return Done(code, out.read(), err.read())
