"""The API on a database of either kind, and a client of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from hermetic.testing import sandbox
from hermetic_tasks.app import make_app
from hermetic_tasks.database import open_database
from hermetic_tasks.schema import migrate
from hermetic_tasks.seed import seed
from hermetic_tasks.sessions import Db

SECRET = "known to the tests"


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of an empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path_factory.mktemp('tasks')}/tasks.db"
    return f"postgresql+psycopg:{request.getfixturevalue('postgres')}"


@pytest.fixture(scope="module")
def db(url: str) -> Iterator[Db]:
    """A database with its tables and what it starts with."""
    with open_database(url) as db:
        migrate(db)
        seed(db)
        yield db


@pytest.fixture(scope="module")
def app(db: Db) -> FastAPI:
    """The API on that database."""
    return make_app(db, SECRET)


@pytest.fixture
def client(app: FastAPI, db: Db) -> Iterator[TestClient]:
    """A client of the API; what a test does is undone at its end."""
    with sandbox(db):
        yield TestClient(app)
