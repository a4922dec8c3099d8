"""Shows the facts of a run in the last lines of the terminal, while the program's own lines scroll above them.

By hand, because `rich.live` redraws from where the cursor is, which the program moves: it writes to the same terminal and
knows nothing of us. The terminal itself keeps the two apart, by a region that scrolls (DECSTBM), and remembers the
program's cursor while we write (DECSC).
"""

from __future__ import annotations

import io
import os
import shutil
import threading
from collections.abc import Iterator, Sequence
from typing import TextIO

from rich.console import Console
from rich.table import Table
from rich.text import Text

from .._report.told import many
from .._watch.processes.pulse import ConnectionTold, SiteTold, TransactionTold
from .facts import Facts
from .frame import Frame

ROUND_S = 0.5

LINES = 12
"""So many lines are ours, and never more than a half of the terminal's."""

FEWEST = 6
"""A terminal that has no more than twice as many lines is left to the program."""

SAVE, RESTORE, CLEAR, ALL = "\x1b7", "\x1b8", "\x1b[K", "\x1b[r"


class Terminal:
    """As a context manager it shows the facts on a stream, which is a terminal, and leaves that as it was."""

    def __init__(self, facts: Facts, stream: TextIO, *, colour: bool) -> None:
        self._facts = facts
        self._stream = stream
        self._colour = colour
        self._over = threading.Event()
        self._size = os.terminal_size((0, 0))
        self._lines = 0
        self._thread = threading.Thread(target=self._rounds, name="hermetic-terminal", daemon=True)

    def __enter__(self) -> Terminal:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        if self._lines:
            self._write(self._emptied())

    def _rounds(self) -> None:
        while not self._over.wait(ROUND_S):
            self._show()

    def _show(self) -> None:
        """Draw the facts once."""
        size = shutil.get_terminal_size()
        moved = ""
        if size != self._size:
            moved = self._emptied() if self._lines else ""
            self._size = size
            self._lines = min(LINES, size.lines // 2) if size.lines > 2 * FEWEST else 0
            # The program's cursor may stand where our lines will be: they are pushed up first.
            moved += "\n" * self._lines + f"\x1b[{self._lines}A" if self._lines else ""
            moved += f"{SAVE}\x1b[1;{size.lines - self._lines}r{RESTORE}" if self._lines else ""
        if not self._lines:
            return
        drawn = drawing(self._facts.frame(), self._facts.findings(), size.columns, self._lines, colour=self._colour)
        first = size.lines - self._lines + 1
        rows = (f"\x1b[{first + number};1H{line}{CLEAR}" for number, line in enumerate(drawn))
        self._write(f"{moved}{SAVE}{''.join(rows)}{RESTORE}")

    def _emptied(self) -> str:
        """What gives our lines back."""
        first = self._size.lines - self._lines + 1
        return f"{SAVE}{ALL}\x1b[{first};1H\x1b[J{RESTORE}"

    def _write(self, text: str) -> None:
        """All of it at once, so that nothing of the program's comes between."""
        self._stream.write(text)
        self._stream.flush()


# Any: findings as JSON has them.
def drawing(
    frame: Frame, findings: Sequence[dict[str, object]], columns: int, lines: int, *, colour: bool
) -> list[str]:
    """The facts in so many lines."""
    console = Console(
        file=io.StringIO(), width=columns, force_terminal=colour, color_system="standard" if colour else None,
        legacy_windows=False, highlight=False,
    )  # fmt: skip
    with console.capture() as captured:
        console.print(_heading(frame, columns), no_wrap=True, overflow="ellipsis")
        console.print(_table(frame, findings, lines - 2))
    drawn = captured.get().splitlines()[:lines]
    return drawn + [""] * (lines - len(drawn))


def _heading(frame: Frame, columns: int) -> Text:
    alive = sum(not each.ended for each in frame.processes)
    told = (
        f"{frame.rate:,.0f} events a second · {many(frame.open_count, 'transaction')} open"
        f" · {many(frame.connection_count, 'connection')} held · {many(alive, 'process', 'processes')} "
    )
    return Text.assemble(("── hermetic ", "dim"), (told, "bold"), ("─" * columns, "dim"))


def _table(frame: Frame, findings: Sequence[dict[str, object]], lines: int) -> Table:
    """Of each kind the first few, so that all have room."""
    table = Table.grid(padding=(0, 2), expand=True)
    table.add_column(width=9, style="dim")
    table.add_column(justify="right", width=8, no_wrap=True)
    table.add_column(ratio=1, no_wrap=True, overflow="ellipsis")
    table.add_column(ratio=2, no_wrap=True, overflow="ellipsis")
    kinds = [list(_found(findings)), list(_held(frame)), list(_idle(frame)), list(_sent(frame))]
    room = max(lines // len(kinds), 1)
    spare = lines - sum(min(len(rows), room) for rows in kinds)
    for rows in kinds:
        taken = min(len(rows), room + max(spare, 0))
        spare -= max(taken - room, 0)
        for row in rows[:taken]:
            table.add_row(*row)
    return table


def _found(findings: Sequence[dict[str, object]]) -> Iterator[tuple[Text, ...]]:
    for each in reversed(findings):
        words = Text.assemble((str(each["slug"]), "bold"), f"  {each['message']}")
        yield Text("found"), Text(f"{each['count']} ×"), Text(f"{each['file']}:{each['line']}"), words


def _held(frame: Frame) -> Iterator[tuple[Text, ...]]:
    sites = frame.rows.sites
    workers = {(row[0], told.session): told.worker for row, told in _transactions(frame.rows.open)}
    for row in frame.rows.connections:
        told = ConnectionTold(*row[1:])  # type: ignore[arg-type]  # as `Rows.connection` made it
        worker = told.worker or workers.get((row[0], told.session), "no session")
        seconds = frame.at - told.since
        yield (
            Text("held"),
            Text(duration(seconds), "red" if seconds > 1 else ""),
            Text(worker),
            _line(sites, told.taken_at),
        )


def _idle(frame: Frame) -> Iterator[tuple[Text, ...]]:
    told = [each for _, each in _transactions([*frame.rows.open, *frame.rows.idlest]) if each.idle_ms >= 1]
    for each in sorted(told, key=lambda one: one.idle_ms, reverse=True):
        worker = f"{each.worker} ({each.outcome or 'open'})"
        yield Text("idle"), Text(duration(each.idle_ms / 1000)), Text(worker), _line(frame.rows.sites, each.last_at)


def _sent(frame: Frame) -> Iterator[tuple[Text, ...]]:
    for sql, at, times, lazy_loads, _, most in frame.rows.statements:
        is_repeated = isinstance(lazy_loads, int) and isinstance(most, int) and lazy_loads > 1 and most > 1
        label = Text(f"N+1 ×{most}", "yellow") if is_repeated else Text("sent")
        yield label, Text(f"{times} ×"), _place(frame.rows.sites, at), Text(str(sql))


def _transactions(rows: Sequence[list[object]]) -> Iterator[tuple[list[object], TransactionTold]]:
    for row in rows:
        yield row, TransactionTold(*row[1:])  # type: ignore[arg-type]  # as `Rows.transaction` made it


def _place(sites: Sequence[SiteTold], at: object) -> Text:
    return Text(f"{sites[at].file}:{sites[at].line}") if isinstance(at, int) and at >= 0 else Text("")


def _line(sites: Sequence[SiteTold], at: int) -> Text:
    return Text.assemble(_place(sites, at), "  ", (sites[at].source, "dim")) if at >= 0 else Text("")


def duration(seconds: float) -> str:
    """As people read it: 12 ms, 3.2 s, 4 min."""
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    return f"{seconds:.1f} s" if seconds < 60 else f"{seconds / 60:.0f} min"
