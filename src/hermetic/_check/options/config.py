"""What a user asked of a check: the options, and `[tool.hermetic]` of the nearest `pyproject.toml`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from ..._catalogue import Confidence, Severity
from ..._naming import slugs
from ...errors import BadConfig
from .. import providers
from ..providers import Provider
from .config_file import table_of, values_of


@dataclass(frozen=True, slots=True)
class PathRule:
    """What holds for the files that a pattern matches, on top of the rest; an empty `select` changes nothing."""

    pattern: str
    select: frozenset[str] = frozenset()
    ignore: frozenset[str] = frozenset()
    min_confidence: Confidence | None = None
    severity: tuple[tuple[str, Severity], ...] = ()


@dataclass(frozen=True, slots=True)
class Config:
    """How to check; `base` is where the patterns of `exclude` and of paths start, `jobs` 0 means every core where that pays.

    `nested` lets a `pyproject.toml` nearer to a file decide what is told of it; a file named by the user forbids it.
    Nothing is remembered between checks without a `cache_dir`.
    """

    select: frozenset[str] = frozenset()
    ignore: frozenset[str] = frozenset()
    min_confidence: Confidence = "likely"
    exclude: tuple[str, ...] = ()
    jobs: int = 0
    per_file_ignores: tuple[tuple[str, frozenset[str]], ...] = ()
    per_path: tuple[PathRule, ...] = ()
    severity: tuple[tuple[str, Severity], ...] = ()
    baseline: Path | None = None
    cache_dir: Path | None = None
    providers: tuple[Provider, ...] = ()
    tests: bool = False
    tell_fences: bool = False
    nested: bool = True
    base: Path = field(default_factory=Path.cwd)


@dataclass(frozen=True, slots=True)
class Overrides:
    """The command line's word: `select` and `min_confidence` replace, `ignore` and `exclude` add, `tests` switches on."""

    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    min_confidence: Confidence | None = None
    tests: bool = False

    def on(self, config: Config) -> Config:
        """The configuration with the options on top; what they replace, no rule for a path brings back."""
        selected = slugs(self.select)
        return replace(
            config,
            select=selected or config.select,
            ignore=config.ignore | slugs(self.ignore),
            exclude=(*config.exclude, *self.exclude),
            min_confidence=self.min_confidence or config.min_confidence,
            tests=self.tests or config.tests,
            per_path=tuple(
                replace(
                    rule,
                    select=frozenset() if selected else rule.select,
                    min_confidence=None if self.min_confidence else rule.min_confidence,
                )
                for rule in config.per_path
            ),
        )


def load(start: Path, explicit: Path | None = None) -> Config:
    """The configuration for a check that starts at `start`; raises BadConfig.

    Without an explicit file, the nearest `pyproject.toml` at or above `start` with a `[tool.hermetic]` table counts.
    """
    if explicit is not None:
        table = table_of(explicit)
        if table is None:
            raise BadConfig(f"{explicit} has no [tool.hermetic] table; add one or leave --config out")
        return replace(_config(table, explicit), nested=False)
    start = start.absolute()
    found = (configured(place) for place in (start, *start.parents))
    return next((config for config in found if config is not None), Config())


def configured(directory: Path) -> Config | None:
    """What the `pyproject.toml` of this very directory says; None without one, or without the table in it."""
    file = directory / "pyproject.toml"
    table = table_of(file) if file.is_file() else None
    return None if table is None else _config(table, file)


def _config(table: Mapping[str, object], file: Path) -> Config:
    base = file.parent.absolute()
    values = values_of(table, file)
    if "baseline" in values:
        values["baseline"] = base / values["baseline"]
    if "cache_dir" in values:
        values["cache_dir"] = base / values["cache_dir"]
    if "providers" in values:
        values["providers"] = _providers(values["providers"], file)
    rules = values.pop("per_path", {})
    return Config(base=base, per_path=tuple(PathRule(pattern, **rule) for pattern, rule in rules.items()), **values)


def _providers(stated: list[str] | dict[str, object], file: Path) -> tuple[Provider, ...]:
    """The providers of a table, or of the model files that a list names from the configuration file on."""
    if isinstance(stated, dict):
        return providers.read(stated, f"{file}: [tool.hermetic.providers]")
    return tuple(provider for name in stated for provider in providers.load(file.parent / name))
