"""Decides which fixes stay: each must leave a module that parses, must take its finding away, and must bring no other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from ..._catalogue import Edit, Finding, Safety
from ..source.reading import Unreadable, parse
from .draft import Draft, Untouched, opened, overlap

Kind: TypeAlias = tuple[str, str, str]
Name: TypeAlias = tuple[Kind, str]


@dataclass(frozen=True, slots=True)
class Look:
    """What a check finds: `told` is what the user is shown, `found` all of it; `texts` are its modules' texts by name."""

    told: tuple[Finding, ...]
    found: tuple[Finding, ...]
    texts: Mapping[str, str]


Looking: TypeAlias = Callable[[Mapping[str, str]], Look]
"""Checks the project anew, with other texts for some of its modules."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of the fixes: the drafts they changed, the findings they mended, a sentence for each left out.

    `remaining` counts the findings that are left, `unsafe` those of them that an unsafe fix might mend.
    """

    drafts: tuple[Draft, ...]
    mended: tuple[Finding, ...]
    left: tuple[str, ...]
    unsafe: int
    remaining: int


def mend(looking: Looking, allowed: Collection[Safety], only: Iterable[Finding] | None = None) -> Outcome:
    """Try every fix that is as safe as asked for, those that overlap one after the other; `only` those of some findings."""
    names = None if only is None else {_name(each) for each in only}
    return _Attempt(looking, allowed, names, looking({})).run()


@dataclass(slots=True)
class _Attempt:
    looking: Looking
    allowed: Collection[Safety]
    only: Collection[Name] | None
    seen: Look
    drafts: dict[str, Draft] = field(default_factory=dict)
    closed: set[str] = field(default_factory=set)
    refused: set[Name] = field(default_factory=set)
    mended: list[Finding] = field(default_factory=list)
    left: dict[str, None] = field(default_factory=dict)

    def run(self) -> Outcome:
        while batch := _apart(self._wanted()):
            self._keep(batch)
        changed = tuple(draft for draft in self.drafts.values() if draft.text.encode(draft.encoding) != draft.before)
        here = [each for each in self.seen.told if self._is_asked(each)]
        unsafe = sum(each.safety == "unsafe" for each in here) if "unsafe" not in self.allowed else 0
        return Outcome(changed, tuple(self.mended), tuple(self.left), unsafe, len(here))

    def _is_asked(self, finding: Finding) -> bool:
        return self.only is None or _name(finding) in self.only

    def _wanted(self) -> Iterator[Finding]:
        """The findings whose fix may be tried, in files that may be written."""
        for finding in self.seen.told:
            if not finding.edits or finding.safety not in self.allowed or _name(finding) in self.refused:
                continue
            if not self._is_asked(finding):
                continue
            if all(self._is_open(edit.file) for edit in finding.edits):
                yield finding

    def _is_open(self, file: str) -> bool:
        if file not in self.drafts and file not in self.closed:
            try:
                self.drafts[file] = opened(file, self.seen.texts[file])
            except Untouched as why:
                self.closed.add(file)
                self.left[str(why)] = None
        return file not in self.closed

    def _keep(self, batch: Sequence[Finding]) -> None:
        """Make the edits of a batch, without those that do not hold; suspects of one fault wait for each other."""
        while batch:
            drafts = self._edited(batch)
            faults = _unparsable(batch, drafts)
            after = self.seen
            if not faults:
                after = self.looking({name: draft.normal for name, draft in drafts.items()})
                faults = _still_there(batch, self.seen, after) or _brought(batch, self.seen, after)
            if not faults:
                self.drafts, self.seen = drafts, after
                self.mended += batch
                return
            out = [each for fault in faults for each in fault.suspects[len(fault.suspects) // 2 :]]
            for fault in faults:
                if len(fault.suspects) == 1:
                    self._withdraw(fault.suspects[0], fault.why)
            batch = [each for each in batch if each not in out]

    def _edited(self, batch: Iterable[Finding]) -> dict[str, Draft]:
        edits: dict[str, list[Edit]] = {}
        for finding in batch:
            for edit in finding.edits:
                edits.setdefault(edit.file, []).append(edit)
        return {**self.drafts, **{name: self.drafts[name].edited(some) for name, some in edits.items()}}

    def _withdraw(self, finding: Finding, why: str) -> None:
        self.refused.add(_name(finding))
        self.left[f"{finding.file}:{finding.line}: the fix of {finding.slug} was withdrawn, {why}"] = None


@dataclass(frozen=True, slots=True)
class _Fault:
    """Something that must not be after a fix, and whose fix may have brought it; there is always one suspect."""

    suspects: Sequence[Finding]
    why: str


def _unparsable(batch: Sequence[Finding], drafts: Mapping[str, Draft]) -> list[_Fault]:
    faults = []
    for name, draft in drafts.items():
        suspects = [each for each in batch if any(edit.file == name for edit in each.edits)]
        if not suspects:
            continue
        try:
            parse(draft.normal)
        except Unreadable:
            faults.append(_Fault(suspects, "it left no valid Python"))
    return faults


def _still_there(batch: Sequence[Finding], before: Look, after: Look) -> list[_Fault]:
    """The findings of a batch that are there as often as before, in whatever confidence."""
    had, has = (Counter(map(_name, look.found)) for look in (before, after))
    wanted = Counter(map(_name, batch))
    return [
        _Fault([each], "the finding was still there")
        for each in batch
        if has[_name(each)] > had[_name(each)] - wanted[_name(each)]
    ]


def _brought(batch: Sequence[Finding], before: Look, after: Look) -> list[_Fault]:
    """The findings that would be told now, and were not before."""
    had, has = (Counter(map(_kind, look.told)) for look in (before, after))
    faults = []
    for finding in after.told:
        kind = _kind(finding)
        if has[kind] > had[kind]:
            why = f"it brought {finding.slug} at {finding.file}:{finding.line}"
            faults.append(_Fault(_suspects(batch, finding), why))
    return faults


def _suspects(batch: Sequence[Finding], new: Finding) -> Sequence[Finding]:
    """The findings whose fix is nearest to a new one: in its function, in its file, or anywhere."""
    there = [each for each in batch if any(edit.file == new.file for edit in each.edits)]
    nearest = [each for each in there if each.file == new.file and each.function == new.function]
    return nearest or there or batch


def _apart(wanted: Iterable[Finding]) -> list[Finding]:
    """As many findings, in their order, as have edits that do not overlap."""
    batch: list[Finding] = []
    taken: dict[str, list[Edit]] = {}
    for finding in wanted:
        if not any(overlap(edit, other) for edit in finding.edits for other in taken.get(edit.file, ())):
            batch.append(finding)
            for edit in finding.edits:
                taken.setdefault(edit.file, []).append(edit)
    return batch


def _kind(finding: Finding) -> Kind:
    return finding.file, finding.function, finding.slug


def _name(finding: Finding) -> Name:
    """What a finding is known by between two checks; its line moves."""
    return _kind(finding), finding.message
