"""Debts: what a customer owes, at which rate."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from hermetic import fetch, fetch_one

from ..errors import NotFound
from ..models import Debt
from ..schemas import DebtCreate, DebtResponse, DebtUpdate
from .changing import apply
from .customers import check_customer


def create_debt(session: Session, customer_id: int, data: DebtCreate) -> DebtResponse:
    """Add a debt. Raises NotFound."""
    check_customer(session, customer_id)
    row = Debt(customer_id=customer_id, **data.model_dump())
    session.add(row)
    session.flush()
    return _debt(session, row.id)


def get_customer_debts(session: Session, customer_id: int) -> list[DebtResponse]:
    """A customer's debts, the dearest first. Raises NotFound."""
    check_customer(session, customer_id)
    owed = select(Debt).where(Debt.customer_id == customer_id).order_by(Debt.rate.desc(), Debt.id)
    return fetch(session, DebtResponse, owed)


def update_debt(session: Session, debt_id: int, changes: DebtUpdate) -> DebtResponse:
    """Change what is given of a debt. Raises NotFound, and Conflict for a version that is not the debt's any more."""
    row = session.get(Debt, debt_id, with_for_update=True)
    if row is None:
        raise NotFound(f"There is no debt {debt_id}.")
    apply(changes, row)
    session.flush()
    return _debt(session, debt_id)


def _debt(session: Session, debt_id: int) -> DebtResponse:
    return fetch_one(session, DebtResponse, select(Debt).where(Debt.id == debt_id))
