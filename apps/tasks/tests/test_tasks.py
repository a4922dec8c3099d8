"""What the endpoints of tasks do."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient

WATER = {"title": "Water the plants", "priority": "low", "due": "2026-12-24", "owner_id": 1}
NEW = {"description": "", "status": "todo", "version": 1}


def made(client: TestClient, **values: Any) -> dict[str, Any]:
    """A new task."""
    response = client.post("/tasks", json={**WATER, **values})
    assert 201 == response.status_code, response.text
    task: dict[str, Any] = response.json()
    return task


def problem(response: Any) -> tuple[int, str, str]:
    """The status of a response, its media type, and the kind of problem."""
    return response.status_code, response.headers["content-type"], response.json()["type"].rpartition(":")[2]


def of_kind(status: int, slug: str) -> tuple[int, str, str]:
    return status, "application/problem+json", slug


def test_create_task(client: TestClient) -> None:
    """A new task is answered with 201, where it is, its ETag, and all its values."""
    response = client.post("/tasks", json=WATER)
    task = response.json()

    assert (201, f"/tasks/{task['id']}", '"1"') == (
        response.status_code, response.headers["location"], response.headers["etag"]
    )  # fmt: skip
    assert WATER | NEW == {
        name: value for name, value in task.items() if name not in ("id", "created_at", "updated_at")
    }
    assert task == client.get(response.headers["location"]).json()


def test_get_task(client: TestClient) -> None:
    """A task is read with its ETag; who knows that version is told so with 304, and no body."""
    task = made(client)
    fresh = client.get(f"/tasks/{task['id']}")
    known = client.get(f"/tasks/{task['id']}", headers={"If-None-Match": fresh.headers["etag"]})

    assert (200, task) == (fresh.status_code, fresh.json())
    assert (304, b"", '"1"') == (known.status_code, known.content, known.headers["etag"])


def test_get_task_that_is_not_there(client: TestClient) -> None:
    """A key that nobody has is a problem with status 404."""
    assert of_kind(404, "not-found") == problem(client.get("/tasks/999999"))


def test_update_task_partially(client: TestClient) -> None:
    """PATCH changes what is named, keeps the rest, and gives a new version."""
    task = made(client)
    response = client.patch(f"/tasks/{task['id']}", json={"status": "done"}, headers={"If-Match": '"1"'})
    changed = response.json()

    assert (200, '"2"') == (response.status_code, response.headers["etag"])
    assert task | {"status": "done", "version": 2, "updated_at": changed["updated_at"]} == changed
    assert changed == client.get(f"/tasks/{task['id']}").json()


def test_null_is_not_leaving_out(client: TestClient) -> None:
    """null empties what may be empty, and is refused where something has to be."""
    task = made(client)
    emptied = client.patch(f"/tasks/{task['id']}", json={"due": None}, headers={"If-Match": "*"})
    refused = client.patch(f"/tasks/{task['id']}", json={"title": None}, headers={"If-Match": "*"})

    assert None is emptied.json()["due"]
    assert of_kind(422, "invalid") == problem(refused)


def test_changing_nothing_is_no_new_version(client: TestClient) -> None:
    """A PATCH with what is there already keeps the version, so nobody else's ETag goes stale."""
    task = made(client)
    response = client.patch(f"/tasks/{task['id']}", json={"status": "todo"}, headers={"If-Match": '"1"'})

    assert (200, task) == (response.status_code, response.json())


def test_replace_task(client: TestClient) -> None:
    """PUT puts a whole task in the place of another: what is left out is as for a new one."""
    task = made(client, description="Only the ferns")
    response = client.put(f"/tasks/{task['id']}", json={"title": "Feed the cat"}, headers={"If-Match": '"1"'})

    assert (200, "Feed the cat", "", "medium", None) == (
        response.status_code, *(response.json()[name] for name in ("title", "description", "priority", "due"))
    )  # fmt: skip


def test_delete_task(client: TestClient) -> None:
    """A deleted task is gone."""
    task = made(client)
    response = client.delete(f"/tasks/{task['id']}", headers={"If-Match": '"1"'})

    assert (204, b"") == (response.status_code, response.content)
    assert of_kind(404, "not-found") == problem(client.get(f"/tasks/{task['id']}"))


@pytest.mark.parametrize("method", ["put", "patch", "delete"])
def test_nobody_overwrites_what_they_have_not_seen(client: TestClient, method: str) -> None:
    """A change of an old version is refused with 412, one that does not say which version with 428."""
    task = made(client)
    client.patch(f"/tasks/{task['id']}", json={"status": "done"}, headers={"If-Match": '"1"'})
    body = {} if method == "delete" else {"json": {"title": "Feed the cat"}}
    send = getattr(client, method)

    assert of_kind(412, "changed") == problem(send(f"/tasks/{task['id']}", headers={"If-Match": '"1"'}, **body))
    assert of_kind(412, "changed") == problem(send(f"/tasks/{task['id']}", headers={"If-Match": 'W/"2"'}, **body))
    assert of_kind(428, "unconditional") == problem(send(f"/tasks/{task['id']}", **body))
    assert ("done", "Water the plants") == tuple(
        client.get(f"/tasks/{task['id']}").json()[name] for name in ("status", "title")
    )


def test_bulk_creates_all(client: TestClient) -> None:
    """All tasks of a bulk are made, and answered in the order in which they were sent."""
    response = client.post("/tasks/bulk", json=[{"title": f"Plant {number}"} for number in range(30)])

    assert 201 == response.status_code
    assert [f"Plant {number}" for number in range(30)] == [task["title"] for task in response.json()]


def test_bulk_creates_all_or_nothing(client: TestClient) -> None:
    """When one of them cannot be made none is."""
    before = client.get("/tasks", params={"limit": 100}).json()
    response = client.post("/tasks/bulk", json=[{"title": "Feed the cat"}, {"title": before[0]["title"]}])

    assert of_kind(409, "duplicate") == problem(response)
    assert before == client.get("/tasks", params={"limit": 100}).json()


def test_advanced_finds_a_free_title(client: TestClient) -> None:
    """A session that is opened by hand: each try is a savepoint, and the one that succeeds is kept."""
    titles = [client.post("/tasks/advanced", json=WATER).json()["title"] for _ in range(3)]

    assert ["Water the plants", "Water the plants (2)", "Water the plants (3)"] == titles


def test_advanced_tells_of_other_problems(client: TestClient) -> None:
    """Only a title that is taken is tried again."""
    assert of_kind(422, "unknown-reference") == problem(client.post("/tasks/advanced", json={**WATER, "owner_id": 999}))
