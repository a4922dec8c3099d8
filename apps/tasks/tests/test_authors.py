"""Authors and posts: what belongs together comes together."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient

from hermetic.testing import Queries
from hermetic_tasks.seed import AUTHORS, POSTS


def test_get_post_has_its_author(client: TestClient, queries: Queries) -> None:
    """A post comes with its author in one query: nothing is loaded later, when there is no session any more."""
    with queries.at_most(1):
        post = client.get("/posts/2").json()

    assert (POSTS[1][0], "Jonas Lindqvist") == (post["title"], post["author"]["name"])


def test_list_posts_has_their_authors(client: TestClient, queries: Queries) -> None:
    """So does a list of them, however long: no query for each row."""
    with queries.at_most(1):
        posts = client.get("/posts").json()

    assert [AUTHORS[owner][0] for _, _, owner in POSTS] == [post["author"]["name"] for post in posts]


def test_get_author_has_their_posts(client: TestClient, queries: Queries) -> None:
    """An author and all posts are two queries."""
    with queries.at_most(2):
        author = client.get("/authors/2").json()

    assert [title for title, _, owner in POSTS if owner == 1] == [post["title"] for post in author["posts"]]


def test_create_author_and_post(client: TestClient) -> None:
    """A new post is answered with its author."""
    author = client.post("/authors", json={"name": "Ada Lovelace", "email": "ada@example.org"})
    post = client.post("/posts", json={"title": "Notes", "body": "On an engine.", "author_id": author.json()["id"]})

    assert (201, 201) == (author.status_code, post.status_code)
    assert author.json() == post.json()["author"] == client.get(post.headers["location"]).json()["author"]
    assert ["Notes"] == [each["title"] for each in client.get(author.headers["location"]).json()["posts"]]


def test_delete_author(client: TestClient) -> None:
    """An author to whom nothing belongs can go, another one cannot."""
    author = client.post("/authors", json={"name": "Ada Lovelace", "email": "ada@example.org"}).json()

    assert 204 == client.delete(f"/authors/{author['id']}").status_code
    assert 404 == client.get(f"/authors/{author['id']}").status_code
    assert (409, "urn:hermetic-tasks:in-use") == (
        client.delete("/authors/1").status_code, client.delete("/authors/1").json()["type"]
    )  # fmt: skip
    assert 200 == client.get("/authors/1").status_code


@pytest.mark.parametrize("path", ["/authors/999", "/posts/999"])
def test_what_is_not_there(client: TestClient, path: str) -> None:
    """A key that nobody has is a problem with status 404."""
    assert 404 == client.get(path).status_code


def test_list_authors(client: TestClient) -> None:
    """In the order of their keys, in parts."""
    assert [name for name, _ in AUTHORS[1:3]] == [
        author["name"] for author in client.get("/authors", params={"skip": 1, "limit": 2}).json()
    ]
