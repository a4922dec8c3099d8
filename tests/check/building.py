"""Projects made of strings, for the tests of the static check."""

from __future__ import annotations

import ast
from pathlib import Path
from textwrap import dedent

from hermetic._check.program.modules import Project
from hermetic._check.source.discover import SourceFile


def project(sources: dict[str, str]) -> Project:
    """A project of the given sources by path; `app/models.py` is the module `app.models`."""
    return Project([source_file(path, text) for path, text in sources.items()])


def source_file(path: str, text: str) -> SourceFile:
    text = dedent(text)
    parts = Path(path).with_suffix("").parts
    module = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
    return SourceFile(Path(path), path, module, text, ast.parse(text))
