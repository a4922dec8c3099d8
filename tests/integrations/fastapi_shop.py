"""An app of FastAPI on the shop's database, for either kind of Database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from fastapi import Depends, FastAPI
from fastapi.testclient import TestClient

from hermetic.integrations.fastapi import attach

from .conftest import Stock, customer, fitting

REFUSED = "the address is taken"


@dataclass
class Shop:
    """An app with a Database of either kind."""

    kind: str
    stock: Stock
    db: Any  # of either kind
    app: FastAPI
    host: Any
    ending: ExitStack

    @cached_property
    def client(self) -> TestClient:
        """A client; with the first request the app is complete."""
        return self.ending.enter_context(TestClient(self.app, raise_server_exceptions=False))

    def fit(self, function: Any) -> Any:
        """An endpoint or other function as it is written for this kind of Database."""
        return fitting(self.kind, function)


@contextmanager
def opened(kind: str, stock: Stock) -> Iterator[Shop]:
    """An app with a Database of that kind, and an endpoint that fits it."""
    db = stock.database(kind)
    app = FastAPI()
    host = attach(app, db)

    async def add(name: str, session=Depends(host.begin)):
        session.add(customer(name))
        return {"added": name}

    app.post("/customers", status_code=201)(fitting(kind, add))
    with ExitStack() as ending:
        yield Shop(kind, stock, db, app, host, ending)


def held(shop: Shop) -> int:
    """How many connections are out of the pool."""
    number: int = shop.db.engine.pool.checkedout()
    return number
