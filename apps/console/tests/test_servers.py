"""Servers are listed, added, edited and removed, and what is done is in the audit log."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from .conftest import Browser

NEW = {"name": "backup-1", "kind": "http", "host": "127.0.0.1", "port": 8080, "path": "/up", "note": "Nightly"}


def by_name(browser: Browser, name: str) -> tuple[object, ...]:
    return browser.rows(f"SELECT id, version, host, port, note, status FROM servers WHERE name = '{name}'")[0]


def actions(browser: Browser) -> list[tuple[object, ...]]:
    """What the newest entry of the audit log says of servers."""
    joined = "audit_logs JOIN users ON users.id = user_id"
    return browser.rows(
        f"SELECT action, target, name FROM {joined} WHERE action LIKE 'server %' ORDER BY audit_logs.id DESC LIMIT 1"
    )


def test_list_servers(admin: Browser) -> None:
    """The list shows name, address and status."""
    page = admin.get("/servers").text

    assert ("billing-api" in page, "http://127.0.0.1:9001/health" in page, "unknown" in page) == (True, True, True)


@pytest.mark.parametrize(
    ("query", "shown"), [("q=ledger", {"billing-api", "ledger-db"}), ("status=up", set()), ("q=%25", set())]
)
def test_filter_servers(admin: Browser, query: str, shown: set[str]) -> None:
    """The list is narrowed by words of name, host and note, and by status; a percent sign is a percent sign."""
    page = admin.get(f"/servers?{query}").text
    names = {"billing-api", "ledger-db", "shop-web", "docs"}

    assert shown == {name for name in names if f">{name}<" in page}


def test_add_server(browser_of: Callable[[str], Browser]) -> None:
    """An operator adds a server; the list has it, and the log says who added it."""
    olga = browser_of("olga")
    answer = olga.post("/servers/new", seen="/servers/new", **NEW)
    page = olga.get("/servers").text

    assert (303, "/servers") == (answer.status_code, answer.headers["location"])
    assert ("backup-1 is added." in page, "http://127.0.0.1:8080/up" in page) == (True, True)
    assert [("server added", "backup-1", "olga")] == actions(olga)


@pytest.mark.parametrize(
    ("field", "typed", "told"),
    [
        ("name", " ", "Fill this in."),
        ("name", "docs", "There is a server with this name."),
        ("host", "http://a b", "Write a host name"),
        ("host", "-a-", "Write a host name"),
        ("port", "many", "Write a whole number."),
        ("port", "70000", "Write a number up to 65535."),
        ("path", "up", "Begin with a slash"),
        ("path", "/a\r\nX-Header: 1", "Begin with a slash"),
        ("kind", "gopher", "Choose one of the list."),
    ],
)
def test_wrong_server_is_refused(admin: Browser, field: str, typed: str, told: str) -> None:
    """What is wrong is told beside the field, and the other fields keep what was typed."""
    answer = admin.post("/servers/new", seen="/", **{**NEW, field: typed})

    assert (422, True, True) == (answer.status_code, told in answer.text, "Nightly" in answer.text)
    assert 13 == admin.value("SELECT count(*) FROM servers")


def test_edit_server(admin: Browser) -> None:
    """What is changed is kept; a new address forgets what the last check saw of the old one."""
    admin.rows("UPDATE servers SET status = 'up', told = 'answers 200' WHERE name = 'docs'")
    row, version, *_ = by_name(admin, "docs")
    form = {**NEW, "name": "docs", "note": "Moved", "version": version}
    answer = admin.post(f"/servers/{row}/edit", seen="/", **form)

    assert 303 == answer.status_code
    assert (row, version + 1, "127.0.0.1", 8080, "Moved", "unknown") == by_name(admin, "docs")
    assert [("server edited", "docs", "admin")] == actions(admin)


def test_edit_keeps_what_a_form_does_not_have(admin: Browser) -> None:
    """A form without a note does not empty the note."""
    row, version, *_ = by_name(admin, "docs")
    form = {name: value for name, value in NEW.items() if name != "note"}
    admin.post(f"/servers/{row}/edit", seen="/", **{**form, "name": "docs", "version": version})

    assert "The handbook" == by_name(admin, "docs")[4]


def test_later_edit_of_an_older_form_is_refused(browser_of: Callable[[str], Browser]) -> None:
    """Two open the same form: the second to save is told, and undoes nothing."""
    admin, olga = browser_of("admin"), browser_of("olga")
    row, version, *_ = by_name(admin, "docs")
    admin.post(f"/servers/{row}/edit", seen="/", **{**NEW, "name": "docs", "note": "First", "version": version})
    second = olga.post(
        f"/servers/{row}/edit", seen="/", **{**NEW, "name": "docs", "note": "Second", "version": version}
    )

    assert (422, True) == (second.status_code, "Somebody else has changed this meanwhile." in second.text)
    assert "First" == by_name(admin, "docs")[4]


def test_edit_to_a_name_that_is_taken(admin: Browser) -> None:
    """A taken name is told beside the field, and nothing else of the form is kept."""
    row, version, *_ = by_name(admin, "docs")
    answer = admin.post(f"/servers/{row}/edit", seen="/", **{**NEW, "name": "shop-web", "version": version})

    assert (422, True) == (answer.status_code, "There is a server with this name." in answer.text)
    assert (row, version, "localhost", 9080, "The handbook", "unknown") == by_name(admin, "docs")


def test_remove_server(admin: Browser) -> None:
    """A server is removed after a question; the log keeps its name."""
    row = by_name(admin, "docs")[0]
    question = admin.get(f"/servers/{row}/remove").text
    answer = admin.post(f"/servers/{row}/remove", seen="/")

    assert ("Remove docs?" in question, 303) == (True, answer.status_code)
    assert 404 == admin.get(f"/servers/{row}/edit").status_code
    assert [("server removed", "docs", "admin")] == actions(admin)


def test_removing_twice_is_told(admin: Browser) -> None:
    """The second to remove a server is told that it is gone, and the log has one entry of it."""
    row = by_name(admin, "docs")[0]
    answers = [admin.post(f"/servers/{row}/remove", seen="/").status_code for _ in range(2)]

    assert [303, 404] == answers
    assert 1 == admin.value(
        "SELECT count(*) FROM audit_logs WHERE target = 'docs' AND action = 'server removed' AND user_id = 1 AND address = 'testclient'"
    )
