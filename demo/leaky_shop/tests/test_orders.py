"""The API against a database in memory."""

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from leaky_shop.app import app
from leaky_shop.database import db_dependency
from leaky_shop.models import Base


@pytest.fixture
def client():
    engine = create_engine("sqlite:///:memory:", connect_args={"check_same_thread": False})
    Base.metadata.create_all(engine)

    def test_db():
        with Session(engine) as session:
            yield session

    app.dependency_overrides[db_dependency] = test_db
    with TestClient(app) as client:
        yield client
    app.dependency_overrides.clear()


def test_no_orders(client):
    assert client.get("/orders/").json() == []
