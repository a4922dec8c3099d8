"""Customers: created, found by key or e-mail, listed and updated."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from hermetic import fetch, fetch_one

from ..errors import Conflict, NotFound
from ..models import Customer
from ..schemas import CustomerCreate, CustomerResponse, CustomerUpdate
from .changing import apply


def create_customer(session: Session, data: CustomerCreate) -> CustomerResponse:
    """Add a customer. Raises Conflict when the e-mail is somebody's."""
    row = Customer(**data.model_dump())
    session.add(row)
    _flush(session, data.email)
    return get_customer(session, row.id)


def get_customer(session: Session, customer_id: int) -> CustomerResponse:
    """A customer. Raises NotFound."""
    found = fetch_one(session, CustomerResponse, select(Customer).where(Customer.id == customer_id), default=None)
    if found is None:
        raise NotFound(f"There is no customer {customer_id}.")
    return found


def get_customer_by_email(session: Session, email: str) -> CustomerResponse:
    """The customer with an e-mail address, however its letters are written. Raises NotFound."""
    wanted = email.strip().lower()
    found = fetch_one(session, CustomerResponse, select(Customer).where(Customer.email == wanted), default=None)
    if found is None:
        raise NotFound(f"No customer has the e-mail address {wanted}.")
    return found


def get_all_customers(session: Session) -> list[CustomerResponse]:
    """All customers, by name."""
    return fetch(session, CustomerResponse, select(Customer).order_by(Customer.name, Customer.id))


def update_customer(session: Session, customer_id: int, changes: CustomerUpdate) -> CustomerResponse:
    """Change what is given of a customer. Raises NotFound, and Conflict for an e-mail or a version that is taken."""
    row = session.get(Customer, customer_id, with_for_update=True)
    if row is None:
        raise NotFound(f"There is no customer {customer_id}.")
    apply(changes, row)
    _flush(session, row.email)
    return get_customer(session, customer_id)


def check_customer(session: Session, customer_id: int) -> None:
    """Raise NotFound when there is no such customer."""
    if session.scalar(select(Customer.id).where(Customer.id == customer_id)) is None:
        raise NotFound(f"There is no customer {customer_id}.")


def _flush(session: Session, email: str) -> None:
    try:
        session.flush()
    except IntegrityError as error:
        raise Conflict(f"There is a customer with the e-mail address {email} already.") from error
