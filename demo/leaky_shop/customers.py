"""Customers and their loyalty points."""

from sqlalchemy import select

from .database import SessionLocal, get_db
from .models import Customer
from .notify import send_mail
from .schemas import CustomerCreate


def create_customer(data: CustomerCreate) -> Customer:
    with get_db() as session:
        customer = Customer(**data.model_dump())
        session.add(customer)
        session.flush()
        session.refresh(customer)
        session.expunge(customer)
        return customer


def find_customer(email: str) -> Customer | None:
    session = SessionLocal()
    customer = session.scalars(select(Customer).where(Customer.email == email)).first()
    return customer


def transfer_points(from_id: int, to_id: int, points: int) -> None:
    with SessionLocal() as session:
        giver = session.get(Customer, from_id)
        taker = session.get(Customer, to_id)
        if giver is None or taker is None:
            raise LookupError("no such customer")

        giver.points -= points
        session.commit()

        taker.points += points
        session.commit()


def thank_everyone(points: int) -> int:
    thanked = 0
    with SessionLocal() as session:
        for customer in session.scalars(select(Customer)).all():
            customer.points += points
            session.commit()
            send_mail(customer.email, f"{points} points for you, {customer.name}")
            thanked += 1
    return thanked
