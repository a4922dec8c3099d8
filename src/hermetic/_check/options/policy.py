"""Decides what is told of each file: by the nearest configuration, by its rules for paths, by the command line."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from ..._catalogue import CONFIDENCES, Confidence, Finding, Severity
from .config import Config, Overrides, configured
from .selection import matches


@dataclass(frozen=True, slots=True)
class Policy:
    """What is told of one file; an empty `select` is every hazard."""

    select: frozenset[str]
    ignore: frozenset[str]
    min_confidence: Confidence
    severity: dict[str, Severity]
    tests: bool

    def wants(self, slug: str) -> bool:
        """Whether a hazard is looked for."""
        return slug not in self.ignore and (not self.select or slug in self.select)

    def shows(self, confidence: Confidence) -> bool:
        """Whether a finding as sure as this is told."""
        return CONFIDENCES.index(confidence) <= CONFIDENCES.index(self.min_confidence)

    def graded(self, finding: Finding) -> Finding:
        """The finding with the severity that the user gives to its hazard."""
        return replace(finding, severity=self.severity.get(finding.slug, finding.severity))


class Policies:
    """The policy of each file, looked up once.

    What is told of a file is decided by the nearest `pyproject.toml` with a `[tool.hermetic]` table at or above it, as
    a whole: nothing is inherited from one further up. A file that has none is judged by the configuration of the check.
    """

    def __init__(self, config: Config, overrides: Overrides | None = None) -> None:
        self._overrides = overrides or Overrides()
        self._of_check = config
        self._nearest: dict[Path, Config] = {}
        self._of: dict[str, Policy] = {}

    def of(self, file: str) -> Policy:
        """The policy of a file, given by the name that is shown to the user; raises BadConfig."""
        if file not in self._of:
            path = Path(file).absolute()
            config = self._config(path.parent) if self._of_check.nested else self._of_check
            self._of[file] = _policy(config, below(config.base, path))
        return self._of[file]

    def _config(self, directory: Path) -> Config:
        """The configuration nearest to a directory."""
        if directory not in self._nearest:
            self._nearest[directory] = self._found(directory)
        return self._nearest[directory]

    def _found(self, directory: Path) -> Config:
        if directory == self._of_check.base or directory == directory.parent:
            return self._of_check
        here = configured(directory)
        return self._config(directory.parent) if here is None else self._overrides.on(here)


def _policy(config: Config, file: str) -> Policy:
    """A configuration's word on one file, the later of two rules that match it on top."""
    select, ignore, min_confidence = config.select, config.ignore, config.min_confidence
    severity = dict(config.severity)
    for pattern, left_out in config.per_file_ignores:
        if matches(pattern, file):
            ignore |= left_out
    for rule in config.per_path:
        if matches(rule.pattern, file):
            select, ignore = rule.select or select, ignore | rule.ignore
            min_confidence = rule.min_confidence or min_confidence
            severity |= dict(rule.severity)
    return Policy(select, ignore, min_confidence, severity, config.tests)


def below(base: Path, path: Path) -> str:
    """A file's name below the configuration file, where patterns start."""
    return path.relative_to(base).as_posix() if path.is_relative_to(base) else path.as_posix().lstrip("/")
