"""Remembers the findings that were there when a project began to check itself, so that only new ones are told.

An entry counts the findings of one hazard in one function. It holds no line numbers: it is found again by the code of
the function and of the statement, wherever that has gone. A count, not a set: the same mistake made once more is new.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ..._catalogue import Finding
from ..._fingerprints import HALF
from ...errors import BadConfig, CheckFailed
from ..checked import Entry

VERSION = 1

IsInSight = Callable[[Entry], bool]
"""Whether a check would have found what an entry speaks of: it read the file, or the file is gone."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """A check beside a baseline: the findings that are new, and those that were known.

    `stale` are entries that find nothing any more, with the count by which they are too high. `pruned` is the baseline
    without them, each entry where its finding stands today; what this check could not have found is left as it was.
    """

    new: tuple[Finding, ...]
    known: tuple[Finding, ...] = ()
    stale: tuple[Entry, ...] = ()
    pruned: tuple[Entry, ...] = ()


@dataclass(frozen=True, slots=True)
class Baseline:
    """The entries of a baseline file."""

    path: Path
    entries: tuple[Entry, ...] = ()

    def compared(self, told: Sequence[Finding], hidden: Sequence[Finding], is_in_sight: IsInSight) -> Comparison:
        """The findings beside the entries.

        An entry first takes the findings with its code in its file, then those with its code in another file, then
        those whose statement is the same in a function of the same name that was edited. Findings too unsure to be
        told keep an entry alive, but never take it from one that is told.
        """
        left = Counter({replace(entry, count=1): entry.count for entry in self.entries})
        in_sight = [entry for entry in left if is_in_sight(entry)]
        met: dict[int, Finding] = {}
        for key in (_at_its_place, _moved, _edited):
            waiting: dict[object, list[Entry]] = {}
            for entry in in_sight:
                waiting.setdefault(key(entry), []).append(entry)
            for index, finding in enumerate((*told, *hidden)):
                candidates = waiting.get(key(self._entry(finding)), ())
                taken = next((entry for entry in candidates if left[entry]), None)
                if taken is not None and index not in met:
                    left[taken] -= 1
                    met[index] = finding
        rest = [replace(entry, count=left[entry]) for entry in in_sight if left[entry]]
        return Comparison(
            new=tuple(finding for index, finding in enumerate(told) if index not in met),
            known=tuple(finding for index, finding in enumerate(told) if index in met),
            stale=tuple(sorted(rest)),
            pruned=self.holding(met.values(), (entry for entry in self.entries if not is_in_sight(entry))),
        )

    def holding(self, findings: Iterable[Finding], entries: Iterable[Entry] = ()) -> tuple[Entry, ...]:
        """The sorted entries of a baseline that knows these findings, and what these entries count."""
        counts = Counter(self._entry(finding) for finding in findings)
        for entry in entries:
            counts[replace(entry, count=1)] += entry.count
        return tuple(sorted(replace(entry, count=count) for entry, count in counts.items()))

    def file_of(self, entry: Entry) -> Path:
        """Where the file of an entry is, or was."""
        return self.path.parent.absolute() / entry.file

    def _entry(self, finding: Finding) -> Entry:
        file = os.path.relpath(os.path.abspath(finding.file), self.path.parent.absolute())
        return Entry(Path(file).as_posix(), finding.function, finding.slug, finding.fingerprint)


def _at_its_place(entry: Entry) -> object:
    return entry.file, entry.hazard, entry.fingerprint


def _moved(entry: Entry) -> object:
    return entry.hazard, entry.fingerprint


def _edited(entry: Entry) -> object:
    return entry.file, entry.function, entry.hazard, entry.fingerprint[HALF:]


def load(path: Path) -> Baseline:
    """The baseline in a file; raises BadConfig when there is none or it cannot be understood."""
    try:
        document = json.loads(path.read_text("utf-8"))
        if document["version"] != VERSION:
            raise BadConfig(f"{path} is of version {document['version']}; this Hermetic reads version {VERSION}")
        return Baseline(path, tuple(_entries(document)))
    except OSError as error:
        raise BadConfig(f"{path} cannot be read ({error.strerror}); --write-baseline writes it") from None
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        told = " ".join(str(error).split())
        raise BadConfig(f"{path} is no baseline ({told}); correct it, or write it anew with --write-baseline") from None


def _entries(document: Mapping[str, object]) -> Iterator[Entry]:
    findings = document["findings"]
    if not isinstance(findings, list):
        raise TypeError("its findings are no list")
    for given in findings:
        entry = Entry(**given)
        texts = (entry.file, entry.function, entry.hazard, entry.fingerprint)
        if not all(isinstance(each, str) for each in texts) or not isinstance(entry.count, int) or entry.count < 1:
            raise TypeError(f"not an entry: {json.dumps(given)}")
        yield entry


def write(path: Path, entries: Sequence[Entry]) -> None:
    """Put entries into a file, one a line, so that a diff tells what came and what went; raises CheckFailed."""
    lines = ",\n".join(
        "    " + json.dumps({
            "file": entry.file, "function": entry.function, "hazard": entry.hazard, "count": entry.count,
            "fingerprint": entry.fingerprint,
        })
        for entry in sorted(entries)
    )  # fmt: skip
    text = f'{{\n  "version": {VERSION},\n  "findings": [\n{lines}\n  ]\n}}\n' if entries else _EMPTY
    try:
        path.write_text(text, "utf-8")
    except OSError as error:
        raise CheckFailed(f"{path} cannot be written ({error.strerror}); give --baseline another path") from None


_EMPTY = f'{{\n  "version": {VERSION},\n  "findings": []\n}}\n'
