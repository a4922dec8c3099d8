"""What a test may ask of the code that it runs: how many queries it sends, that it leaves nothing open, or no row behind.

With pytest the first two are the fixtures `queries` and `no_leaks`; here they are context managers for every other runner.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from ._report.failure import failure
from ._scopes.sandbox import sandbox
from ._scopes.worker import worker_database
from ._watch import Open, Seen, Sent, Settings, Tape, Watch, current, unwatch, watch

__all__ = ["Queries", "no_leaks", "queries", "sandbox", "worker_database"]

_LONGEST_SQL = 160


class Queries:
    """The statements that were sent so far, in their order: `sql` with placeholders, and `at`, the line that sent each."""

    def __init__(self, tape: Tape, watch: Watch) -> None:
        self._tape = tape
        self._watch = watch
        self._start = tape.count
        self._mark = watch.mark()

    @property
    def count(self) -> int:
        """How many there are."""
        return self._tape.count - self._start

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[Sent]:
        return self._tape.sent(self._start)

    @property
    def texts(self) -> list[str]:
        """The SQL of each."""
        return [each.sql for each in self]

    def clear(self) -> None:
        """Count from here on."""
        self._start = self._tape.count
        self._mark = self._watch.mark()

    def assert_max(self, most: int) -> None:
        """Fail when more than `most` statements were sent; the message tells which, from where, and what repeats them."""
        __tracebackhide__ = True
        told = self.too_many(most)
        if told:
            raise AssertionError(told)

    def too_many(self, most: int) -> str:
        """What `assert_max` fails with, or "" where there are not more than `most`."""
        return _too_many(self.count, most, list(self), self._watch.since(self._mark)) if self.count > most else ""

    @contextmanager
    def at_most(self, most: int) -> Iterator[Queries]:
        """Fail when the block sends more than `most` statements; gives those of the block."""
        __tracebackhide__ = True
        block = Queries(self._tape, self._watch)
        yield block
        block.assert_max(most)

    def __repr__(self) -> str:
        return f"<Queries: {self.count}>"


@contextmanager
def queries() -> Iterator[Queries]:
    """The statements that the block sends, on every engine and from every thread."""
    with _watching() as watch, watch.recording() as tape:
        yield Queries(tape, watch)


@contextmanager
def no_leaks() -> Iterator[None]:
    """Fail when sessions, transactions, connections or engines that the block opened are still open at its end.

    What the garbage collector takes at the end of the block is no leak of this kind: `session-leak` tells of that.
    An asyncio task that began one and goes on is named, with the line at which it waits.
    """
    __tracebackhide__ = True
    with _watching() as watch:
        before = watch.open()
        yield
        known = {_name(each) for each in before}
        left = [each for each in watch.still_open(before) if _name(each) not in known]
    if left:
        raise AssertionError("\n".join(["left open:", *(f"  {_told(each)}" for each in left)]))


@contextmanager
def _watching() -> Iterator[Watch]:
    """The watch that is on, else one for as long as the block lasts."""
    known = current()
    if known is not None:
        yield known
        return
    try:
        yield watch(settings=Settings(mode="count", under_test=True))
    finally:
        unwatch()


def _name(each: Open) -> tuple[str, int]:
    return each.kind, each.number


def _told(each: Open) -> str:
    opened = each.opened
    where = f", {opened.text} at {opened.file}:{opened.line}: {opened.source}" if opened else ""
    held = f", held by the task {each.task}" if each.task else ""
    waits = f" that waits at {each.waits.file}:{each.waits.line}: {each.waits.source}" if each.waits else ""
    return f"{each.kind} {each.what} #{each.number}{where}{held}{waits}"


def _too_many(count: int, most: int, sent: list[Sent], seen: list[Seen]) -> str:
    """Which statements were sent and how often, the most frequent first, and the N+1 among them."""
    lines = [f"{count} {'query' if count == 1 else 'queries'}, at most {most} allowed:"]
    for (sql, at), number in Counter((each.sql, each.at) for each in sent).most_common():
        text = " ".join(sql.split())
        lines.append(f"  {number} × {text if len(text) <= _LONGEST_SQL else f'{text[:_LONGEST_SQL]}…'}")
        lines += [f"     at {at.file}:{at.line}: {at.source}"] if at else []
    loops = [(each.finding, each.count) for each in seen if each.finding.slug == "n-plus-one"]
    return "\n".join([*lines, failure(loops)] if loops else lines)
