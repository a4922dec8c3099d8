"""The tables of the console."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

TABLES = ("sign_ins", "servers", "check_runs", "audit_logs", "users", "lock_outs", "kept")


def upgrade() -> None:
    """Make every table."""
    op.create_table(
        "kept",
        sa.Column("name", sa.String(40), nullable=False),
        sa.Column("value", sa.String(200), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_kept"),
    )
    op.create_table(
        "lock_outs",
        sa.Column("name", sa.String(40), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        moment("tried_at"),
        sa.PrimaryKeyConstraint("name", name="pk_lock_outs"),
    )
    add_users()
    add_sign_ins()
    add_servers()
    add_check_runs()
    add_audit_logs()


def downgrade() -> None:
    """Drop every table, and what is in it."""
    for table in TABLES:
        op.drop_table(table)


def add_users() -> None:
    """Those who may log in."""
    op.create_table(
        "users",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(40), nullable=False),
        sa.Column("full_name", sa.String(120), nullable=False),
        sa.Column("email", sa.String(254), nullable=False),
        worded("role", "viewer", "operator", "admin"),
        sa.Column("password_hash", sa.String(200), nullable=False),
        sa.Column("must_change_password", sa.Boolean(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        moment("created_at"),
        moment("last_login", nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_users"),
        sa.UniqueConstraint("name", name="uq_users_name"),
        sa.UniqueConstraint("email", name="uq_users_email"),
    )


def add_sign_ins() -> None:
    """The browsers that somebody is logged in with."""
    op.create_table(
        "sign_ins",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        moment("created_at"),
        moment("expires_at"),
        sa.Column("address", sa.String(45), nullable=False),
        of_user("sign_ins", "user_id", "CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_sign_ins"),
        sa.UniqueConstraint("token_hash", name="uq_sign_ins_token_hash"),
    )
    op.create_index("ix_sign_ins_user_id", "sign_ins", ["user_id"])


def add_servers() -> None:
    """The servers that are looked after."""
    op.create_table(
        "servers",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(60), nullable=False),
        sa.Column("host", sa.String(253), nullable=False),
        sa.Column("port", sa.Integer(), nullable=False),
        worded("kind", "tcp", "http", "https"),
        sa.Column("path", sa.String(200), nullable=False),
        sa.Column("note", sa.String(500), nullable=False),
        worded("status", "unknown", "up", "down", "blocked"),
        sa.Column("told", sa.String(200), nullable=False),
        sa.Column("latency_ms", sa.Integer(), nullable=True),
        moment("checked_at", nullable=True),
        moment("created_at"),
        sa.Column("added_by_id", sa.Integer(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        of_user("servers", "added_by_id", "SET NULL"),
        sa.PrimaryKeyConstraint("id", name="pk_servers"),
        sa.UniqueConstraint("name", name="uq_servers_name"),
    )


def add_check_runs() -> None:
    """How far the checks of servers are."""
    op.create_table(
        "check_runs",
        sa.Column("id", sa.Integer(), nullable=False),
        moment("started_at"),
        moment("finished_at", nullable=True),
        sa.Column("started_by_id", sa.Integer(), nullable=True),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("was_interrupted", sa.Boolean(), nullable=False),
        of_user("check_runs", "started_by_id", "SET NULL"),
        sa.PrimaryKeyConstraint("id", name="pk_check_runs"),
    )


def add_audit_logs() -> None:
    """The audit log, with an index for each way in which its pages are asked for."""
    op.create_table(
        "audit_logs",
        sa.Column("id", sa.Integer(), nullable=False),
        moment("created_at"),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("action", sa.String(40), nullable=False),
        sa.Column("target", sa.String(120), nullable=False),
        sa.Column("detail", sa.String(500), nullable=False),
        sa.Column("address", sa.String(45), nullable=False),
        of_user("audit_logs", "user_id", "SET NULL"),
        sa.PrimaryKeyConstraint("id", name="pk_audit_logs"),
    )
    for columns in (["created_at", "id"], ["user_id", "created_at", "id"], ["action", "created_at", "id"]):
        op.create_index("_".join(["ix_audit_logs", *columns]), "audit_logs", columns)


def moment(name: str, *, nullable: bool = False) -> sa.Column[object]:
    """A column for a moment."""
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def worded(name: str, *words: str) -> sa.Column[str]:
    """A column that holds one of some words."""
    return sa.Column(name, sa.Enum(*words, name=name, native_enum=False, length=16), nullable=False)


def of_user(table: str, column: str, when_deleted: str) -> sa.ForeignKeyConstraint:
    """A column that leads to a user."""
    return sa.ForeignKeyConstraint([column], ["users.id"], name=f"fk_{table}_{column}_users", ondelete=when_deleted)
