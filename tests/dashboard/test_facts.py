"""What a run knows of the moment: told by several processes, bounded, and with an end for what dies."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hermetic._catalogue import Finding
from hermetic._dashboard.facts import AT_ONCE, LOOKED_BACK_S, OPEN, Facts
from hermetic._dashboard.tops import Tops
from hermetic._watch.processes.gathering import Sighted
from hermetic._watch.processes.pulse import ConnectionTold, Pulse, SiteTold, StatementTold, TransactionTold
from hermetic._watch.processes.wire import Hello
from hermetic._watch.seen import Seen

HERE = SiteTold("/srv/api.py", 7, "orders", "session.scalars(select(Order))")
LAZY = Finding("n-plus-one", "HM501", "warning", "proven", "api.py", 9, 1, 9, 9, "10 SELECTs")


class Clock:
    """The time, as the test has it."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    """A clock that stands."""
    return Clock()


@pytest.fixture
def facts(clock: Clock) -> Facts:
    """The facts of a run with two processes."""
    facts = Facts(clock)
    for pid in (1, 2):
        facts.began(hello(pid))
    return facts


def hello(pid: int) -> Hello:
    return Hello(pid=pid, ppid=0, started_ns=pid, argv=("app",))


def transaction(number: int, *, began: float = 990.0, ended: float = 0.0, idle_ms: float = 1.0) -> TransactionTold:
    outcome = "committed" if ended else ""
    return TransactionTold(
        number, number, "Session", "GET /", "request", began, began, ended, outcome, 1, 0, 1.0, idle_ms, 1, 0, 0, 0, -1
    )


def pulse(**fields: object) -> Pulse:
    plain = Pulse(at=1000.0, events=0, dropped=0, sites=(HERE,))
    return replace(plain, **fields)  # type: ignore[arg-type]  # each test names those that it is about


def test_what_ends_is_told_once(facts: Facts) -> None:
    """In the frame after it ended; with the slowest of the last minute it stays for as long."""
    facts.pulsed(hello(1), pulse(ended=(transaction(1, ended=995.0),)))
    first, second = facts.frame().rows, facts.frame().rows

    assert [1, 0] == [len(first.ended), len(second.ended)]
    assert [1, 1] == [len(first.slowest), len(second.slowest)]


def test_a_process_that_dies(facts: Facts, clock: Clock) -> None:
    """What was open in it ends with it, its connections are gone, and after a minute it is shown no more."""
    held = ConnectionTold(1, 1, "GET /", 990.0, 0)
    for pid in (1, 2):
        facts.pulsed(hello(pid), pulse(open=(transaction(1),), connections=(held,), open_count=1, connection_count=1))
    facts.left(hello(1))
    frame = facts.frame()
    clock.now += LOOKED_BACK_S
    later = facts.frame()

    assert [("process ended", 1000.0)] == [(told.outcome, told.ended) for told in ended(frame.rows.ended)]
    assert (1, 1, [1000.0, 0.0]) == (frame.open_count, frame.connection_count, [each.ended for each in frame.processes])
    assert [2] == [each.pid for each in later.processes]


def ended(rows: list[list[object]]) -> list[TransactionTold]:
    return [TransactionTold(*row[1:]) for row in rows]  # type: ignore[arg-type]  # as they were made


def test_a_process_that_lost_its_connection_is_the_same(facts: Facts) -> None:
    """It says hello anew, and goes on."""
    facts.began(hello(1))
    facts.left(hello(1))

    assert [0.0, 0.0] == [each.ended for each in facts.frame().processes]


def test_statements_of_all_processes_are_one(facts: Facts) -> None:
    """By their words and line; those that were lazy loads of several rows stand on top, however cheap."""
    lazy = StatementTold("SELECT customer", 0, 10, 10, 1.0, 5)
    for pid in (1, 2):
        facts.pulsed(hello(pid), pulse(statements=(StatementTold("SELECT orders", 0, 1, 0, 900.0, 1), lazy)))

    assert [
        ["SELECT customer", 0, 20, 20, 2.0, 5],
        ["SELECT orders", 0, 2, 0, 1800.0, 1],
    ] == facts.frame().rows.statements


def test_what_is_shown_is_bounded(facts: Facts) -> None:
    """The oldest of what is open; of what ended at once, the rest is a number."""
    many = tuple(transaction(number, began=float(number)) for number in range(OPEN + 50))
    over = tuple(transaction(number, ended=999.0) for number in range(AT_ONCE + 7))
    facts.pulsed(hello(1), pulse(open=many, open_count=300, ended=over))
    frame = facts.frame()

    assert (OPEN, 0.0, 300) == (len(frame.rows.open), frame.rows.open[0][7], frame.open_count)
    assert (AT_ONCE, 7) == (len(frame.rows.ended), frame.dropped)


def test_findings_are_counted_over_processes(facts: Facts) -> None:
    """Told once, in the words of a report, with what every process saw of it."""
    facts.found(Sighted(LAZY, 1, 0.5, 990.0, 990.0, (1,)), LAZY, "order.customer")
    for pid, count in ((1, 4), (2, 5)):
        facts.saw(hello(pid), Seen(LAZY, count, 2.0, 990.0, 991.0 + pid))
    (told,) = facts.findings()

    assert [[1, 9, 4.0, 993.0]] == facts.frame().counts
    assert (9, "order.customer", []) == (told["count"], told["source"], facts.findings(after=1))
    assert [] == facts.frame().counts


def test_the_rate_is_of_the_last_seconds(facts: Facts, clock: Clock) -> None:
    """Events of all processes, by the second."""
    rates = []
    for events in (100, 200, 200, 200, 200, 200):
        clock.now += 1
        for pid in (1, 2):
            facts.pulsed(hello(pid), pulse(events=events))
        rates.append(round(facts.frame().rate))

    assert [200, 200, 133, 67, 0, 0] == rates


def test_the_top_of_a_minute() -> None:
    """The slowest and the longest idle, each by itself; what is older is forgotten."""
    tops: Tops[str] = Tops(60.0, 2)
    for name, seconds, idle_ms, at in (("old", 99, 99, 0), ("a", 3, 1, 70), ("b", 1, 3, 71), ("c", 2, 2, 71)):
        tops.add(seconds, idle_ms, name, at)

    assert (["a", "c"], ["b", "c"]) == (tops.slowest(72), tops.idlest(72))
    assert ["c", "b"] == tops.slowest(131)
