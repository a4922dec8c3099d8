"""What is timed: the ways to read orders that people use, the limit written by hand, and projections."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Any

import msgspec
import pydantic
from advanced_alchemy.service import ResultConverter
from fastapi import FastAPI, Response
from fastcrud import FastCRUD
from sqlalchemy import Engine, bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import Session, joinedload, selectinload

from hermetic import Projection, fetch, fetch_json, fetch_one

from .orders import (
    CustomerStruct,
    Flat,
    FlatSqlModel,
    FlatStruct,
    ItemStruct,
    Nested,
    NestedSqlModel,
    NestedStruct,
    Order,
    Wide,
    columns,
)

WITH_ALL = (joinedload(Order.customer), selectinload(Order.items))
BY_KEY = select(Order).where(Order.id == bindparam("key"))
USUAL = "ORM, model_validate"
LIMIT = "driver, by hand → msgspec"

FLAT_PYDANTIC = Projection(Flat, Order).query(select(Order))
FLAT_CHECKED = Projection(Flat, Order, validate=True).query(select(Order))
FLAT_MSGSPEC = Projection(FlatStruct, Order).query(select(Order))
WIDE_MSGSPEC = Projection(FlatStruct, Wide).query(select(Wide))
NESTED_PYDANTIC = Projection(Nested, Order).query(select(Order).where(Order.id <= 200))
NESTED_MSGSPEC = Projection(NestedStruct, Order).query(select(Order).where(Order.id <= 200))
PAGE_PYDANTIC = Projection(Flat, Order).query(select(Order).order_by(Order.id).limit(50))
PAGE_MSGSPEC = Projection(FlatStruct, Order).query(select(Order).order_by(Order.id).limit(50))
ONE_PYDANTIC = Projection(Flat, Order).query(BY_KEY)
ONE_MSGSPEC = Projection(FlatStruct, Order).query(BY_KEY)
LIST_OF_NESTED = pydantic.TypeAdapter(list[Nested])
WRITER = msgspec.json.Encoder()
CONVERTER = ResultConverter()
CRUD: Any = FastCRUD(Order)  # Any: it asks for a model class of its own kind of typing

Contender = Callable[[Session], object]
Work = dict[str, dict[str, Contender]]


def some() -> Any:
    """The 200 orders, with what the usual way has to be told. Any: a Select of orders."""
    return select(Order).where(Order.id <= 200).options(*WITH_ALL)


def validated(dto: type[pydantic.BaseModel], statement: Callable[[], Any]) -> Contender:
    """The usual way. Any: a Select of whatever class."""
    return lambda session: [dto.model_validate(one, from_attributes=True) for one in session.scalars(statement())]


def from_dicts(session: Session) -> list[Nested]:
    """Instances to dicts by hand, dicts to DTOs."""
    return [
        Nested(
            id=one.id,
            number=one.number,
            customer={"name": one.customer.name, "email": one.customer.email},  # type: ignore[arg-type]  # as people do
            items=[{"sku": item.sku, "quantity": item.quantity, "price": item.price} for item in one.items],  # type: ignore[misc]
        )
        for one in session.scalars(some())
    ]


def cursor_of(session: Session) -> Any:
    """The driver's own cursor. Any: of whatever driver."""
    connection = session.connection().connection.driver_connection
    return None if connection is None else connection.cursor()


FLAT_SQL = "SELECT id, number, status, total, paid, weight, placed_at, note FROM {}"
ORDERS_SQL = (
    "SELECT o.id, o.number, c.id, c.name, c.email FROM bench_orders o "
    "LEFT JOIN bench_customers c ON c.id = o.customer_id WHERE o.id <= 200"
)
ITEMS_SQL = "SELECT order_id, sku, quantity, price FROM bench_items WHERE order_id <= 200 ORDER BY id"


def flat_limit(table: str, tail: str = "") -> Contender:
    """Nothing between the driver and the Struct; SQLite keeps moments as text and truth as a number."""
    sql = FLAT_SQL.format(table) + tail

    def read(session: Session) -> list[FlatStruct]:
        rows = cursor_of(session).execute(sql).fetchall()
        if session.get_bind().dialect.name != "sqlite":
            return [FlatStruct(*row) for row in rows]
        moment = datetime.fromisoformat
        return [FlatStruct(a, b, c, d, bool(e), f, moment(g), h) for a, b, c, d, e, f, g, h in rows]

    return read


def nested_limit(session: Session) -> list[NestedStruct]:
    """Two statements on the driver's cursor, and the Structs."""
    orders = cursor_of(session).execute(ORDERS_SQL).fetchall()
    items: dict[int, list[ItemStruct]] = {}
    for order, sku, quantity, price in cursor_of(session).execute(ITEMS_SQL).fetchall():
        items.setdefault(order, []).append(ItemStruct(sku, quantity, price))
    return [
        NestedStruct(key, number, None if customer is None else CustomerStruct(name, email), items.get(key, []))
        for key, number, customer, name, email in orders
    ]


JSON_SQL = {
    "sqlite": """
        SELECT json_group_array(json_object('id', o.id, 'number', o.number,
            'customer', json_object('name', c.name, 'email', c.email),
            'items', (SELECT json_group_array(json_object('sku', sku, 'quantity', quantity, 'price', price))
                FROM (SELECT sku, quantity, price FROM bench_items WHERE order_id = o.id ORDER BY id))))
        FROM bench_orders o LEFT JOIN bench_customers c ON c.id = o.customer_id WHERE o.id <= 200""",
    "postgresql": """
        SELECT json_agg(json_build_object('id', o.id, 'number', o.number,
            'customer', json_build_object('name', c.name, 'email', c.email),
            'items', (SELECT coalesce(json_agg(json_build_object('sku', sku, 'quantity', quantity, 'price', price)), '[]')
                FROM (SELECT sku, quantity, price FROM bench_items WHERE order_id = o.id ORDER BY id) i)))::text
        FROM bench_orders o LEFT JOIN bench_customers c ON c.id = o.customer_id WHERE o.id <= 200""",
}


def by_database(session: Session) -> object:
    """One statement, written by hand, whose one value is the whole answer."""
    return cursor_of(session).execute(JSON_SQL[session.get_bind().dialect.name]).fetchone()[0]


class Served:
    """Three endpoints with the same answer, called as a server would call them, without a network."""

    def __init__(self, engine: Engine) -> None:
        self.loop = asyncio.new_event_loop()
        self.app = FastAPI()

        @self.app.get("/usual", response_model=list[NestedSqlModel])
        def usual() -> Any:
            with Session(engine) as session:
                return session.scalars(some()).all()

        @self.app.get("/twice", response_model=list[Nested])
        def twice() -> Any:
            with Session(engine) as session:
                return NESTED_PYDANTIC.all(session)

        @self.app.get("/bytes", response_model=list[Nested])
        def as_bytes() -> Response:
            with Session(engine) as session:
                return Response(NESTED_PYDANTIC.json(session), media_type="application/json")

    def get(self, path: str) -> Contender:
        """What calls an endpoint; the session is the endpoint's own."""
        return lambda session: self.loop.run_until_complete(self.answer(path))

    async def answer(self, path: str) -> bytes:
        body: list[bytes] = []

        async def receive() -> dict[str, object]:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: Any) -> None:
            body.append(message.get("body", b""))

        scope = {
            "type": "http",
            "method": "GET",
            "path": path,
            "headers": [],
            "query_string": b"",
            "http_version": "1.1",
        }
        await self.app(scope, receive, send)
        return b"".join(body)


class Crud:
    """FastCRUD, which knows asyncio only."""

    def __init__(self, engine: Engine) -> None:
        driver = "sqlite+aiosqlite" if engine.dialect.name == "sqlite" else "postgresql+psycopg"
        self.engine = create_async_engine(engine.url.set(drivername=driver))
        self.loop = asyncio.new_event_loop()

    def many(self, session: Session) -> object:
        """1,000 rows as models."""
        return self.loop.run_until_complete(self.read())

    async def read(self) -> object:
        async with AsyncSession(self.engine) as session:
            return await CRUD.get_multi(
                session, limit=1000, schema_to_select=Flat, return_as_model=True, return_total_count=False
            )


def work(engine: Engine) -> Work:
    """Every piece of work, its contenders by name, the usual way first."""
    return flat_work(Crud(engine)) | nested_work(Served(engine)) | small_work()


def flat_work(crud: Crud) -> Work:
    """Many rows of one class."""
    return {
        "1,000 rows of 8 columns": {
            USUAL: validated(Flat, lambda: select(Order)),
            "SQLModel, model_validate": validated(FlatSqlModel, lambda: select(Order)),
            "Advanced Alchemy to_schema": lambda session: CONVERTER.to_schema(
                session.scalars(select(Order)).all(), schema_type=Flat
            ),
            "FastCRUD get_multi (asyncio)": crud.many,
            "Core rows, Struct(*row)": lambda session: [
                FlatStruct(*row) for row in session.execute(select(*columns(Order)))
            ],
            "fetch → Pydantic": lambda session: fetch(session, Flat, select(Order)),
            "declared → Pydantic, validated": lambda session: FLAT_CHECKED.all(session),
            "declared → Pydantic": lambda session: FLAT_PYDANTIC.all(session),
            "declared → msgspec": lambda session: FLAT_MSGSPEC.all(session),
            LIMIT: flat_limit("bench_orders"),
        },
        "1,000 rows, 8 of 20 columns": {
            USUAL: validated(Flat, lambda: select(Wide)),
            "declared → msgspec": lambda session: WIDE_MSGSPEC.all(session),
            LIMIT: flat_limit("bench_wide"),
        },
    }


def nested_work(served: Served) -> Work:
    """Rows with what is related to them."""
    return {
        "200 orders with customer and 5 items": {
            USUAL: validated(Nested, some),
            "ORM, dicts by hand": from_dicts,
            "Advanced Alchemy to_schema": lambda session: CONVERTER.to_schema(
                session.scalars(some()).all(), schema_type=Nested
            ),
            "fetch → Pydantic": lambda session: fetch(session, Nested, select(Order).where(Order.id <= 200)),
            "declared → Pydantic": lambda session: NESTED_PYDANTIC.all(session),
            "declared → msgspec": lambda session: NESTED_MSGSPEC.all(session),
            LIMIT: nested_limit,
        },
        "the same 200 orders as JSON": {
            USUAL: lambda session: LIST_OF_NESTED.dump_json(
                [Nested.model_validate(one, from_attributes=True) for one in session.scalars(some())]
            ),
            "fetch_json → Pydantic": lambda session: fetch_json(session, Nested, select(Order).where(Order.id <= 200)),
            "declared → Pydantic": lambda session: NESTED_PYDANTIC.json(session),
            "declared → msgspec": lambda session: NESTED_MSGSPEC.json(session),
            "database's own JSON, by hand": by_database,
            LIMIT: lambda session: WRITER.encode(nested_limit(session)),
        },
        "the same 200 orders through FastAPI": {
            "SQLModel, response_model": served.get("/usual"),
            "declared, validated again": served.get("/twice"),
            "declared, as a Response": served.get("/bytes"),
        },
    }


def small_work() -> Work:
    """Few rows, where the price of a statement shows."""
    return {
        "a page of 50": {
            USUAL: validated(Flat, lambda: select(Order).order_by(Order.id).limit(50)),
            "fetch → Pydantic": lambda session: fetch(session, Flat, select(Order).order_by(Order.id).limit(50)),
            "declared → Pydantic": lambda session: PAGE_PYDANTIC.all(session),
            "declared → msgspec": lambda session: PAGE_MSGSPEC.all(session),
            LIMIT: flat_limit("bench_orders", " ORDER BY id LIMIT 50"),
        },
        "one row by key": {
            USUAL: validated(Flat, lambda: select(Order).where(Order.id == 7)),
            "ORM get, model_validate": lambda session: Flat.model_validate(session.get(Order, 7), from_attributes=True),
            "fetch_one → Pydantic": lambda session: fetch_one(session, Flat, select(Order).where(Order.id == 7)),
            "declared → Pydantic": lambda session: ONE_PYDANTIC.one(session, {"key": 7}),
            "declared → msgspec": lambda session: ONE_MSGSPEC.one(session, {"key": 7}),
            LIMIT: flat_limit("bench_orders", " WHERE id = 7"),
        },
    }
