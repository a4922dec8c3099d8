"""Reads the `[tool.hermetic]` table of a TOML file, and says in one sentence what is wrong with it."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, get_args

from ..._catalogue import CONFIDENCES, Confidence, Severity
from ..._naming import hazard_named, nearest, slugs
from ...errors import BadConfig, UnknownHazard

# Any, here and below: values of a TOML file, and what their readers make of them for the fields of Config.


def table_of(file: Path) -> dict[str, Any] | None:
    """The `[tool.hermetic]` table of a TOML file, or None; raises BadConfig."""
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


def values_of(table: Mapping[str, object], file: Path) -> dict[str, Any]:
    """What a table states, by the names of Config's fields; raises BadConfig for a wrong key or value."""
    values = read_table(table, _READERS, f"{file}: ", "[tool.hermetic]")
    if "per_path" in values:
        values["per_path"] = {
            pattern: read_table(rule, _PATH_READERS, f'{file}: per-path."{pattern}".', f'per-path."{pattern}"')
            for pattern, rule in values["per_path"].items()
        }
    return values


def read_table(
    table: Mapping[str, object], readers: Mapping[str, Callable[[object], Any]], start: str, name: str
) -> dict[str, Any]:
    """The values of a table, every key read by its own reader; raises BadConfig, whose sentence begins with `start`."""
    values = {}
    for key, value in table.items():
        if key not in readers:
            sentence = f"{name} has no key {key!r}{nearest(key, readers)}; its keys are {', '.join(readers)}"
            raise BadConfig(f"{start.partition(': ')[0]}: {sentence}")
        try:
            values[key.replace("-", "_")] = readers[key](value)
        except UnknownHazard as error:
            raise BadConfig(f"{start}{key}: {error}") from None
        except TypeError as error:
            raise BadConfig(f"{start}{key} is {_kind(value)}, and should be {error}") from None
    return values


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


def _file(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise TypeError('the name of a file, such as "hermetic-baseline.json"')
    return value


def _directory(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise TypeError('the name of a directory, such as ".hermetic_cache"')
    return value


def _per_file(value: object) -> tuple[tuple[str, frozenset[str]], ...]:
    if not isinstance(value, dict):
        raise TypeError('a table from pattern to hazards, such as {"scripts/*" = ["session-leak"]}')
    return tuple((pattern, slugs(_names(names))) for pattern, names in value.items())


def _per_path(value: object) -> dict[str, dict[str, object]]:
    if not isinstance(value, dict) or not all(isinstance(each, dict) for each in value.values()):
        raise TypeError('a table for each pattern, such as [tool.hermetic.per-path."scripts/*"]')
    return value


def _severities(value: object) -> tuple[tuple[str, Severity], ...]:
    known: tuple[Severity, ...] = get_args(Severity)
    if not isinstance(value, dict) or not all(each in known for each in value.values()):
        raise TypeError('a table from hazard to "error", "warning" or "info", such as {n-plus-one = "info"}')
    return tuple((hazard_named(name).slug, severity) for name, severity in value.items())


def _providers(value: object) -> list[str] | dict[str, object]:
    if isinstance(value, dict):
        return value
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise TypeError('a list of files, such as ["my_framework.toml"], or a table for each provider')
    return value


_PATH_READERS: dict[str, Callable[[object], Any]] = {
    "select": _hazards,
    "ignore": _hazards,
    "min-confidence": _confidence,
    "severity": _severities,
}

_READERS: dict[str, Callable[[object], Any]] = {
    "select": _hazards,
    "ignore": _hazards,
    "min-confidence": _confidence,
    "exclude": _patterns,
    "jobs": _count,
    "per-file-ignores": _per_file,
    "per-path": _per_path,
    "severity": _severities,
    "baseline": _file,
    "cache-dir": _directory,
    "providers": _providers,
    "tests": _flag,
}


def _kind(value: object) -> str:
    """A TOML value as a user would name it."""
    kinds = {str: "the string", bool: "the boolean", int: "the number", float: "the number", list: "the list"}
    for kind, name in kinds.items():
        if type(value) is kind:
            return f"{name} {value!r}" if kind is not bool else f"the boolean {str(value).lower()}"
    return "a table" if isinstance(value, dict) else f"{value}"
