"""Nightly jobs: the supplier's price list, and reminders for orders that wait."""

import csv
import time
from pathlib import Path

from sqlalchemy import create_engine, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from .database import DATABASE_URL, SessionLocal
from .models import Order, Product
from .notify import send_mail


def import_products(path: Path) -> int:
    imported = 0
    with SessionLocal() as session, path.open(newline="") as file:
        for row in csv.DictReader(file):
            session.add(Product(**row))
            try:
                session.flush()
            except IntegrityError:
                print(f"skipped {row['sku']}")
                continue
            imported += 1
        session.commit()
    return imported


def update_price(sku: str, price: str) -> None:
    engine = create_engine(DATABASE_URL)
    with Session(engine) as session:
        product = session.scalars(select(Product).where(Product.sku == sku)).one()
        product.price = price
        session.commit()


def restock(sku: str, count: int) -> None:
    with SessionLocal() as session:
        product = session.scalars(select(Product).where(Product.sku == sku)).one()
        product.stock += count
        session.flush()


def remind() -> None:
    with SessionLocal() as session:
        for order in session.scalars(select(Order).where(Order.status == "pending")):
            send_mail(order.customer.email, f"Order {order.id} waits for you")
            time.sleep(1)


def main() -> None:
    while True:
        remind()
        time.sleep(3600)


if __name__ == "__main__":
    main()
