"""What Alembic runs: every migration on the engine that it is given, all of them in one transaction."""

from __future__ import annotations

from alembic import context

from hermetic_chat.tables import Base


def run() -> None:
    """Migrate."""
    with context.config.attributes["engine"].begin() as connection:
        context.configure(connection=connection, target_metadata=Base.metadata, render_as_batch=True)
        with context.begin_transaction():
            context.run_migrations()


run()
