"""What goes on in a program is measured while somebody looks on: its transactions, its statements by line, its connections."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from secrets import token_hex
from types import ModuleType

import pytest
from sqlalchemy import Connection, select, text
from sqlalchemy.orm import Session

import hermetic
from hermetic._watch import Transaction, Using, Watch
from hermetic._watch.processes.pulse import Pulse, Pulses, without_values
from hermetic._watch.processes.wire import line, understood

from .conftest import Twin


@pytest.fixture
def pulses(watch: Watch) -> Pulses:
    """What a process tells while somebody looks on."""
    return Pulses(watch.look_on(), "/srv")


def pulse(pulses: Pulses) -> Pulse:
    """Two rounds in one: statements are told a round after they were counted, when no thread counts in them any more."""
    first, *_ = pulses.taken()
    second, *_ = pulses.taken()
    return Pulse(**{name: getattr(first, name) or getattr(second, name) for name in Pulse.__slots__})


def commit(session: Session) -> None:
    session.execute(text("UPDATE products SET stock = 1"))
    session.commit()


def roll_back(session: Session) -> None:
    session.execute(text("UPDATE products SET stock = 2"))
    session.rollback()


def only_read(session: Session) -> None:
    session.execute(text("SELECT 1"))


def release_a_savepoint(session: Session) -> None:
    with session.begin_nested():
        session.execute(text("UPDATE products SET stock = 3"))


@pytest.mark.parametrize(
    ("work", "outcome", "statements"),
    [
        (commit, "committed", 1),
        (roll_back, "rolled back", 1),
        (only_read, "closed", 1),
        (release_a_savepoint, "closed", 3),
    ],
)
def test_how_a_transaction_ended(twin: Twin, pulses: Pulses, work: object, outcome: str, statements: int) -> None:
    """By a commit, a rollback or the close of its session; the end of a savepoint decides nothing."""
    twin(work)  # type: ignore[arg-type]  # what each case does
    told = pulse(pulses)

    assert [(outcome, statements, 0)] == [(each.outcome, each.statements, each.lazy_loads) for each in told.ended]
    assert ([], 0) == (list(told.open), told.open_count)
    assert [1] == [1 for each in told.closed if each.closed >= each.used]


def test_who_works_where(shop: ModuleType, pulses: Pulses) -> None:
    """While it is open, a transaction tells its thread, its lines and its connection, which tells its session."""
    with shop.SessionLocal() as session:
        session.get(shop.Order, 1)
        told = pulse(pulses)
    (open_now,), (held,) = told.open, told.connections

    assert ("MainThread", "thread", "") == (open_now.worker, open_now.worker_kind, open_now.outcome)
    assert ["with shop.SessionLocal() as session:", "session.get(shop.Order, 1)"] == [
        told.sites[index].source for index in (open_now.opened_at, open_now.began_at)
    ]
    assert (open_now.session, open_now.connection, open_now.began_at) == (held.session, held.number, held.taken_at)


def test_statements_are_counted_by_line(shop: ModuleType, pulses: Pulses) -> None:
    """A loop that loads lazily, and the same names by one query: how often in all, and at most in one transaction."""
    for _ in range(2):
        with shop.SessionLocal() as session:
            assert ["Ada", "Grace", "Edsger"] == [order.customer.name for order in session.scalars(select(shop.Order))]
    with shop.SessionLocal() as session:
        assert 3 == len(session.execute(select(shop.Customer.name).join(shop.Order)).all())
    told = {" ".join(each.sql.partition(" FROM ")[2].split()[:2]): each for each in pulse(pulses).statements}

    assert {"customers WHERE": (6, 6, 3), "orders": (2, 0, 1), "customers JOIN": (1, 0, 1)} == {
        sql: (each.times, each.lazy_loads, each.most) for sql, each in told.items()
    }


def test_idle_time_is_the_longest_without_a_statement(shop: ModuleType, watch: Watch) -> None:
    """After the last statement until now, as long as the transaction is open."""
    live = watch.look_on()
    with shop.SessionLocal() as session:
        session.execute(text("SELECT 1"))
        (transaction,) = live.open.values()
        day_ns = 24 * 3600 * 10**9

        assert day_ns == transaction.idle_until(transaction.last + day_ns)
        assert transaction.idle_ns == transaction.idle_until(transaction.last)


def test_a_session_that_is_thrown_away(shop: ModuleType, pulses: Pulses) -> None:
    """It ends where it was collected, and says so."""
    session = shop.SessionLocal()
    session.execute(text("SELECT 1"))
    del session
    gc.collect()
    told = pulse(pulses)

    assert ["thrown away"] == [each.outcome for each in told.ended]
    assert 1 == len(told.closed)


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        ("SELECT a\n  FROM b\n WHERE c = 'secret''s'", "SELECT a FROM b WHERE c = '…'"),
        ("SELECT 1 FROM t2 WHERE id = 4711 AND x < 1.5", "SELECT # FROM t2 WHERE id = # AND x < #"),
        ("SELECT a WHERE id IN (?, ?, ?)", "SELECT a WHERE id IN (?, …)"),
        ("SELECT a WHERE id IN ($1::INTEGER, $2::INTEGER)", "SELECT a WHERE id IN ($1::INTEGER, …)"),
        ("SELECT a WHERE id = $1::INTEGER", "SELECT a WHERE id = $1::INTEGER"),
        ("SELECT a WHERE id IN (%(id_1_1)s, %(id_1_2)s)", "SELECT a WHERE id IN (%(id_1_1)s, …)"),
        ("RELEASE SAVEPOINT sa_savepoint_12", "RELEASE SAVEPOINT sa_savepoint_#"),
    ],
)
def test_values_stay_where_they_are(sent: str, told: str) -> None:
    """A statement is told without what may be a value, on one line; lists of placeholders are cut short."""
    assert told == without_values(sent)


def test_parameters_are_never_told(shop: ModuleType, pulses: Pulses) -> None:
    """What a program binds or writes into its SQL is in no message of its process."""
    bound, written = token_hex(), token_hex()
    with shop.SessionLocal() as session:
        session.execute(select(shop.Customer).where(shop.Customer.email == bound))
        session.execute(text(f"SELECT * FROM customers WHERE email = '{written}'"))
        message = line(pulse=pulse(pulses)).decode()

    assert "customers.email" in message
    assert [] == [secret for secret in (bound, written) if secret in message]


def test_a_pulse_arrives_as_it_was(shop: ModuleType, pulses: Pulses) -> None:
    """What is told is what is heard."""
    with shop.SessionLocal() as session:
        session.get(shop.Order, 1)
        told = pulse(pulses)
    message = understood(line(pulse=told))
    assert message

    assert told == message.pulse


def test_nothing_is_told_where_nothing_happens(shop: ModuleType, pulses: Pulses) -> None:
    """A program that rests is left alone."""
    with shop.SessionLocal() as session:
        session.execute(text("SELECT 1"))
    rounds = [list(pulses.taken()) for _ in range(5)]

    assert [1, 1, 0, 0, 0] == [len(each) for each in rounds]


@pytest.fixture
def wrapped() -> Iterator[int]:
    """How many wrappers are around a statement; there are as many afterwards."""
    before = wrappers()
    yield before
    assert before == wrappers()


def wrappers() -> int:
    count, function = 0, Connection._exec_single_context
    while hasattr(function, "__wrapped__"):
        count, function = count + 1, function.__wrapped__
    return count


def test_who_does_not_look_on_pays_nothing(shop: ModuleType, wrapped: int) -> None:
    """The hooks are on only while somebody looks, and none is left behind."""
    with hermetic.watch(mode="count") as watch:
        watched = wrappers()
        watch.look_on()
        looked_at = wrappers()

    assert (1, 2) == (watched - wrapped, looked_at - wrapped)


class Broken:
    """A follower that fails at one of its verbs."""

    def __init__(self, verb: str) -> None:
        self.verb = verb
        self.heard: list[str] = []

    def __call__(self, _seen: object) -> None:
        """It is not concerned with findings."""

    def watching(self, _watch: object) -> None:
        """It asks nothing."""

    def hear(self, verb: str) -> None:
        self.heard.append(verb)
        if verb == self.verb:
            raise ZeroDivisionError("division by zero")

    def began(self, _transaction: Transaction) -> None:
        self.hear("began")

    def ended(self, _transaction: Transaction) -> None:
        self.hear("ended")

    def closed(self, _using: Using) -> None:
        self.hear("closed")


@pytest.mark.parametrize(
    ("verb", "heard"),
    [
        ("none", ["began", "ended", "closed"] * 2),
        ("began", ["began"]),
        ("ended", ["began", "ended"]),
        ("closed", ["began", "ended", "closed"]),
    ],
)
def test_a_follower_that_fails_is_dropped(twin: Twin, watch: Watch, verb: str, heard: list[str]) -> None:
    """The program feels nothing of it, and `off` says why it hears no more."""
    follower = Broken(verb)
    watch.subscribe(follower)
    for _ in range(2):
        twin(only_read)

    assert heard == follower.heard
    assert ({} if verb == "none" else {"exporter Broken": "ZeroDivisionError: division by zero"}) == watch.off


def test_for_followers_nothing_is_kept(shop: ModuleType, watch: Watch) -> None:
    """What is told in rounds piles up nowhere, where nobody asks for it."""
    watch.subscribe(Broken("none"))
    with shop.SessionLocal() as session:
        only_read(session)
    live = watch.look_on()

    assert (0, 0, {}, 0) == (len(live.ended), len(live.closed), live.statements, live.dropped)
