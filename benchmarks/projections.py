"""Times a projection beside the usual ways to the same result, on SQLite or any database whose URL is given.

    python -m benchmarks.projections [--rounds 25] [--cpu] [--url URL]

Contenders take turns within a round. A line tells the median and the range in milliseconds, and how many times as
fast as the usual way: the ORM with the right loader options, then `model_validate` from attributes.
"""

from __future__ import annotations

import argparse
import gc
import statistics
import tempfile
from collections.abc import Callable
from datetime import datetime, timedelta
from time import perf_counter, process_time
from typing import Any

import msgspec
import pydantic
from sqlalchemy import Engine, ForeignKey, bindparam, create_engine, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, joinedload, mapped_column, relationship, selectinload

from hermetic import Projection, fetch, fetch_json, fetch_one


class Base(DeclarativeBase):
    pass


class Customer(Base):
    __tablename__ = "bench_customers"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    email: Mapped[str]


class Order(Base):
    __tablename__ = "bench_orders"

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str]
    status: Mapped[str]
    total: Mapped[int]
    paid: Mapped[bool]
    weight: Mapped[float]
    placed_at: Mapped[datetime]
    note: Mapped[str | None]
    customer_id: Mapped[int] = mapped_column(ForeignKey("bench_customers.id"), index=True)
    customer: Mapped[Customer] = relationship()
    items: Mapped[list[Item]] = relationship(order_by="Item.id")


class Item(Base):
    __tablename__ = "bench_items"

    id: Mapped[int] = mapped_column(primary_key=True)
    sku: Mapped[str]
    quantity: Mapped[int]
    price: Mapped[int]
    order_id: Mapped[int] = mapped_column(ForeignKey("bench_orders.id"), index=True)


class Flat(pydantic.BaseModel):
    id: int
    number: str
    status: str
    total: int
    paid: bool
    weight: float
    placed_at: datetime
    note: str | None


class FlatStruct(msgspec.Struct):
    id: int
    number: str
    status: str
    total: int
    paid: bool
    weight: float
    placed_at: datetime
    note: str | None


class CustomerRead(pydantic.BaseModel):
    name: str
    email: str


class ItemRead(pydantic.BaseModel):
    sku: str
    quantity: int
    price: int


class Nested(pydantic.BaseModel):
    id: int
    number: str
    customer: CustomerRead | None
    items: list[ItemRead]


class CustomerStruct(msgspec.Struct):
    name: str
    email: str


class ItemStruct(msgspec.Struct):
    sku: str
    quantity: int
    price: int


class NestedStruct(msgspec.Struct):
    id: int
    number: str
    customer: CustomerStruct | None
    items: list[ItemStruct]


FLAT = (
    Order.id,
    Order.number,
    Order.status,
    Order.total,
    Order.paid,
    Order.weight,
    Order.placed_at,
    Order.note,
)
WITH_ALL = (joinedload(Order.customer), selectinload(Order.items))
ALL = select(Order)
SOME = select(Order).where(Order.id <= 200)
BY_KEY = select(Order).where(Order.id == bindparam("key"))

FLAT_PYDANTIC = Projection(Flat, Order).query(ALL)
FLAT_CHECKED = Projection(Flat, Order, validate=True).query(ALL)
FLAT_MSGSPEC = Projection(FlatStruct, Order).query(ALL)
NESTED_PYDANTIC = Projection(Nested, Order).query(SOME)
NESTED_CHECKED = Projection(Nested, Order, validate=True).query(SOME)
NESTED_MSGSPEC = Projection(NestedStruct, Order).query(SOME)
ONE_PYDANTIC = Projection(Flat, Order).query(BY_KEY)
ONE_MSGSPEC = Projection(FlatStruct, Order).query(BY_KEY)

PAGE_MSGSPEC = Projection(FlatStruct, Order).query(select(Order).order_by(Order.id).limit(50))
LIST_OF_NESTED = pydantic.TypeAdapter(list[Nested])

Contender = Callable[[Session], object]


def validated(dto: type[pydantic.BaseModel], statement: Any) -> Contender:
    """The usual way."""
    return lambda session: [dto.model_validate(one, from_attributes=True) for one in session.scalars(statement())]


WORK: dict[str, dict[str, Contender]] = {
    "1,000 rows of 8 columns": {
        "ORM, model_validate": validated(Flat, lambda: select(Order)),
        "ORM entities alone": lambda session: session.scalars(select(Order)).all(),
        "Core rows, Struct(*row)": lambda session: [FlatStruct(*row) for row in session.execute(select(*FLAT))],
        "fetch → Pydantic": lambda session: fetch(session, Flat, select(Order)),
        "declared → Pydantic": lambda session: FLAT_PYDANTIC.all(session),
        "declared → Pydantic, validated": lambda session: FLAT_CHECKED.all(session),
        "fetch → msgspec": lambda session: fetch(session, FlatStruct, select(Order)),
        "declared → msgspec": lambda session: FLAT_MSGSPEC.all(session),
    },
    "200 orders with customer and 5 items": {
        "ORM, model_validate": validated(Nested, lambda: select(Order).where(Order.id <= 200).options(*WITH_ALL)),
        "ORM entities alone": lambda session: session.scalars(
            select(Order).where(Order.id <= 200).options(*WITH_ALL)
        ).all(),
        "fetch → Pydantic": lambda session: fetch(session, Nested, select(Order).where(Order.id <= 200)),
        "declared → Pydantic": lambda session: NESTED_PYDANTIC.all(session),
        "declared → Pydantic, validated": lambda session: NESTED_CHECKED.all(session),
        "fetch → msgspec": lambda session: fetch(session, NestedStruct, select(Order).where(Order.id <= 200)),
        "declared → msgspec": lambda session: NESTED_MSGSPEC.all(session),
    },
    "the same 200 orders as JSON": {
        "ORM, model_validate, dump_json": lambda session: LIST_OF_NESTED.dump_json(
            [
                Nested.model_validate(one, from_attributes=True)
                for one in session.scalars(select(Order).where(Order.id <= 200).options(*WITH_ALL))
            ]
        ),
        "fetch_json, Pydantic": lambda session: fetch_json(session, Nested, select(Order).where(Order.id <= 200)),
        "declared, Pydantic": lambda session: NESTED_PYDANTIC.json(session),
        "declared, msgspec": lambda session: NESTED_MSGSPEC.json(session),
    },
    "a page of 50": {
        "ORM, model_validate": validated(Flat, lambda: select(Order).order_by(Order.id).limit(50)),
        "Core rows, Struct(*row)": lambda session: [
            FlatStruct(*row) for row in session.execute(select(*FLAT).order_by(Order.id).limit(50))
        ],
        "fetch → Pydantic": lambda session: fetch(session, Flat, select(Order).order_by(Order.id).limit(50)),
        "fetch → msgspec": lambda session: fetch(session, FlatStruct, select(Order).order_by(Order.id).limit(50)),
        "declared → msgspec": lambda session: PAGE_MSGSPEC.all(session),
    },
    "one row by key": {
        "ORM, model_validate": validated(Flat, lambda: select(Order).where(Order.id == 7)),
        "ORM get, model_validate": lambda session: Flat.model_validate(session.get(Order, 7), from_attributes=True),
        "fetch_one → Pydantic": lambda session: fetch_one(session, Flat, select(Order).where(Order.id == 7)),
        "declared → Pydantic": lambda session: ONE_PYDANTIC.one(session, {"key": 7}),
        "declared → msgspec": lambda session: ONE_MSGSPEC.one(session, {"key": 7}),
    },
}


def fill(engine: Engine) -> None:
    """1,000 orders of 100 customers, 5 items each."""
    Base.metadata.drop_all(engine)
    Base.metadata.create_all(engine)
    start = datetime(2026, 1, 1)
    with Session(engine) as session:
        session.add_all(Customer(id=key, name=f"name {key}", email=f"{key}@example.org") for key in range(1, 101))
        session.flush()
        for key in range(1, 1001):
            order = Order(
                id=key,
                number=f"A-{key}",
                status="paid" if key % 3 else "open",
                total=key * 7,
                paid=key % 3 > 0,
                weight=key / 3,
                placed_at=start + timedelta(hours=key),
                note=None if key % 2 else f"note {key}",
                customer_id=key % 100 + 1,
            )
            order.items = [Item(sku=f"sku {key} {place}", quantity=place, price=key) for place in range(5)]
            session.add(order)
        session.commit()


def timed(engine: Engine, contender: Contender, repeat: int, clock: Callable[[], float]) -> float:
    """Milliseconds for one run in a new session, the mean of `repeat` runs."""
    gc.collect()
    start = clock()
    for _ in range(repeat):
        with Session(engine) as session:
            contender(session)
    return (clock() - start) * 1000 / repeat


def compare(
    engine: Engine, title: str, contenders: dict[str, Contender], rounds: int, clock: Callable[[], float]
) -> None:
    """Time contenders in turns, then print what each took."""
    repeat = 1 if "00" in title or "JSON" in title else 20
    times: dict[str, list[float]] = {name: [] for name in contenders}
    for turn in range(rounds + 2):
        for name, contender in contenders.items():
            took = timed(engine, contender, repeat, clock)
            if turn >= 2:
                times[name].append(took)
    usual = statistics.median(next(iter(times.values())))
    print(f"\n{title}")
    for name, taken in times.items():
        median = statistics.median(taken)
        print(f"  {name:32} {median:8.3f} ms ({min(taken):.3f}–{max(taken):.3f})  {usual / median:4.1f}×")


def main() -> None:
    """Fill a database and time every piece of work on it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=25)
    parser.add_argument("--cpu", action="store_true", help="this process's own time, for a machine that is busy")
    parser.add_argument("--url", help="a database to use; its tables bench_* are dropped and made anew")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        engine = create_engine(options.url or f"sqlite:///{folder}/bench.db")
        fill(engine)
        print(f"{engine.dialect.name}, {options.rounds} rounds, medians (range), times as fast as the usual way")
        for title, contenders in WORK.items():
            compare(engine, title, contenders, options.rounds, process_time if options.cpu else perf_counter)
        Base.metadata.drop_all(engine)
        engine.dispose()


if __name__ == "__main__":
    main()
