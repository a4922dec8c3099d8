"""Transactions: entered by hand, listed in pages, and summed by month."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import Select, extract, func, select
from sqlalchemy.orm import Session

from hermetic import fetch_one, fetch_page

from ..categories import Category
from ..errors import Refused
from ..models import Transaction
from ..schemas import TransactionCreate, TransactionPage, TransactionResponse
from .customers import check_customer

LARGEST_PAGE = 200


@dataclass(frozen=True, slots=True)
class Spent:
    """What was booked for one category in one month, as a sum of signed amounts."""

    month: date
    category: Category
    amount: Decimal


def create_transaction(session: Session, customer_id: int, data: TransactionCreate) -> TransactionResponse:
    """Add a transaction. Raises NotFound, and Refused for an amount of nothing."""
    if data.amount == 0:
        raise Refused("A transaction of nothing is none: give an amount above or below zero.")
    check_customer(session, customer_id)
    row = Transaction(customer_id=customer_id, **data.model_dump())
    session.add(row)
    session.flush()
    return fetch_one(session, TransactionResponse, select(Transaction).where(Transaction.id == row.id))


def get_customer_transactions(
    session: Session,
    customer_id: int,
    *,
    number: int = 1,
    size: int = 20,
    categories: Sequence[Category] = (),
    text: str = "",
) -> TransactionPage:
    """A page of a customer's transactions, the newest first; `text` is looked for in descriptions. Raises NotFound."""
    if not (number >= 1 and 1 <= size <= LARGEST_PAGE):
        raise Refused(f"Pages are numbered from 1, and hold 1 to {LARGEST_PAGE} transactions.")
    check_customer(session, customer_id)
    page = fetch_page(session, TransactionResponse, _narrowed(customer_id, categories, text), number=number, size=size)
    return TransactionPage(items=page.items, number=number, pages=max(1, -(-page.total // size)), total=page.total)


def _narrowed(
    customer_id: int, categories: Sequence[Category], text: str
) -> Select[Any]:  # Any: SQLAlchemy 2.0 and 2.1 write it differently
    statement = select(Transaction).where(Transaction.customer_id == customer_id)
    if categories:
        statement = statement.where(Transaction.category.in_(categories))
    if text.strip():
        statement = statement.where(Transaction.description.icontains(text.strip(), autoescape=True))
    return statement.order_by(Transaction.booked_on.desc(), Transaction.id.desc())


def spending(session: Session, customer_id: int, since: date, before: date) -> list[Spent]:
    """What was booked from `since` up to `before`, by month and category, in that order. Raises NotFound."""
    check_customer(session, customer_id)
    year, month = extract("year", Transaction.booked_on), extract("month", Transaction.booked_on)
    rows = session.execute(
        select(year, month, Transaction.category, func.sum(Transaction.amount))
        .where(
            Transaction.customer_id == customer_id,
            Transaction.booked_on >= since,
            Transaction.booked_on < before,
        )
        .group_by(year, month, Transaction.category)
        .order_by(year, month, Transaction.category)
    )
    return [Spent(date(int(year), int(month), 1), category, amount) for year, month, category, amount in rows]
