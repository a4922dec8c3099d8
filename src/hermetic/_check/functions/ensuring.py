"""Tells which functions see to it that a row exists: they find it, or make it and commit, so that a second try finds it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..._lifecycle.records import Added, AttributeWritten, Committed, Deleted, Executed, InstanceLoaded
from ..paths.values import Const, Inst, Tup, Value

if TYPE_CHECKING:
    from .replay import Replay
    from .summaries import End


def excuse(replay: Replay, ends: Sequence[End], end: End) -> None:
    """Note a reason for the commits of such a function: what they keep is of use, whatever fails afterwards."""
    commits = [e.event for e in end.entries if isinstance(e.event, Committed) and not e.event.nested]
    if not commits or not _finds_or_makes([one for one in ends if one.kind == "return"]):
        return
    for commit in commits:
        session = replay.key(commit.session)
        if session is not None:
            replay.state.mark("explained", session)


def _finds_or_makes(ends: Sequence[End]) -> bool:
    """Whether each of the ends gives a row of one class that was asked for or added on the way, and one changes nothing."""
    rows = [(one, _row(one.value)) for one in ends]
    mappings = {row.mapping.name if row is not None and _is_own(one, row) else "" for one, row in rows}
    return len(mappings) == 1 and "" not in mappings and not all(map(_changes, ends))


def _row(value: Value) -> Inst | None:
    """The row that is given back, alone or with constants: `return order, True`."""
    items = value.items if isinstance(value, Tup) else (value,)
    rows = [item for item in items if isinstance(item, Inst)]
    return rows[0] if len(rows) == 1 and all(isinstance(item, Inst | Const) for item in items) else None


def _is_own(end: End, row: Inst) -> bool:
    return any(isinstance(e.event, (InstanceLoaded, Added)) and e.event.instance == row.key for e in end.entries)


def _changes(end: End) -> bool:
    return any(
        isinstance(e.event, (Added, AttributeWritten, Deleted, Committed))
        or (isinstance(e.event, Executed) and e.event.writes)
        for e in end.entries
    )
