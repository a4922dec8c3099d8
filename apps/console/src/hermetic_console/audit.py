"""The audit log: written beside what is done, read in pages that cost the same wherever they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import Select, or_, select

from hermetic import fetch, fetch_page
from hermetic.projections import Page
from hermetic.scopes import AsyncScopeSession

from .models import AuditLog, User

PAGE_ROWS = 25

ACTIONS = (
    "log-in",
    "log-in failed",
    "log-in locked",
    "log-out",
    "password changed",
    "profile edited",
    "server added",
    "server edited",
    "server removed",
    "servers checked",
    "user added",
    "user edited",
    "user unlocked",
    "password reset",
)


@dataclass(frozen=True, slots=True)
class Who:
    """The user of an entry."""

    name: str
    full_name: str


@dataclass(frozen=True, slots=True)
class Entry:
    """A row of the audit log as pages show it; `user` is None where nobody was logged in."""

    id: int
    created_at: datetime
    action: str
    target: str
    detail: str
    address: str
    user: Who | None


@dataclass(frozen=True, slots=True)
class Filters:
    """Which entries are asked for; an empty field asks for all."""

    user: str = ""
    action: str = ""
    since: str = ""
    until: str = ""
    q: str = ""

    @property
    def query(self) -> str:
        """The filters as the query of an address."""
        told = {name: getattr(self, name) for name in self.__slots__}
        return urlencode({name: value for name, value in told.items() if value})

    @property
    def is_empty(self) -> bool:
        return not self.query

    def statement(self) -> Select[Any]:
        """The entries that are asked for. Any: SQLAlchemy 2.0 and 2.1 name the row of a Select differently."""
        chosen = select(AuditLog)
        if self.user:
            chosen = chosen.where(AuditLog.user_id == select(User.id).where(User.name == self.user).scalar_subquery())
        if self.action:
            chosen = chosen.where(AuditLog.action == self.action)
        if (first := day(self.since)) is not None:
            chosen = chosen.where(AuditLog.created_at >= first)
        if (last := day(self.until)) is not None:
            chosen = chosen.where(AuditLog.created_at < last + timedelta(days=1))
        for word in self.q.split():
            found = (AuditLog.target.icontains(word, autoescape=True), AuditLog.detail.icontains(word, autoescape=True))
            chosen = chosen.where(or_(*found))
        return chosen


def filters_from(query: Mapping[str, str]) -> Filters:
    """The filters that an address names."""
    return Filters(**{name: query.get(name, "").strip()[:100] for name in Filters.__slots__})


def day(told: str) -> datetime | None:
    """The beginning of a day such as 2026-03-01, in UTC; None for anything else."""
    try:
        return datetime.combine(date.fromisoformat(told), time(), UTC)
    except ValueError:
        return None


def record(
    session: AsyncScopeSession, action: str, target: str, *, user_id: int | None, detail: str = "", address: str = ""
) -> None:
    """Write an entry, which is kept if and only if what it tells of is kept."""
    session.add(AuditLog(user_id=user_id, action=action, target=target[:120], detail=detail[:500], address=address))


async def page(session: AsyncScopeSession, filters: Filters, cursor: str | None, secret: str) -> Page[Entry]:
    """Entries with the names of their users, newest first. Raises BadCursor for a cursor that is not ours."""
    newest = [AuditLog.created_at.desc(), AuditLog.id.desc()]
    chosen = filters.statement()
    return await fetch_page(session, Entry, chosen, order_by=newest, size=PAGE_ROWS, cursor=cursor, secret=secret)


async def latest(session: AsyncScopeSession, rows: int) -> list[Entry]:
    """The newest entries with the names of their users, newest first."""
    return await fetch(
        session, Entry, select(AuditLog).order_by(AuditLog.created_at.desc(), AuditLog.id.desc()).limit(rows)
    )
