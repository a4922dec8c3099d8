"""The same with scopes and projections: what leaves is what was asked for, and a change is kept or refused."""

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import select
from tables import AuditLog, Base, User, first_rows

from hermetic import Database, fetch

db = Database("sqlite://")


@dataclass(frozen=True)
class Who:
    username: str


@dataclass(frozen=True)
class Entry:
    action: str
    user: Who


def log_in(username: str) -> str:
    with db.begin() as session:
        user = session.scalars(select(User).where(User.username == username)).one()
        user.last_login = datetime.now(UTC)
    return f"Welcome, {user.full_name}"


def edit_profile(username: str, full_name: str) -> None:
    with db.begin() as session:
        user = session.scalars(select(User).where(User.username == username)).one()
        user.full_name = full_name


def audit_logs() -> list[Entry]:
    with db.read() as session:
        return fetch(session, Entry, select(AuditLog).order_by(AuditLog.id.desc()))


Base.metadata.create_all(db.engine)
with db.begin() as session:
    session.add(first_rows())
print(log_in("olga"))
edit_profile("olga", "Olga S. Petrova")
print(log_in("olga"))
print([f"{entry.user.username}: {entry.action}" for entry in audit_logs()])
