"""Decides which files a walk leaves out: by default, by the user's `exclude`, by `.gitignore`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pathspec import GitIgnoreSpec

NEVER = frozenset({
    ".git", ".hg", ".svn", "node_modules", "__pycache__", ".tox", ".nox", ".venv", ".eggs",
    ".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis", "site-packages",
})  # fmt: skip

OUTPUT = frozenset({"build", "dist"})


@dataclass(frozen=True, slots=True)
class Ignored:
    """The `.gitignore` files seen on the way down to a directory, and the user's `exclude` below its own base."""

    specs: tuple[tuple[Path, GitIgnoreSpec], ...] = ()

    @classmethod
    def start(cls, root: Path, exclude: Sequence[str], base: Path) -> Ignored:
        """What holds for a walk from `root`; a `.gitignore` above that leaves out `root` itself is not obeyed."""
        start = base if root.is_relative_to(base) else root
        found = cls(((start, GitIgnoreSpec.from_lines(exclude)),)) if exclude else cls()
        repository = next((place for place in (root, *root.parents) if (place / ".git").exists()), None)
        if repository is None or repository == root:
            return found
        above = cls()
        for place in reversed((root, *root.parents)):
            if place != root and place.is_relative_to(repository):
                above = above.entering(place)
        return found if above.leaves_out(root, directory=True) else cls(found.specs + above.specs)

    def entering(self, directory: Path) -> Ignored:
        """What holds inside `directory`: its own `.gitignore` is obeyed too."""
        try:
            lines = (directory / ".gitignore").read_text("utf-8", errors="replace").splitlines()
            spec = GitIgnoreSpec.from_lines(lines)
        except (OSError, ValueError):
            return self
        return Ignored((*self.specs, (directory, spec)))

    def leaves_out(self, path: Path, *, directory: bool) -> bool:
        """Whether a pattern matches; the deepest `.gitignore` that speaks of the path decides."""
        out = False
        for base, spec in self.specs:
            try:
                below = path.relative_to(base).as_posix()
            except ValueError:
                continue
            answer = spec.check_file(below + "/" if directory else below).include
            if answer is not None:
                out = answer
        return out


def never_walked(directory: Path) -> bool:
    """Whether a directory holds no code of the user's: caches, virtual environments, build output that is no package."""
    if directory.name in OUTPUT:
        return not (directory / "__init__.py").exists()
    return directory.name in NEVER or directory.name.endswith(".egg-info") or (directory / "pyvenv.cfg").exists()
