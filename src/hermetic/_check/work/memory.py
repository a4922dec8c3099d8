"""What a check knows from earlier ones: which texts are Python, and what was found in the very same files."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ..checked import Analysis, Problem
from ..providers import Provider
from ..source.discover import SourceFile
from ..source.fences import Fence, fences
from ..templates.files import Template, can_read
from .cache import Cache, digest

if TYPE_CHECKING:
    from .ledger import Known


@dataclass(frozen=True, slots=True)
class Parsed:
    """The texts that are Python, and the blocks of documents, by the names of their contents."""

    python: frozenset[str] = frozenset()
    fences: dict[str, tuple[Fence, ...]] = field(default_factory=dict)


class Memory:
    """Asks a cache in a directory, and tells it; without one, nothing is known.

    One that is `living` remembers for as long as it lives, with or without a directory: for who checks again and again.
    """

    def __init__(
        self,
        directory: Path | None,
        paths: Iterable[str | Path],
        providers: Iterable[Provider] = (),
        *,
        living: bool = False,
    ) -> None:
        self._living = living
        self._units: Known | None = None
        self._providers = repr(tuple(providers))
        self._cache = cache = Cache(directory) if directory is not None else None
        places = "\n".join(sorted(str(Path(path).absolute()) for path in paths))
        self._parsed_name, self._units_name = f"parsed {places}", f"units {digest(self._providers)} {places}"
        parsed = cache.get(self._parsed_name) if cache is not None else None
        self._parsed = parsed if isinstance(parsed, Parsed) else Parsed()
        self._fences: dict[str, tuple[Fence, ...]] = {}

    @property
    def problems(self) -> list[Problem]:
        """Why nothing could be kept."""
        if self._cache is None or self._cache.problem is None:
            return []
        return [Problem(str(self._cache.directory), None, self._cache.problem, "cache")]

    def is_python(self, content: str) -> bool:
        """Whether a text of this content was parsed before, so that this can wait until somebody asks for its tree."""
        return content in self._parsed.python

    def fences(self, text: str) -> tuple[Fence, ...]:
        """The blocks of Python in a document."""
        name = digest(text)
        found = self._parsed.fences.get(name)
        self._fences[name] = tuple(fences(text)) if found is None else found
        return self._fences[name]

    def analysis(self, files: Sequence[SourceFile | Template]) -> Analysis | None:
        """What was found in these files, if each of them is as it was."""
        found = self._cache.get(self._name(files)) if self._cache is not None else None
        return found if isinstance(found, Analysis) else None

    @property
    def is_on(self) -> bool:
        """Whether anything is remembered."""
        return self._cache is not None or self._living

    @property
    def units(self) -> Known:
        """What the last check of these paths saw."""
        if self._units is None:
            # Imported here, because it comes with the engine, which is not needed where nothing changed.
            from .ledger import Known

            found = self._cache.get(self._units_name) if self._cache is not None else None
            self._units = found if isinstance(found, Known) else Known()
        return self._units

    def keep_units(self, known: Known) -> None:
        """Know the next time what was seen."""
        self._units = known
        if self._cache is not None:
            self._cache.put(self._units_name, known)

    def keep(self, files: Sequence[SourceFile | Template], analysis: Analysis) -> Analysis:
        """Know the next time what was found in these files; gives it."""
        if self.is_on:
            self._keep_parsed(files)
        if self._cache is not None:
            self._cache.put(self._name(files), analysis)
        return analysis

    def _keep_parsed(self, files: Sequence[SourceFile | Template]) -> None:
        python = frozenset(file.content for file in files if isinstance(file, SourceFile))
        parsed = Parsed(python, self._fences)
        if parsed != self._parsed and self._cache is not None:
            self._cache.put(self._parsed_name, parsed)
        self._parsed, self._fences = parsed, {}

    def _name(self, files: Iterable[SourceFile | Template]) -> str:
        """A name for everything that an analysis is made from."""
        parts = (part for file in files for part in _circumstances(file))
        return f"analysis {digest(self._providers, *parts)}"


def _circumstances(file: SourceFile | Template) -> tuple[str, ...]:
    """What counts of a file."""
    if isinstance(file, Template):
        return str(file.path), file.name, str(can_read()), file.text
    return str(file.path), file.name, file.module, file.role, f"{file.fence} {file.first_line}", file.content
