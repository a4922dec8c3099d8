"""Two at once, each with a connection of their own: nobody's work is lost, half done or doubled."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from hermetic_tasks.models import Task
from hermetic_tasks.sessions import Db

CLIENTS = 8


@pytest.fixture
def client(app: FastAPI, db: Db) -> Iterator[TestClient]:
    """A client whose requests are really committed."""
    with TestClient(app) as client:
        yield client


def test_one_of_many_changes_a_version(client: TestClient) -> None:
    """Of eight who change the same version at once one succeeds, and the others are told that somebody was faster."""
    task = client.post("/tasks", json={"title": "Sought after"}).json()

    def change(number: int) -> int:
        path = f"/tasks/{task['id']}"
        return client.patch(path, json={"description": str(number)}, headers={"If-Match": '"1"'}).status_code

    with ThreadPoolExecutor(CLIENTS) as clients:
        statuses = list(clients.map(change, range(CLIENTS)))
    after = client.get(f"/tasks/{task['id']}").json()

    assert sorted([200] + [412] * (CLIENTS - 1)) == sorted(statuses)
    assert (2, str(statuses.index(200))) == (after["version"], after["description"])


def test_one_of_many_makes_a_task(client: TestClient) -> None:
    """Of eight who make a task of the same title at once one succeeds."""
    with ThreadPoolExecutor(CLIENTS) as clients:
        made = list(clients.map(lambda _: client.post("/tasks", json={"title": "Only one"}), range(CLIENTS)))

    assert sorted([201] + [409] * (CLIENTS - 1)) == sorted(response.status_code for response in made)


def test_who_is_told_201_finds_it(client: TestClient, db: Db) -> None:
    """The commit is before the answer: another connection sees the row as soon as the client knows of it."""
    response = client.post("/tasks", json={"title": "Told of"})
    with db.read() as session:
        found = session.get_one(Task, response.json()["id"]).title

    assert "Told of" == found
