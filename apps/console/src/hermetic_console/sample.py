"""Data to look at: a company's servers and people, and an audit log of as many entries as are asked for."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import TypedDict

from sqlalchemy import insert, select, text

from hermetic.scopes import AsyncScopeSession

from .models import AuditLog, Kind, Role, Server, User

AT_ONCE = 5_000
DAYS = 180

PEOPLE = (
    ("olga", "Olga Petrova", Role.OPERATOR),
    ("victor", "Victor Hansen", Role.VIEWER),
    ("amara", "Amara Okafor", Role.ADMIN),
    ("jonas", "Jonas Weber", Role.OPERATOR),
    ("mei", "Mei Tanaka", Role.OPERATOR),
    ("luca", "Luca Moretti", Role.VIEWER),
    ("sofia", "Sofía Ramírez", Role.OPERATOR),
    ("noor", "Noor van Dijk", Role.VIEWER),
    ("samir", "Samir Haddad", Role.OPERATOR),
    ("greta", "Greta Lindqvist", Role.VIEWER),
    ("tomasz", "Tomasz Zieliński", Role.VIEWER),
    ("priya", "Priya Raman", Role.OPERATOR),
    ("elif", "Elif Yıldız", Role.VIEWER),
    ("patrick", "Patrick O'Brien", Role.VIEWER),
    ("chloe", "Chloé Martin", Role.VIEWER),
    ("dmitri", "Dmitri Sokolov", Role.OPERATOR),
)
GONE = ("patrick", "chloe")

SERVERS = (
    ("auth-1", Kind.TCP, "127.0.0.1", 9443, "/", "Single sign-on for everybody"),
    ("billing-api", Kind.HTTP, "127.0.0.1", 9001, "/health", "Invoices; needs the ledger"),
    ("cache-1", Kind.TCP, "127.0.0.1", 16379, "/", ""),
    ("docs", Kind.HTTP, "localhost", 9080, "/", "The handbook"),
    ("ledger-db", Kind.TCP, "10.20.0.5", 5432, "/", "In the accounting network"),
    ("mail-relay", Kind.TCP, "127.0.0.1", 9025, "/", "Sends what the others write"),
    ("metrics", Kind.HTTP, "127.0.0.1", 9090, "/-/ready", ""),
    ("orders-db", Kind.TCP, "127.0.0.1", 15432, "/", "Backed up at 02:00 UTC"),
    ("search-1", Kind.HTTP, "127.0.0.1", 9200, "/", ""),
    ("shop-web", Kind.HTTPS, "localhost", 9444, "/", "What customers see"),
)
OF_THE_CONSOLE = (
    ("console", Kind.HTTP, "/health", "This console, asked by itself"),
    ("console-port", Kind.TCP, "/", "The port that this console listens at"),
    ("console-login", Kind.HTTP, "/login", "What visitors see first"),
)
CHANGES = ("note", "port", "host, port", "path", "kind, port", "name")
CHANCES = {
    "log-in": 38,
    "log-out": 24,
    "servers checked": 20,
    "log-in failed": 8,
    "server edited": 6,
    "profile edited": 2,
    "password changed": 1,
    "server added": 0.5,
    "server removed": 0.5,
}


class Row(TypedDict):
    """A row of the audit log; `who` is the name of its user, empty where nobody was logged in."""

    who: str
    told: dict[str, object]


async def add_sample(
    session: AsyncScopeSession, admin_id: int, password_hash: str, port: int, rows: Sequence[Row]
) -> None:
    """Fill an empty console. The same rows each time, up to the day and to the port that the console listens at.

    The database is told to count what it has got: it would choose its ways by what it knew before.
    """
    today = midnight()
    session.add_all(people(password_hash, today))
    session.add_all(servers(port, admin_id, today))
    await session.flush()
    ids = {name: id for id, name in await session.execute(select(User.id, User.name))}
    for start in range(0, len(rows), AT_ONCE):
        batch = [row["told"] | {"user_id": ids.get(row["who"])} for row in rows[start : start + AT_ONCE]]
        await session.execute(insert(AuditLog), batch, execution_options={"render_nulls": True})
    await session.execute(text("ANALYZE"))


def midnight() -> datetime:
    """The beginning of today."""
    return datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def people(password_hash: str, today: datetime) -> Iterator[User]:
    """Those who work with the console."""
    chance = random.Random(11)
    for name, full_name, role in PEOPLE:
        is_active = name not in GONE
        yield User(
            name=name,
            full_name=full_name,
            email=f"{name}@example.com",
            role=role,
            password_hash=password_hash,
            is_active=is_active,
            created_at=today - timedelta(days=DAYS + chance.randrange(400)),
            last_login=today - timedelta(minutes=chance.randrange(4000)) if is_active else None,
        )


def servers(port: int, admin_id: int, today: datetime) -> Iterator[Server]:
    """Servers of a company; some of them are this console, so that a check finds something that is up."""
    for name, kind, path, note in OF_THE_CONSOLE:
        yield Server(
            name=name,
            kind=kind,
            host="127.0.0.1",
            port=port,
            path=path,
            note=note,
            added_by_id=admin_id,
            created_at=today,
        )
    for name, kind, host, its_port, path, note in SERVERS:
        yield Server(
            name=name, kind=kind, host=host, port=its_port, path=path, note=note, added_by_id=admin_id, created_at=today
        )


def audit_rows(admin_name: str, entries: int) -> Iterator[Row]:
    """What was done in half a year, oldest first; made before the transaction, which would wait for it."""
    today = midnight()
    chance = random.Random(7)
    names = sorted([admin_name, *(name for name, *_ in PEOPLE)])
    actions, weights = list(CHANCES), list(CHANCES.values())
    step = timedelta(days=DAYS) / entries
    for place in range(entries):
        moment = today - timedelta(days=DAYS) + step * (place + chance.random())
        action = chance.choices(actions, weights)[0]
        yield row(chance, action, chance.choice(names), moment)


def row(chance: random.Random, action: str, name: str, moment: datetime) -> Row:
    """One entry of somebody, or of nobody: a log-in with a name that does not exist."""
    who, target, detail = name, name, ""
    if action.startswith("server"):
        target = chance.choice(SERVERS)[0]
        detail = chance.choice(CHANGES) if action == "server edited" else ""
    elif action == "log-in failed" and chance.random() < 0.4:
        who, target = "", "(unknown name)"
    address = f"10.{20 + chance.randrange(3)}.{chance.randrange(8)}.{chance.randrange(1, 250)}"
    told = {"created_at": moment, "action": action, "target": target, "detail": detail, "address": address}
    return Row(who=who, told=told)
