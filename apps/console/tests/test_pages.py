"""Every page loads, with as many queries as it has always had, and no object of the ORM reaches a template."""

from __future__ import annotations

import pytest
from sqlalchemy import create_engine, select
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import DetachedInstanceError

from hermetic import fetch
from hermetic.testing import Queries
from hermetic_console.audit import Entry, Who
from hermetic_console.models import AuditLog

from .conftest import Browser, Opening

PAGES = {
    "/": 4,
    "/servers": 3,
    "/servers/new": 1,
    "/servers/1/edit": 2,
    "/servers/1/remove": 2,
    "/admin": 3,
    "/admin/users": 3,
    "/admin/users/new": 1,
    "/admin/users/2/edit": 3,
    "/admin/audit": 3,
    "/profile": 3,
    "/profile/edit": 2,
    "/profile/password": 1,
}


@pytest.mark.parametrize("path", PAGES)
def test_page_loads(admin: Browser, queries: Queries, path: str) -> None:
    """A page takes a fixed number of queries, one of them for who is asking, however many rows it shows."""
    queries.clear()
    answer = admin.get(path)
    sent = [sql for sql in queries.texts if sql.startswith(("SELECT", "INSERT", "UPDATE", "DELETE"))]

    assert (200, PAGES[path]) == (answer.status_code, len(sent)), sent


def test_admin_page_shows_who_did_what(admin: Browser) -> None:
    """The admin page has the names of the users of its entries, which the document's page could not read."""
    page = admin.get("/admin").text

    assert ("Who did what last" in page, "Administrator" in page, "Error" in page) == (True, True, False)


def test_an_entry_outlives_its_session(opening: Opening) -> None:
    """Bad form: an `AuditLog` whose session is closed cannot say who its user was. Cured form: an `Entry` can."""
    url = opening().database_url.replace("postgresql:", "postgresql+psycopg:")

    engine = create_engine(url)
    newest = select(AuditLog).where(AuditLog.user_id.is_not(None)).order_by(AuditLog.id.desc()).limit(1)
    with Session(engine) as session:
        row = session.scalars(newest).one()
        entry = fetch(session, Entry, newest)[0]
    engine.dispose()

    with pytest.raises(DetachedInstanceError):
        row.user  # noqa: B018  # hermetic: allow[detached-access] the bad form, shown
    assert isinstance(entry.user, Who)


def test_first_start_without_a_sample_is_not_bare(admin: Browser) -> None:
    """Empty lists say so, and what to do next."""
    admin.rows("DELETE FROM servers")
    admin.rows("DELETE FROM audit_logs")
    told = {
        "/servers": "There are no servers yet.",
        "/servers?q=x": "No server is like that.",
        "/admin/users?q=nobody-at-all": "Nobody is like that.",
        "/admin/audit": "Nothing has happened yet.",
        "/admin/audit?q=nothing": "No entry is like that.",
        "/": "There are no servers yet.",
    }

    assert dict.fromkeys(told, True) == {path: sentence in admin.get(path).text for path, sentence in told.items()}


def test_health_is_open(opening: Opening) -> None:
    """A load balancer learns whether the console and its database answer, without a log-in."""
    answer = opening().get("/health")

    assert (200, {"status": "ok"}) == (answer.status_code, answer.json())


def test_htmx_gets_the_part_that_it_replaces(admin: Browser) -> None:
    """With the header of HTMX a list is answered without the page around it; a lost session leads the whole page away."""
    part = admin.get("/servers?q=db", headers={"HX-Request": "true"}).text
    admin.client.cookies.clear()
    away = admin.get("/servers", headers={"HX-Request": "true"}).headers["hx-redirect"]

    assert (False, True, "/login") == ("<html" in part, "orders-db" in part, away)
