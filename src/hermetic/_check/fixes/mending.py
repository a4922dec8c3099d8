"""Turns what a hazard asks for into edits on the source, or into advice where nothing can be changed mechanically."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeAlias

from ..._catalogue import Edit, RemedyKind, Safety
from ..source.discover import SourceFile
from .commit import commit
from .loader_option import loader_option
from .merge_result import merge_result
from .order_by import order_by
from .plain_def import plain_def
from .populate_existing import populate_existing
from .rollback import rollback
from .source import Fix, Sources
from .unique import unique
from .with_block import with_block

if TYPE_CHECKING:
    from ..whole.evidence import Sight, Wanted

Maker: TypeAlias = "Callable[[Wanted, Sources], Fix | None]"

_MAKERS: dict[RemedyKind, Maker] = {
    "with-block": with_block,
    "merge-result": merge_result,
    "rollback": rollback,
    "commit": commit,
    "loader-option": loader_option,
    "plain-def": plain_def,
    "populate-existing": populate_existing,
    "order-by": order_by,
    "unique": unique,
}


class Mending:
    """Makes the fixes of a project's findings."""

    def __init__(self, files: Sequence[SourceFile]) -> None:
        self._sources = Sources(files)
        self._documents = {file.name for file in files if file.fence}

    def of(self, sight: Sight) -> tuple[tuple[Edit, ...], Safety | None, frozenset[str] | None]:
        """The edits that mend what was seen, what they are worth, and the files that were read for them, None for all.

        Documents are never changed, only advised on.
        """
        self._sources.begin()
        fix = _MAKERS[sight.wanted.kind](sight.wanted, self._sources) if sight.wanted else None
        read = self._sources.read
        if fix is None:
            return (), "display" if sight.fix else None, read
        is_told = any(edit.file in self._documents for edit in fix.edits)
        return fix.edits, "display" if is_told else fix.safety, read
