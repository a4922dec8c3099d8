"""Lists of tasks: filters, pages by offset, pages between cursors."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient

from hermetic.testing import Queries
from hermetic_tasks.seed import TASKS


def keys(tasks: list[dict[str, Any]]) -> list[int]:
    return [task["id"] for task in tasks]


def test_list_tasks(client: TestClient) -> None:
    """Without anything else it is the first fifty, in the order of their keys."""
    tasks = client.get("/tasks").json()

    assert [title for title, *_ in TASKS] == [task["title"] for task in tasks]
    assert sorted(keys(tasks)) == keys(tasks)


@pytest.mark.parametrize("status", ["todo", "in_progress", "done"])
def test_list_by_status(client: TestClient, status: str) -> None:
    """`?status=` and `/tasks/by-status/` choose the same."""
    expected = [title for title, its_status, *_ in TASKS if its_status == status]

    assert expected == [task["title"] for task in client.get("/tasks", params={"status": status}).json()]
    assert expected == [task["title"] for task in client.get(f"/tasks/by-status/{status}").json()]


def test_list_by_status_and_priority(client: TestClient) -> None:
    """Several filters hold at once."""
    tasks = client.get("/tasks", params={"status": "todo", "priority": "high", "owner_id": 3}).json()

    assert [
        title for title, status, priority, owner, _ in TASKS if (status, priority, owner) == ("todo", "high", 2)
    ] == [task["title"] for task in tasks]


@pytest.mark.parametrize("query", [{"status": "open"}, {"limit": 0}, {"limit": 101}, {"skip": -1}, {"stauts": "done"}])
def test_a_wrong_filter_is_told(client: TestClient, query: dict[str, Any]) -> None:
    """A value or a name that means nothing is a problem, not a list of everything."""
    response = client.get("/tasks", params=query)

    assert (422, [f"query.{name}" for name in query]) == (
        response.status_code, [error["at"] for error in response.json()["errors"]]
    )  # fmt: skip


def test_pages_by_offset(client: TestClient) -> None:
    """`skip` and `limit` walk through all of it: the order is total, so nothing comes twice."""
    whole = client.get("/tasks").json()
    pages = [client.get("/tasks", params={"skip": skip, "limit": 7}).json() for skip in range(0, 28, 7)]

    assert whole == [task for page in pages for task in page]


@pytest.mark.parametrize("order", ["newest", "oldest", "due"])
def test_pages_by_cursor(client: TestClient, order: str) -> None:
    """`next` leads through all of it, whatever the order, and `previous` back."""
    query: dict[str, Any] = {"order": order, "size": 7}
    pages = [client.get("/tasks/pages", params=query).json()]
    while pages[-1]["next"]:
        pages.append(client.get("/tasks/pages", params={**query, "cursor": pages[-1]["next"]}).json())
    back = client.get("/tasks/pages", params={**query, "cursor": pages[-1]["previous"]}).json()

    assert sorted(keys(client.get("/tasks").json())) == sorted(key for page in pages for key in keys(page["items"]))
    assert [7, 7, 7, 3] == [len(page["items"]) for page in pages]
    assert pages[-2]["items"] == back["items"]


def test_a_cursor_does_not_move(client: TestClient) -> None:
    """Tasks that come while somebody reads shift pages by offset, and no page between cursors."""
    query = {"order": "newest", "size": 5}
    first = client.get("/tasks/pages", params=query).json()
    expected = client.get("/tasks/pages", params={**query, "cursor": first["next"]}).json()
    client.post("/tasks", json={"title": "Came in between"})

    assert expected["items"] == client.get("/tasks/pages", params={**query, "cursor": first["next"]}).json()["items"]


def test_a_made_up_cursor_is_refused(client: TestClient) -> None:
    """A cursor is signed; one that was not given out here, or for another order, is a problem."""
    other = client.get("/tasks/pages", params={"order": "oldest", "size": 5}).json()["next"]
    answers = [client.get("/tasks/pages", params={"cursor": cursor}) for cursor in ("made-up", other)]

    assert [(400, "urn:hermetic-tasks:bad-cursor")] * 2 == [
        (answer.status_code, answer.json()["type"]) for answer in answers
    ]


def test_a_list_is_one_query(client: TestClient, queries: Queries) -> None:
    """However many tasks there are."""
    with queries.at_most(1):
        client.get("/tasks")
