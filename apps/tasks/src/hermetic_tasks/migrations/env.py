"""What Alembic runs: the migrations, on the connection that it was given."""

from alembic import context
from sqlmodel import SQLModel

from hermetic_tasks import models

assert models.Task.metadata is SQLModel.metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=SQLModel.metadata,
    render_as_batch=True,
    transaction_per_migration=False,
)
with context.begin_transaction():
    context.run_migrations()
