"""Where sessions come from in other people's code, as model files state it; the built-in ones lie beside this file."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

from ...errors import BadConfig
from ..options.config_file import read_table

if TYPE_CHECKING:
    from ..program.modules import Definition

Kind = Literal["context", "dependency", "decorator", "function", "factory", "scoped", "alias"]


@dataclass(frozen=True, slots=True)
class Provider:
    """What the dotted `name` gives: a session, and what becomes of it.

    `parameter` is what a decorator fills; `means` another dotted name, which an alias is and a function returns.
    """

    name: str
    kind: Kind
    is_async: bool = False
    commits: bool = False
    closes: bool = True
    expire_on_commit: bool = True
    parameter: str = "session"
    means: str | None = None


class Providers:
    """Answers what a name provides: a user's word holds for any name, a built-in one where no source is seen."""

    def __init__(self, own: Iterable[Provider] = ()) -> None:
        self._own = {provider.name: provider for provider in own}
        self._all = {**built_in(), **self._own}

    def external(self, name: str) -> Provider | None:
        """What a name from outside of the project provides."""
        return self._all.get(name)

    def stated(self, name: str) -> Provider | None:
        """What a name of the project provides by the user's word; packages may stand in front of it."""
        if not self._own:
            return None
        ends = (name.split(".", count)[-1] for count in range(name.count(".")))
        return next((self._own[end] for end in ends if end in self._own), None)

    def of(self, definition: Definition | None) -> Provider | None:
        """What a definition provides, of the project or from outside."""
        match definition:
            case None:
                return None
            case _ if hasattr(definition, "qualname"):
                return self.stated(definition.qualname)
            case _ if hasattr(definition, "module"):
                return self.stated(f"{definition.module.name}.{definition.name}")
            case _:
                return self.external(definition.name)


@cache
def built_in() -> Mapping[str, Provider]:
    """The providers that Hermetic knows, by name."""
    found = sorted(files(__name__).iterdir(), key=lambda file: file.name)
    models = [file for file in found if file.name.endswith(".toml")]
    return {
        provider.name: provider
        for file in models
        for provider in read(tomllib.loads(file.read_text("utf-8")), file.name)
    }


def load(file: Path) -> tuple[Provider, ...]:
    """The providers that a model file states; raises BadConfig."""
    try:
        document = tomllib.loads(file.read_text("utf-8-sig"))
    except OSError as error:
        raise BadConfig(f"{file} cannot be read ({error.strerror}); correct its name in `providers`") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadConfig(f"{file} is no valid TOML: {error}") from None
    return read(document, str(file))


def read(tables: Mapping[str, object], where: str) -> tuple[Provider, ...]:
    """The providers that tables state, one for each dotted name; `where` begins the sentence of a BadConfig."""
    return tuple(_provider(name, table, where) for name, table in tables.items())


def _provider(name: str, table: object, where: str) -> Provider:
    if not isinstance(table, dict) or any(isinstance(value, dict) for value in table.values()):
        raise BadConfig(f'{where}: {name} should be a quoted dotted name with a table: ["{name}.….get_session"]')
    values = read_table(table, _READERS, f'{where}: "{name}".', f'"{name}"')
    kind = values.get("kind")
    if kind is None:
        raise BadConfig(f'{where}: "{name}" does not say its kind; add kind = "context", or one of {_KINDS}')
    if kind == "alias" and "means" not in values:
        raise BadConfig(f'{where}: "{name}" is an alias of nothing; add means = "the.name.it.stands.for"')
    names = {"async": "is_async"}
    return Provider(name, **{names.get(key, key): value for key, value in values.items()})


def _kind(value: object) -> str:
    if value not in get_args(Kind):
        raise TypeError(f"one of {_KINDS}")
    return str(value)


def _commits(value: object) -> bool:
    if value not in ("on-exit", "never"):
        raise TypeError('"on-exit" or "never"')
    return value == "on-exit"


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError("true or false")
    return value


def _name(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise TypeError("a name")
    return value


_KINDS = ", ".join(f'"{kind}"' for kind in get_args(Kind))
# Any: each reader answers with the type of its own field of Provider.
_READERS: dict[str, Callable[[object], Any]] = {
    "kind": _kind,
    "async": _flag,
    "commits": _commits,
    "closes": _flag,
    "expire_on_commit": _flag,
    "parameter": _name,
    "means": _name,
}
