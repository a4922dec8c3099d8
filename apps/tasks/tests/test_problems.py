"""What clients are told when something goes wrong: problem details, and nothing of the database."""

from __future__ import annotations

import re
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from hermetic_tasks.sessions import Db

TELLS_OF_THE_DATABASE = re.compile(
    r"sqlite|psycopg|postgres|constraint|unique|insert into|select |authors\.|tasks\.", re.I
)
TAKEN = {"title": "Order chairs for the new room"}

PROBLEMS: dict[str, tuple[str, str, dict[str, Any], int, str]] = {
    "duplicate title": ("POST", "/tasks", TAKEN, 409, "duplicate"),
    "duplicate by change": ("PATCH", "/tasks/1", TAKEN, 409, "duplicate"),
    "duplicate e-mail": ("POST", "/authors", {"name": "A", "email": "mei@example.org"}, 409, "duplicate"),
    "unknown owner": ("POST", "/tasks", {"title": "New", "owner_id": 4711}, 422, "unknown-reference"),
    "unknown author": ("POST", "/posts", {"title": "New", "body": "", "author_id": 4711}, 422, "unknown-reference"),
    "author in use": ("DELETE", "/authors/1", {}, 409, "in-use"),
    "no title": ("POST", "/tasks", {}, 422, "invalid"),
    "a typo": ("POST", "/tasks", {"title": "New", "priorty": "high"}, 422, "invalid"),
    "a number for a day": ("POST", "/tasks", {"title": "New", "due": 1}, 422, "invalid"),
    "NUL": ("POST", "/tasks", {"title": "New\0"}, 422, "invalid"),
    "key too large": ("GET", "/tasks/99999999999", {}, 422, "invalid"),
    "nowhere": ("GET", "/nowhere", {}, 404, "not-found"),
}


@pytest.mark.parametrize("case", PROBLEMS)
def test_problems(client: TestClient, case: str) -> None:
    """Each is `application/problem+json` with a kind, a fixed text, and no word of the database."""
    method, path, body, status, slug = PROBLEMS[case]
    response = client.request(method, path, json=body or None, headers={"If-Match": "*"})
    told = response.json()

    assert (status, "application/problem+json") == (response.status_code, response.headers["content-type"])
    assert (f"urn:hermetic-tasks:{slug}", status, path) == (told["type"], told["status"], told["instance"])
    assert None is TELLS_OF_THE_DATABASE.search(response.text)


def test_where_it_is_wrong(client: TestClient) -> None:
    """A value that does not fit is named by its place; what was sent is not sent back."""
    response = client.post("/tasks/bulk", json=[{"title": "Right"}, {"title": "", "secret": "do not repeat me"}])

    assert ["body.1.title", "body.1.secret"] == [error["at"] for error in response.json()["errors"]]
    assert "do not repeat me" not in response.text


def test_a_wrong_method_is_told(client: TestClient) -> None:
    """405 names the methods that there are, and is a problem as any other."""
    response = client.put("/authors")

    assert (405, "application/problem+json") == (response.status_code, response.headers["content-type"])
    assert response.headers["allow"]


def test_what_nobody_foresaw(app: FastAPI, db: Db) -> None:
    """An error of the database without a kind of its own is a 500 that says nothing: the log has it."""
    quiet = TestClient(app, raise_server_exceptions=False)
    with pytest.raises(DBAPIError) as caught, db.read() as session:
        session.connection().execute(text("SELECT nonsense"))
    app.add_api_route("/broken", lambda: (_ for _ in ()).throw(caught.value))
    response = quiet.get("/broken")

    assert (500, "urn:hermetic-tasks:broken") == (response.status_code, response.json()["type"])
    assert "nonsense" not in response.text
