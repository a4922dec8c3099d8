"""Gives the findings of a project the fingerprints of the code that its sources have around them."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence

from ..._catalogue import Finding
from ..._fingerprints import Scope, Scopes, marked
from ..source.discover import SourceFile


class Places:
    """The scopes of a project's sources, made for those that are asked about."""

    def __init__(self, files: Sequence[SourceFile]) -> None:
        self._files: dict[str, list[SourceFile]] = {}
        self._scopes: dict[int, Scopes] = {}
        for file in files:
            self._files.setdefault(file.name, []).append(file)

    def at(self, file: str, line: int) -> tuple[Scope, ast.AST] | None:
        """The scope around a line of a module or of a document's block, and the innermost statement there."""
        for source in self._files.get(file, ()):
            if source.first_line <= line <= source.text.count("\n") + 1:
                if id(source) not in self._scopes:
                    self._scopes[id(source)] = Scopes(source.tree)
                return self._scopes[id(source)].at(line)
        return None


def fingerprinted(findings: Iterable[Finding], places: Places) -> list[Finding]:
    """The findings, each with the function it stands in and the fingerprint of it."""
    return [marked(finding, places.at(finding.file, finding.line)) for finding in findings]
