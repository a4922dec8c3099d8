"""A response that cannot be filled tells why: FastAPI shows what Pydantic kept of the error, and the note says the rest."""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.exceptions import ResponseValidationError
from fastapi.testclient import TestClient
from pydantic import BaseModel, ConfigDict
from sqlalchemy import select

from hermetic._watch import explain, explain_no_more


class CustomerOut(BaseModel):
    """What is told of a customer."""

    model_config = ConfigDict(from_attributes=True)

    name: str


class OrderOut(BaseModel):
    """What is told of an order, and of the customer behind it."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    customer: CustomerOut


@pytest.fixture(autouse=True)
def explained() -> Iterator[None]:
    """As after `import hermetic.explain`."""
    explain()
    yield
    explain_no_more()


def notes_of(endpoint: Any) -> list[str]:
    """The notes below the error that a response ends in."""
    app = FastAPI()
    app.get("/", response_model=OrderOut)(endpoint)
    with TestClient(app) as browser, pytest.raises(ResponseValidationError) as raised:
        browser.get("/")
    return getattr(raised.value, "__notes__", [])


@pytest.mark.parametrize("is_async", [False, True])
def test_a_relation_that_was_not_loaded(shop: ModuleType, is_async: bool) -> None:
    """The note names the query that did not load it, the close, and what to add."""

    def closed() -> Any:
        with shop.SessionLocal() as session:
            return session.scalars(select(shop.Order)).first()

    async def closed_async() -> Any:
        async with shop.AsyncSessionLocal() as session:
            order = (await session.scalars(select(shop.Order))).first()
        await shop.async_engine.dispose()
        return order

    (note,) = notes_of(closed_async if is_async else closed)

    assert note.startswith("hermetic: ")
    assert "loaded without `customer`" in note
    assert "fix: " in note


def test_a_column_that_expired(shop: ModuleType) -> None:
    """The note names the column that the model read first, not any of those that the commit expired."""

    def expired() -> Any:
        with shop.SessionLocal() as session:
            order = session.scalars(select(shop.Order)).first()
            session.commit()
            return order

    (note, *_) = notes_of(expired)

    assert "reads Order.id, which" in note


def test_data_that_is_wrong_is_left_alone(shop: ModuleType) -> None:
    """A response that lacks a field has nothing to do with a session."""

    def incomplete() -> Any:
        return {"id": 1}

    assert [] == notes_of(incomplete)
