"""What a long run found, as tables: faults by kind, and what became of the bank beside the bank as it is copied."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from .cancelling import Ending, Way
from .crowd import Crowd
from .replicas import Seen
from .scenarios import Result


@dataclass(slots=True)
class Report:
    """Everything that was run."""

    bank: list[Result] = field(default_factory=list)
    copied: list[Result] = field(default_factory=list)
    cancelled: dict[Way, list[Ending]] = field(default_factory=dict)
    crowds: dict[str, Crowd] = field(default_factory=dict)
    seen: list[Seen] = field(default_factory=list)

    def faults(self) -> Counter[str]:
        """How many were injected while Hermetic worked, by kind."""
        total = sum((result.faults for result in [*self.bank, *self.seen]), Counter[str]())
        for way, endings in self.cancelled.items():
            total[f"cancelled by {way}"] += sum(each.was_cancelled for each in endings)
        return total

    def is_clean(self) -> bool:
        """Whether nothing was lost, doubled or told wrong, and nothing left behind."""
        return (
            all(result.is_clean for result in [*self.bank, *self.seen])
            and all(each.is_right for endings in self.cancelled.values() for each in endings)
            and all(each.units == each.kept and not each.held for each in self.crowds.values())
        )

    def markdown(self) -> str:
        """The tables."""
        parts = [_kinds(self.faults()), _banks(self.bank, "Hermetic"), _banks(self.copied, "as copied")]
        return "\n\n".join([*parts, _seen(self.seen), _cancelled(self.cancelled), _crowds(self.crowds)]) + "\n"


def _table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(_shown(each) for each in line)} |" for line in lines)


def _shown(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)


def _kinds(faults: Counter[str]) -> str:
    rows = [*sorted(faults.items()), ("**all**", faults.total())]
    return _table(["fault", "injected"], rows)


def _banks(results: list[Result], by: str) -> str:
    """One row for each scenario, all drivers and levels of it together; as copied, one for each form."""
    groups: dict[str, list[Result]] = {}
    for result in results:
        groups.setdefault(result.scenario if by == "Hermetic" else result.stack.removesuffix(", default"), []).append(
            result
        )
    head = [
        f"the bank, {by}",
        "faults",
        "transfers acknowledged",
        "asked for again by key",
        "told as failed",
        "lost",
        "doubled",
        "told wrong",
        "accounts that are wrong",
        "money that is missing or too much",
    ]
    return _table(head, [_row(name, group) for name, group in groups.items()])


def _row(name: str, group: list[Result]) -> list[object]:
    after = [result.after for result in group]
    return [
        name,
        sum(result.faults.total() for result in group),
        sum(result.done for result in group),
        sum(result.unknown for result in group),
        sum(result.failed for result in group),
        sum(len(each.lost) for each in after),
        sum(len(each.doubled) for each in after),
        sum(len(result.before.ghosts) + len(result.after.mistold) for result in group),
        sum(len(each.accounts) for each in after),
        sum(abs(each.money) for each in after),
    ]


def _seen(results: list[Seen]) -> str:
    head = [
        "a replica that breaks, read after each write",
        "faults",
        "reads",
        "answered by the replica",
        "broken under way, and done again",
        "own writes that were missed",
    ]
    rows = [
        [each.stack, each.faults.total(), each.reads, each.from_replica, each.broken, len(each.missed)]
        for each in results
    ]
    return _table(head, rows)


def _cancelled(cancelled: dict[Way, list[Ending]]) -> str:
    head = [
        "cancelled by",
        "points",
        "committed all the same, and told so",
        "told wrong",
        "connections left",
        "backends left",
    ]
    rows = [
        [
            f"`{way}`",
            sum(each.was_cancelled for each in endings),
            sum(each.was_cancelled and each.is_kept for each in endings),
            sum(each.is_kept != each.is_told_kept for each in endings),
            sum(each.held for each in endings),
            sum(len(each.busy) for each in endings),
        ]
        for way, endings in cancelled.items()
    ]
    return _table(head, rows)


def _crowds(crowds: dict[str, Crowd]) -> str:
    head = ["a crowd on 10 connections", "units", "kept", "connections left", "seconds for all", "overtaken by"]
    rows = [
        [name, each.units, each.kept, each.held, f"{each.whole_s:.1f}", each.overtaken] for name, each in crowds.items()
    ]
    return _table(head, rows)
