"""What a user asked of a check: the options, and `[tool.hermetic]` of the nearest `pyproject.toml`."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from .._catalogue import CONFIDENCES, Confidence
from ..errors import BadConfig, UnknownHazard
from .selection import Selection, nearest, slugs


@dataclass(frozen=True, slots=True)
class Config:
    """How to check; `base` is where the patterns of `exclude` and per-file ignores start, `jobs` 0 means every core."""

    select: frozenset[str] = frozenset()
    ignore: frozenset[str] = frozenset()
    min_confidence: Confidence = "likely"
    exclude: tuple[str, ...] = ()
    jobs: int = 1
    per_file_ignores: tuple[tuple[str, frozenset[str]], ...] = ()
    tests: bool = False
    tell_fences: bool = False
    base: Path = field(default_factory=Path.cwd)

    @property
    def selection(self) -> Selection:
        return Selection(self.select, self.ignore, self.per_file_ignores)

    def shows(self, confidence: Confidence) -> bool:
        """Whether a finding as sure as this is told."""
        return CONFIDENCES.index(confidence) <= CONFIDENCES.index(self.min_confidence)


def load(start: Path, explicit: Path | None = None) -> Config:
    """The configuration for a check that starts at `start`; raises BadConfig.

    Without an explicit file, the nearest `pyproject.toml` at or above `start` with a `[tool.hermetic]` table counts.
    """
    if explicit is not None:
        table = _table(explicit)
        if table is None:
            raise BadConfig(f"{explicit} has no [tool.hermetic] table; add one or leave --config out")
        return _config(table, explicit)
    start = start.absolute()
    for place in (start, *start.parents):
        file = place / "pyproject.toml"
        if file.is_file() and (table := _table(file)) is not None:
            return _config(table, file)
    return Config()


def _table(file: Path) -> dict[str, Any] | None:
    """The `[tool.hermetic]` table of a TOML file, or None. Its values are of any TOML type until they are read."""
    try:
        document = tomllib.loads(file.read_text("utf-8-sig"))
    except OSError as error:
        raise BadConfig(f"{file} cannot be read ({error.strerror}); correct the path after --config") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadConfig(f"{file} is no valid TOML: {error}") from None
    tool = document.get("tool", {})
    table = tool.get("hermetic") if isinstance(tool, dict) else None
    if table is not None and not isinstance(table, dict):
        raise BadConfig(f"{file}: tool.hermetic is {_kind(table)}, and should be a table: [tool.hermetic]")
    return table


def _config(table: dict[str, Any], file: Path) -> Config:
    """The configuration that a table states; every key is read by its own reader."""
    config = Config(base=file.parent.absolute())
    for key, value in table.items():
        if key not in _READERS:
            raise BadConfig(
                f"{file}: [tool.hermetic] has no key {key!r}{nearest(key, _READERS)}; its keys are {', '.join(_READERS)}"
            )
        try:
            config = replace(config, **{key.replace("-", "_"): _READERS[key](value)})
        except UnknownHazard as error:
            raise BadConfig(f"{file}: {key}: {error}") from None
        except TypeError as error:
            raise BadConfig(f"{file}: {key} is {_kind(value)}, and should be {error}") from None
    return config


def _names(value: object) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise TypeError('a list of strings, such as ["lost-write"]')
    return value


def _hazards(value: object) -> frozenset[str]:
    return slugs(_names(value))


def _patterns(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise TypeError('a list of patterns, such as ["legacy/"]')
    return tuple(value)


def _confidence(value: object) -> Confidence:
    for confidence in CONFIDENCES:
        if value == confidence:
            return confidence
    raise TypeError("one of " + ", ".join(f'"{each}"' for each in CONFIDENCES))


def _count(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise TypeError("a number of processes, 0 for one per core")
    return value


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError("true or false")
    return value


def _per_file(value: object) -> tuple[tuple[str, frozenset[str]], ...]:
    if not isinstance(value, dict):
        raise TypeError('a table from pattern to hazards, such as {"scripts/*" = ["session-leak"]}')
    return tuple((pattern, slugs(_names(names))) for pattern, names in value.items())


# Any: each reader answers with the type of its own field of Config.
_READERS: dict[str, Callable[[object], Any]] = {
    "select": _hazards,
    "ignore": _hazards,
    "min-confidence": _confidence,
    "exclude": _patterns,
    "jobs": _count,
    "per-file-ignores": _per_file,
    "tests": _flag,
}


def _kind(value: object) -> str:
    """A TOML value as a user would name it."""
    kinds = {str: "the string", bool: "the boolean", int: "the number", float: "the number", list: "the list"}
    for kind, name in kinds.items():
        if type(value) is kind:
            return f"{name} {value!r}" if kind is not bool else f"the boolean {str(value).lower()}"
    return "a table" if isinstance(value, dict) else f"{value}"


def with_options(config: Config, *, select: Iterable[str], ignore: Iterable[str], exclude: Iterable[str]) -> Config:
    """The configuration with the command line's word on top: `--select` replaces, `--ignore` and `--exclude` add."""
    return replace(
        config,
        select=slugs(select) or config.select,
        ignore=config.ignore | slugs(ignore),
        exclude=(*config.exclude, *exclude),
    )
