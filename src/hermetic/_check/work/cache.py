"""Remembers between runs what a check found out, by the content of what it found it out from.

What is remembered is only ever believed under the same key: Hermetic's own source, the version of Python and the content
of every file. A cache that cannot be read or written costs time and nothing else.
"""

from __future__ import annotations

import hashlib
import os
import pickle
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, field, is_dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from io import BytesIO
from pathlib import Path
from typing import Any

DIRECTORY = ".hermetic_cache"
KEPT = 40
"""So many entries stay; those used longest ago go first."""

_ROOMS = ("hermetic._catalogue", "hermetic._check.", "hermetic._lifecycle.")
_PLAIN = {"builtins": {"set", "frozenset"}}
_IGNORE_ALL = "# Made by Hermetic: nothing in here belongs into a repository.\n*\n"
_TAG = "Signature: 8a477f597d28d172789f06886806bc55\n# A cache of Hermetic's; see https://bford.info/cachedir/ for this file.\n"


def digest(*parts: str | bytes) -> str:
    """One name for the content of all parts."""
    found = hashlib.blake2b(digest_size=20)
    for part in parts:
        data = part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part
        found.update(len(data).to_bytes(8, "little"))
        found.update(data)
    return found.hexdigest()


@cache
def own_digest() -> str:
    """The content of Hermetic itself, and the Python that runs it."""
    return digest(sys.version, *(part for name, data in sorted(_sources(files("hermetic"))) for part in (name, data)))


def _sources(room: Traversable) -> Iterable[tuple[str, bytes]]:
    for found in room.iterdir():
        if found.is_dir():
            yield from ((f"{found.name}/{name}", data) for name, data in _sources(found))
        elif not found.name.endswith(".pyc"):
            yield found.name, found.read_bytes()


def packed(value: object) -> bytes:
    """Plain data as bytes."""
    return pickle.dumps(value, protocol=5)


def unpacked(content: bytes) -> Any:  # Any: whoever packed it knows
    """Plain data from bytes; raises whatever comes to mind for what is none."""
    return _Reader(BytesIO(content)).load()


@dataclass(slots=True)
class Cache:
    """Entries by name in a directory; `problem` is the sentence to tell where it could not be used."""

    directory: Path
    problem: str | None = field(default=None, init=False)

    def get(self, name: str) -> Any:  # Any: whoever put it there knows
        """The entry of this name; None where there is none that can be believed."""
        path = self._path(name)
        try:
            data = path.read_bytes()
            os.utime(path)
        except OSError:
            return None
        check, content = data[:20], data[20:]
        if hashlib.blake2b(content, digest_size=20).digest() != check:
            return None
        try:
            return unpacked(content)
        except Exception:
            # Whatever another version of anything left here: it is made anew.
            return None

    def put(self, name: str, value: object) -> None:
        """Keep an entry; its name is free to be taken again."""
        try:
            content = packed(value)
            self._make_directory()
            with tempfile.NamedTemporaryFile(dir=self.directory, delete=False) as file:
                file.write(hashlib.blake2b(content, digest_size=20).digest() + content)
            os.replace(file.name, self._path(name))
            self._forget_old()
        except (OSError, pickle.PicklingError, RecursionError) as error:
            why = getattr(error, "strerror", None) or error
            self.problem = f"nothing is remembered for the next check: {why}; `--no-cache` does without"

    def _path(self, name: str) -> Path:
        return self.directory / f"{digest(own_digest(), name)}.entry"

    def _make_directory(self) -> None:
        self.directory.mkdir(parents=True, exist_ok=True)
        for name, text in ((".gitignore", _IGNORE_ALL), ("CACHEDIR.TAG", _TAG)):
            if not (self.directory / name).exists():
                (self.directory / name).write_text(text, encoding="utf-8")

    def _forget_old(self) -> None:
        entries = sorted(self.directory.glob("*.entry"), key=lambda path: path.stat().st_mtime, reverse=True)
        for path in entries[KEPT:]:
            path.unlink(missing_ok=True)


class _Reader(pickle.Unpickler):
    """Reads entries that name plain data of Hermetic's only: a cache in a repository may come from anybody."""

    def find_class(self, module: str, name: str) -> Any:  # Any: what pickle declares
        if name in _PLAIN.get(module, ()) or (module.startswith(_ROOMS) and name.isidentifier()):
            found = super().find_class(module, name)
            if module in _PLAIN or (_is_data(found) and found.__module__ == module):
                return found
        raise pickle.UnpicklingError(f"{module}.{name} has no place in a cache")


def _is_data(found: object) -> bool:
    """Whether something is a class of records: a dataclass or a named tuple."""
    return isinstance(found, type) and (is_dataclass(found) or issubclass(found, tuple))
