"""An engine so simple that every expectation can be read off the source, for tests of the command around it."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from typing import Any

from hermetic._catalogue import Finding, Step
from hermetic._check.checked import Analysis
from hermetic._check.source.discover import SourceFile

Write = Callable[..., None]
"""Writes a file of the working directory."""

LEAK = "def f():\n    leak()\n"


def analyze(files: Sequence[SourceFile], **options: Any) -> Analysis:
    """An engine so simple that every expectation can be read off the source: each call of `leak` is a finding."""
    findings = tuple(
        Finding(
            "session-leak", "HM101", "error", "proven", file.name, node.lineno, node.col_offset + 1, node.lineno,
            node.col_offset + 7, "a session is opened and never closed", (Step(file.name, node.lineno, "opened"),), "with …",
        )
        for file in files
        for node in ast.walk(file.tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "leak"
    )  # fmt: skip
    if any("crash" in file.text for file in files):
        raise ZeroDivisionError("division by zero")
    if any("interrupt" in file.text for file in files):
        raise KeyboardInterrupt
    return Analysis(findings=findings, sessions=len(findings), models=0, functions=1)
