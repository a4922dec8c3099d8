"""A shop whose database is on disk, for either kind of Database, and a look at what is really in it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, select
from sqlalchemy.orm import Session

from hermetic import AsyncDatabase, Database
from tests.scopes.twin import TwinSession, drive
from tests.world import Base, Customer


class Stock:
    """The database as somebody else sees it, who asks with a connection of their own."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "shop.db"
        self._engine = create_engine(f"sqlite:///{self.file}")
        Base.metadata.create_all(self._engine)

    def database(self, kind: str, **how: Any) -> Any:  # Any: of either kind
        """A Database of that kind."""
        if kind == "sync":
            return Database(f"sqlite:///{self.file}", **how)
        return AsyncDatabase(f"sqlite+aiosqlite:///{self.file}", **how)

    def names(self) -> list[str]:
        """The names of the customers who are kept."""
        with Session(self._engine) as session:
            return list(session.scalars(select(Customer.name).order_by(Customer.id)))

    def close(self) -> None:
        self._engine.dispose()


@pytest.fixture
def stock(tmp_path: Path) -> Iterator[Stock]:
    stock = Stock(tmp_path)
    yield stock
    stock.close()


def customer(name: str) -> Customer:
    """A customer; two of one name have one address, which is unique."""
    return Customer(name=name, email=f"{name.lower()}@shop.example")


def twin(given: object) -> object:
    """A plain session as one that is awaited."""
    return TwinSession(given) if isinstance(given, Session) else given


def fitting(kind: str, endpoint: Callable[..., Coroutine[Any, Any, Any]]) -> Callable[..., Any]:
    """An endpoint as it is written for a kind of Database: a coroutine, or a plain function that does the same."""
    if kind == "async":
        return endpoint

    def plain(*args: Any, **kwargs: Any) -> Any:
        return drive(endpoint(*map(twin, args), **{name: twin(each) for name, each in kwargs.items()}))

    plain.__signature__ = inspect.signature(endpoint, eval_str=True)  # type: ignore[attr-defined]  # what frameworks ask for
    plain.__annotations__ = inspect.get_annotations(endpoint, eval_str=True)
    plain.__name__ = endpoint.__name__
    return plain
