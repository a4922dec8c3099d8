"""The tables of the console."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum

from sqlalchemy import (
    DateTime,
    Dialect,
    Enum,
    ForeignKey,
    Index,
    MetaData,
    String,
    TypeDecorator,
    UniqueConstraint,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class UtcTime(TypeDecorator[datetime]):
    """A moment, with its time zone on the way in and out; SQLite itself knows none."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)


class Base(DeclarativeBase):
    """What all tables have in common."""

    metadata = MetaData(naming_convention=NAMES)
    type_annotation_map = {datetime: UtcTime}  # noqa: RUF012  # as SQLAlchemy spells it


def now() -> datetime:
    """This moment, in UTC."""
    return datetime.now(UTC)


class Role(StrEnum):
    """What somebody may do: look; look after servers; everything."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    ADMIN = "admin"


class Kind(StrEnum):
    """How a server is checked."""

    TCP = "tcp"
    HTTP = "http"
    HTTPS = "https"


class Status(StrEnum):
    """What the last check of a server saw; `blocked` is a server that the console may not connect to."""

    UNKNOWN = "unknown"
    UP = "up"
    DOWN = "down"
    BLOCKED = "blocked"


def worded(kind: type[StrEnum]) -> Enum:
    """A column that holds one of the words of an enumeration, and reads well in the database too."""
    return Enum(kind, native_enum=False, length=16, values_callable=lambda kind: [member.value for member in kind])


class User(Base):
    """Somebody who may log in, or could once: whoever has done something is deactivated, never deleted."""

    __tablename__ = "users"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(40))
    full_name: Mapped[str] = mapped_column(String(120))
    email: Mapped[str] = mapped_column(String(254))
    role: Mapped[Role] = mapped_column(worded(Role))
    password_hash: Mapped[str] = mapped_column(String(200), deferred=True, deferred_raiseload=True)
    must_change_password: Mapped[bool] = mapped_column(default=False)
    is_active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime] = mapped_column(default=now)
    last_login: Mapped[datetime | None]
    version: Mapped[int] = mapped_column()
    lock_out: Mapped[LockOut | None] = relationship(
        primaryjoin="foreign(LockOut.name) == User.name", viewonly=True, uselist=False
    )

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012  # as SQLAlchemy spells it
    __table_args__ = (
        UniqueConstraint("name"),
        UniqueConstraint("email"),
    )


class SignIn(Base):
    """Somebody who is logged in with one browser; what the browser's cookie has is known here by its hash only."""

    __tablename__ = "sign_ins"

    id: Mapped[int] = mapped_column(primary_key=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime] = mapped_column(default=now)
    expires_at: Mapped[datetime]
    address: Mapped[str] = mapped_column(String(45))
    user: Mapped[User] = relationship()


class LockOut(Base):
    """How often a name was tried since it last worked, whether somebody has that name or not."""

    __tablename__ = "lock_outs"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    tries: Mapped[int]
    tried_at: Mapped[datetime]


class Server(Base):
    """A server that the console looks after."""

    __tablename__ = "servers"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(60), unique=True)
    host: Mapped[str] = mapped_column(String(253))
    port: Mapped[int]
    kind: Mapped[Kind] = mapped_column(worded(Kind))
    path: Mapped[str] = mapped_column(String(200), default="/")
    note: Mapped[str] = mapped_column(String(500), default="")
    status: Mapped[Status] = mapped_column(worded(Status), default=Status.UNKNOWN)
    told: Mapped[str] = mapped_column(String(200), default="")
    latency_ms: Mapped[int | None]
    checked_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(default=now)
    added_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    added_by: Mapped[User | None] = relationship()
    version: Mapped[int] = mapped_column()

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012  # as SQLAlchemy spells it


class CheckRun(Base):
    """One press of a button that checks servers: how far it is."""

    __tablename__ = "check_runs"

    id: Mapped[int] = mapped_column(primary_key=True)
    started_at: Mapped[datetime] = mapped_column(default=now)
    finished_at: Mapped[datetime | None]
    started_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    total: Mapped[int]
    done: Mapped[int] = mapped_column(default=0)
    was_interrupted: Mapped[bool] = mapped_column(default=False)


class AuditLog(Base):
    """Who did what, when, from where; written in the same unit of work as what was done."""

    __tablename__ = "audit_logs"

    id: Mapped[int] = mapped_column(primary_key=True)
    created_at: Mapped[datetime] = mapped_column(default=now)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    action: Mapped[str] = mapped_column(String(40))
    target: Mapped[str] = mapped_column(String(120))
    detail: Mapped[str] = mapped_column(String(500), default="")
    address: Mapped[str] = mapped_column(String(45), default="")
    user: Mapped[User | None] = relationship()

    __table_args__ = (
        Index(None, "created_at", "id"),
        Index(None, "user_id", "created_at", "id"),
        Index(None, "action", "created_at", "id"),
    )


class Kept(Base):
    """A word that the console has made up and has to know again, such as its secret."""

    __tablename__ = "kept"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    value: Mapped[str] = mapped_column(String(200))
