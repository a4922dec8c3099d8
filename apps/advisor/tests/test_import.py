"""A statement goes in whole, once, or not at all: whatever breaks, whoever else does the same."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from decimal import Decimal
from threading import Barrier
from uuid import uuid4

import pytest

from hermetic import Database
from hermetic.scopes import ScopeSession
from hermetic_advisor.categories import Category
from hermetic_advisor.errors import AdvisorError, Conflict, Refused
from hermetic_advisor.schemas import CustomerCreate, TransactionCreate
from hermetic_advisor.service.customers import create_customer
from hermetic_advisor.service.statements import BATCH, get_customer_statements, import_statement
from hermetic_advisor.service.transactions import create_transaction, get_customer_transactions
from hermetic_advisor.statement.reading import Reading, read_statement

Csv = Callable[[str], bytes]


class PulledOut(Exception):
    """Somebody pulled the plug."""


@pytest.fixture
def somebody(db: Database[ScopeSession]) -> int:
    """The id of a customer of this test's own, kept."""
    with db.begin() as session:
        data = CustomerCreate(name="Bo", email=f"{uuid4().hex}@example.org", age=40, income=Decimal(1000))
        return create_customer(session, data).id


def lines(count: int) -> str:
    start = date(2026, 1, 1)
    return "".join(
        f"{start + timedelta(days=number % 300)},-{number + 1}.10,Shop {number}\n" for number in range(count)
    )


def bring(db: Database[ScopeSession], somebody: int, reading: Reading) -> tuple[int, int]:
    """How many lines were new, and how many known."""
    with db.begin() as session:
        done = import_statement(session, somebody, "october.csv", reading)
    return done.added, done.known


def kept(db: Database[ScopeSession], somebody: int) -> tuple[int, int]:
    """How many transactions there are, and how many files they came in."""
    with db.read() as session:
        total = get_customer_transactions(session, somebody).total
        return total, len(get_customer_statements(session, somebody))


def test_a_file_goes_in(db: Database[ScopeSession], somebody: int, csv: Csv) -> None:
    """More than one batch of it, with progress to the end."""
    shares: list[float] = []
    reading = read_statement(csv(lines(BATCH + 7)))
    with db.begin() as session:
        done = import_statement(session, somebody, "october.csv", reading, shares.append)

    assert (BATCH + 7, 0) == (done.added, done.known)
    assert [pytest.approx(BATCH / (BATCH + 7)), 1.0] == shares
    assert (BATCH + 7, 1) == kept(db, somebody)


def test_a_file_with_one_bad_line_does_not_go_in(db: Database[ScopeSession], somebody: int, csv: Csv) -> None:
    """None of its good lines do."""
    with pytest.raises(Refused) as told, db.begin() as session:
        import_statement(session, somebody, "october.csv", read_statement(csv(lines(30) + "bad,line\n")))

    assert "1 of 31 lines cannot be read, so nothing is imported." == str(told.value)
    assert (0, 0) == kept(db, somebody)


def test_an_import_that_breaks_in_the_middle_leaves_nothing(
    db: Database[ScopeSession], somebody: int, csv: Csv
) -> None:
    """After the first batch is in the database, the second never comes: none of the first is kept."""

    def pull_out(share: float) -> None:
        raise PulledOut

    with pytest.raises(PulledOut), db.begin() as session:
        import_statement(session, somebody, "october.csv", read_statement(csv(lines(2 * BATCH))), pull_out)

    assert (0, 0) == kept(db, somebody)


def test_the_same_file_is_recognised(db: Database[ScopeSession], somebody: int, csv: Csv) -> None:
    """By its bytes, whatever it is called: nothing is imported twice."""
    reading = read_statement(csv(lines(5)))
    bring(db, somebody, reading)
    with pytest.raises(Conflict, match=r"This file was imported on .* as october\.csv"), db.begin() as session:
        import_statement(session, somebody, "renamed.csv", reading)

    assert (5, 1) == kept(db, somebody)


def test_a_file_that_overlaps_brings_what_is_new(db: Database[ScopeSession], somebody: int, csv: Csv) -> None:
    """Banks give the last ninety days, again and again."""
    first = bring(db, somebody, read_statement(csv(lines(10))))
    second = bring(db, somebody, read_statement(csv(lines(14))))

    assert ((10, 0), (4, 10)) == (first, second)
    assert (14, 2) == kept(db, somebody)


def test_what_was_entered_by_hand_stays(db: Database[ScopeSession], somebody: int, csv: Csv) -> None:
    """A line that looks the same is another transaction."""
    entered = TransactionCreate(
        booked_on=date(2026, 1, 1), amount=Decimal("-1.10"), category=Category.OTHER, description="Shop 0"
    )
    with db.begin() as session:
        create_transaction(session, somebody, entered)
    bring(db, somebody, read_statement(csv(lines(1))))

    assert (2, 1) == kept(db, somebody)


def test_two_who_import_the_same_file_at_once(db: Database[ScopeSession], somebody: int, csv: Csv) -> None:
    """One of them does it, and the other is told; no line is there twice."""
    reading, together = read_statement(csv(lines(200))), Barrier(2)

    def bring_in(_: int) -> str:
        together.wait(30)
        try:
            bring(db, somebody, reading)
        except AdvisorError as error:
            return type(error).__name__
        return "done"

    with ThreadPoolExecutor(2) as threads:
        ends = sorted(threads.map(bring_in, range(2)))

    assert ["Conflict", "done"] == ends
    assert (200, 1) == kept(db, somebody)
