"""Tells which lines changed since a git revision, by asking git."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from ..._catalogue import Finding
from ...errors import BadConfig
from .fingerprints import Places

_HUNK = re.compile(r"^@@ -\d+(?:,(?P<gone>\d+))? \+(?P<first>\d+)(?:,(?P<count>\d+))? @@", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class ChangedFile:
    """The lines of a file that are new or changed, and the lines at which something was taken out (0: before the first)."""

    lines: frozenset[int] = frozenset()
    cuts: frozenset[int] = frozenset()
    is_new: bool = False


@dataclass(frozen=True, slots=True)
class Changes:
    """What changed since a revision, by absolute path."""

    files: dict[Path, ChangedFile] = field(default_factory=dict)

    def touch(self, finding: Finding, places: Places) -> bool:
        """Whether a finding, or a step of its story, is on a changed line, or in a function that lost one."""
        sites = {(finding.file, line) for line in range(finding.line, finding.end_line + 1)}
        sites.update((step.file, step.line) for step in finding.story)
        return any(self._touched(file, line, places) for file, line in sites)

    def _touched(self, file: str, line: int, places: Places) -> bool:
        changed = self.files.get(_placed(Path(file)))
        if changed is None:
            return False
        if changed.is_new or line in changed.lines:
            return True
        found = places.at(file, line) if changed.cuts else None
        return found is not None and any(found[0].first <= cut <= found[0].last for cut in changed.cuts)


def changes_since(revision: str, directory: Path) -> Changes:
    """What the working tree has changed since it left the revision's branch, untracked files included.

    Raises BadConfig when git is not there, the directory is in no repository, or the revision is unknown.
    """
    top = Path(_git(directory, "rev-parse", "--show-toplevel", why="--diff needs a git repository").strip()).resolve()
    known = f"{revision}^{{commit}}"
    commit = _git(
        top, "rev-parse", "--verify", "--quiet", "--end-of-options", known,
        why=f"git knows no revision {revision!r}; give --diff a branch, a tag or a commit, and fetch it first",
    ).strip()  # fmt: skip
    base = _git(
        top, "merge-base", commit, "HEAD",
        why=f"{revision!r} and the checked out commit have no common ancestor here; fetch more of the history",
    ).strip()  # fmt: skip
    options = ("--no-color", "--no-ext-diff", "--no-textconv", "--find-renames", "--diff-filter=d", "--unified=0")
    names = _git(top, "diff", *options, "--name-only", "-z", base, "--").split("\0")[:-1]
    patch = _git(top, "diff", *options, base, "--")
    parts = re.split(r"^diff --git .*$", patch, flags=re.MULTILINE)[1:]
    if len(parts) == len(names):
        changed = {top / name: _changed(part) for name, part in zip(names, parts, strict=True)}
    else:  # a file that became a link, or a merge that is not resolved, has no patch of its own
        changed = {top / name: ChangedFile(is_new=True) for name in names}
    untracked = _git(top, "ls-files", "--others", "--exclude-standard", "-z").split("\0")[:-1]
    return Changes(changed | {top / name: ChangedFile(is_new=True) for name in untracked})


def _placed(path: Path) -> Path:
    """A path as git knows it: a link itself, in the directory where it really is."""
    return path.parent.resolve() / path.name


def _changed(part: str) -> ChangedFile:
    """The lines that the part of a patch on one file speaks of, by the numbers of the newer file."""
    lines: set[int] = set()
    cuts: set[int] = set()
    for hunk in _HUNK.finditer(part):
        first, count = int(hunk["first"]), int(hunk["count"] or 1)
        lines.update(range(first, first + count))
        if hunk["gone"] != "0":
            cuts.add(first)
    return ChangedFile(frozenset(lines), frozenset(cuts))


def _git(directory: Path, *arguments: str, why: str = "") -> str:
    """What git prints; raises BadConfig with the reason when it fails."""
    try:
        done = subprocess.run(
            ["git", "-C", str(directory), "-c", "core.quotePath=false", *arguments],
            capture_output=True, check=False, stdin=subprocess.DEVNULL,
        )  # fmt: skip
    except FileNotFoundError:
        raise BadConfig("--diff asks git, which is not installed") from None
    if done.returncode:
        told = " ".join(done.stderr.decode(errors="replace").split())
        raise BadConfig(" ".join(f"{why or 'git failed'}{f' ({told})' if told else ''}".split()))
    return done.stdout.decode("utf-8", "surrogateescape")
