"""Lets a frozen state remember its hash, by which paths are compared over and over."""

from __future__ import annotations

from collections.abc import Hashable


class Hashed:
    """Hashes by what `_told_apart_by` gives, once in its life."""

    __slots__ = ("_hash",)

    _hash: int

    def __hash__(self) -> int:
        try:
            return self._hash
        except AttributeError:
            object.__setattr__(self, "_hash", hash(self._told_apart_by()))
            return self._hash

    def _told_apart_by(self) -> tuple[Hashable, ...]:
        """The fields in which two states that differ differ most often."""
        raise NotImplementedError
