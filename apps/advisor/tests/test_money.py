"""Money is exact to the cent, on every database, through every layer."""

from __future__ import annotations

import sqlite3
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Float, Numeric, func, select
from sqlalchemy.exc import StatementError

from hermetic import plan
from hermetic.scopes import ScopeSession
from hermetic_advisor.amounts import LARGEST, euro, parse_amount, percent
from hermetic_advisor.categories import Category
from hermetic_advisor.models import Base, Transaction
from hermetic_advisor.schemas import TransactionCreate, TransactionResponse
from hermetic_advisor.service.transactions import create_transaction, spending

from .conftest import TODAY

CENTS = st.decimals(min_value=-LARGEST, max_value=LARGEST, places=2).filter(bool)


def entry(amount: Decimal) -> TransactionCreate:
    return TransactionCreate(booked_on=TODAY, amount=amount, category=Category.FOOD, description="Bread")


def test_no_column_is_a_binary_fraction() -> None:
    """No FLOAT, and no NUMERIC either: on SQLite that is one."""
    kinds = {column.type for table in Base.metadata.tables.values() for column in table.columns}
    impls = {getattr(kind, "impl", kind) for kind in kinds}

    assert [] == [kind for kind in impls if isinstance(kind, Float | Numeric)]


def test_a_numeric_column_of_sqlite_loses_cents() -> None:
    """Bad: ten times ten cents in NUMERIC is not one euro. Cured: whole cents are."""
    with sqlite3.connect(":memory:") as connection:
        connection.execute("CREATE TABLE bad (amount NUMERIC(14, 2))")
        connection.execute("CREATE TABLE cured (amount BIGINT)")
        connection.executemany("INSERT INTO bad VALUES (?)", [(0.1,)] * 10)
        connection.executemany("INSERT INTO cured VALUES (?)", [(10,)] * 10)
        sums = [connection.execute(f"SELECT SUM(amount) FROM {name}").fetchone()[0] for name in ("bad", "cured")]
    connection.close()

    assert (0.9999999999999999, 100) == tuple(sums)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(amounts=st.lists(CENTS, min_size=1, max_size=8))
def test_what_is_kept_is_what_was_given(session: ScopeSession, ada: int, amounts: list[Decimal]) -> None:
    """Each amount comes back as it was, and the database's sum is the sum of Decimals."""
    before = session.scalar(select(func.sum(Transaction.amount)).where(Transaction.customer_id == ada)) or Decimal(0)
    kept = [create_transaction(session, ada, entry(amount)).amount for amount in amounts]
    after = session.scalar(select(func.sum(Transaction.amount)).where(Transaction.customer_id == ada))

    assert amounts == kept
    assert before + sum(amounts) == after


def test_a_sum_by_month_is_exact(session: ScopeSession, ada: int) -> None:
    """A thousand times ten cents is a hundred euro."""
    session.add_all(Transaction(customer_id=ada, **entry(Decimal("-0.10")).model_dump()) for _ in range(1000))
    (found,) = spending(session, ada, TODAY.replace(day=1), TODAY.replace(month=12, day=1))

    assert (TODAY.replace(day=1), Category.FOOD, Decimal("-100.00")) == (found.month, found.category, found.amount)


def test_a_third_place_is_refused_not_rounded(session: ScopeSession, ada: int) -> None:
    """By the column, should a program get past the models."""
    with pytest.raises(StatementError, match="more than two decimal places"):
        session.execute(select(Transaction.id).where(Transaction.amount == Decimal("0.001")))


def test_a_page_of_transactions_reads_what_it_shows() -> None:
    """One query, without the columns that no page shows."""
    told = plan(TransactionResponse, Transaction)

    assert "TransactionResponse (Pydantic) from Transaction: 1 query" == told.splitlines()[0]
    assert "transactions.amount" in told
    assert "fingerprint" not in told


@given(CENTS)
def test_an_amount_is_read_as_it_is_shown(amount: Decimal) -> None:
    """`euro` and `parse_amount` undo each other."""
    assert amount == parse_amount(euro(amount))


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("-12.50", "-12.50"),
        ("1.234,56", "1234.56"),
        ("1,234.56", "1234.56"),
        ("1.234.567", "1234567"),
        ("€ 20", "20"),
        ("20-", "-20"),
        ("−3,5", "-3.50"),
        ("1'200.00", "1200"),
        ("+7", "7"),
        ("12 EUR", "12"),
    ],
)
def test_an_amount_is_read_as_banks_write_it(text: str, amount: str) -> None:
    """With commas or dots, signs before or behind."""
    assert Decimal(amount) == parse_amount(text)


@pytest.mark.parametrize(
    "text", ["", "-", "ten", "1.23.4", "1e5", "--5", "12.345,6,7", "=1+1", "٣٤", "9" * 400, "1000000000"]
)
def test_what_is_no_amount_is_refused(text: str) -> None:
    """With a sentence, and never a guess."""
    with pytest.raises(ValueError, match=r"amount|more than"):
        parse_amount(text)


@pytest.mark.parametrize("text", ["1.234", "-12,500"])
def test_an_amount_of_two_meanings_is_refused(text: str) -> None:
    """One thousand, or one and a bit: only who wrote it knows."""
    with pytest.raises(ValueError, match="could be"):
        parse_amount(text)


def test_percent_is_shown_without_idle_zeros() -> None:
    """`12.5 %`, not `12.50 %`."""
    assert ["12.5 %", "0 %", "100 %", "38.99 %"] == [percent(Decimal(it)) for it in ("12.50", "0", "100", "38.99")]
