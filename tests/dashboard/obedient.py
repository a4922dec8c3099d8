"""A program that does what it is told on its stdin, a line at a time, and says `done` after each."""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path

from sqlalchemy import ForeignKey, create_engine, select, text
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship, sessionmaker

engine = create_engine(f"sqlite:///{Path('obedient.db').resolve()}", pool_size=20)
SessionLocal = sessionmaker(engine)
held: dict[str, tuple[threading.Event, threading.Thread]] = {}


class Base(DeclarativeBase):
    pass


class Customer(Base):
    __tablename__ = "customers"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]


class Order(Base):
    __tablename__ = "orders"

    id: Mapped[int] = mapped_column(primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"))
    customer: Mapped[Customer] = relationship()


def stock() -> None:
    """Make the tables, with ten orders in them."""
    Base.metadata.create_all(engine)
    with SessionLocal.begin() as session:
        session.add_all(Order(customer=Customer(name=f"customer {number}")) for number in range(10))


def names() -> list[str]:
    """The customers of all orders, each with a query of its own."""
    with SessionLocal() as session:
        return [order.customer.name for order in session.scalars(select(Order))]


def hold(name: str) -> None:
    """Keep a transaction open in a thread with this name until it is released."""
    began, ended = threading.Event(), threading.Event()

    def work() -> None:
        with SessionLocal() as session:
            session.execute(text("SELECT count(*) FROM orders"))
            began.set()
            ended.wait()

    thread = threading.Thread(target=work, name=name)
    held[name] = ended, thread
    thread.start()
    began.wait()


def release(name: str) -> None:
    """Let a thread end its transaction."""
    ended, thread = held.pop(name)
    ended.set()
    thread.join()


def write(name: str) -> None:
    """Store a customer whose name is hostile to a page that shows it."""
    with Session(engine) as session:
        session.add(Customer(name=name))
        session.commit()


def die() -> None:
    """End as a process does that is killed."""
    os.kill(os.getpid(), signal.SIGKILL)


DOES = {"stock": stock, "names": names, "hold": hold, "release": release, "write": write, "die": die}

for line in sys.stdin:
    what, *names_of = line.split()
    DOES[what](*names_of)  # type: ignore[operator]  # each takes what the tests give it
    print("done", file=sys.stderr, flush=True)
