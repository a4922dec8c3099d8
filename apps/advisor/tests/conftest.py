"""What the advisor's tests ask for: databases of both kinds, brought up to date by the program's own migrations."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
import streamlit as st
from sqlalchemy import make_url

from hermetic import Database
from hermetic.scopes import ScopeSession
from hermetic.testing import sandbox
from hermetic_advisor.database import prepare
from hermetic_advisor.schemas import CustomerCreate
from hermetic_advisor.service.customers import create_customer

TODAY = date(2026, 11, 21)

ADA = CustomerCreate(name="Ada Okafor", email="ada@example.org", age=34, income=Decimal("3450.00"))


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of an empty database that has its tables."""
    if request.param == "sqlite":
        address = f"sqlite:///{tmp_path_factory.mktemp('database')}/advisor.db"
    else:
        address = "postgresql+psycopg:" + request.getfixturevalue("postgres")
    prepare(make_url(address), seeded=False)
    return address


@pytest.fixture(scope="module")
def db(url: str) -> Iterator[Database[ScopeSession]]:
    """A Database for the tests of a module."""
    db = Database(url)
    yield db
    db.dispose()


@pytest.fixture
def session(db: Database[ScopeSession]) -> Iterator[ScopeSession]:
    """A unit of work in a database of nobody else's: all of it is rolled back at the end of the test."""
    with sandbox(db), db.begin() as session:
        yield session


@pytest.fixture
def ada(session: ScopeSession) -> int:
    """The id of a customer."""
    return create_customer(session, ADA).id


@pytest.fixture
def seeded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a database with its first customers, told to the program; caches are empty."""
    address = f"sqlite:///{tmp_path}/advisor.db"
    monkeypatch.setenv("DATABASE_URL", address)
    prepare(make_url(address))
    st.cache_data.clear()
    st.cache_resource.clear()
    yield address
    st.cache_data.clear()
    st.cache_resource.clear()


@pytest.fixture
def csv(tmp_path: Path) -> Callable[[str], bytes]:
    """A statement with the usual head, of lines of text."""

    def written(lines: str) -> bytes:
        return f"date,amount,description\n{lines}".encode()

    return written
