"""Authors, their posts, and tasks."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

STATUSES = ("todo", "in_progress", "done")
PRIORITIES = ("low", "medium", "high")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "authors",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("email", sa.String(254), nullable=False, unique=True),
    )
    op.create_table(
        "posts",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("author_id", sa.Integer(), sa.ForeignKey("authors.id", ondelete="RESTRICT"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("ix_posts_author_id", "posts", ["author_id"])
    op.create_table(
        "tasks",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("title", sa.String(200), nullable=False, unique=True),
        sa.Column("description", sa.String(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(*STATUSES, name="task_status", native_enum=False, create_constraint=True, length=16),
            nullable=False,
        ),
        sa.Column(
            "priority",
            sa.Enum(*PRIORITIES, name="task_priority", native_enum=False, create_constraint=True, length=16),
            nullable=False,
        ),
        sa.Column("due", sa.Date()),
        sa.Column("owner_id", sa.Integer(), sa.ForeignKey("authors.id", ondelete="RESTRICT")),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
    )
    for column in ("status", "priority", "owner_id", "created_at"):
        op.create_index(f"ix_tasks_{column}", "tasks", [column])


def downgrade() -> None:
    """Drop them."""
    for table in ("tasks", "posts", "authors"):
        op.drop_table(table)
