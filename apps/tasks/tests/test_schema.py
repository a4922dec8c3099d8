"""The tables are those of the models, and the migrations lead there and back."""

from __future__ import annotations

from alembic import command
from sqlalchemy import inspect
from sqlmodel import func, select

from hermetic_tasks.database import open_database
from hermetic_tasks.models import Author, Task
from hermetic_tasks.schema import config_for, migrate
from hermetic_tasks.seed import AUTHORS, TASKS, seed


def test_migrations_go_up_and_down(url: str) -> None:
    """Up, down and up again; up twice does nothing the second time."""
    tables = []
    with open_database(url) as db:
        for step in ("head", "head", "base", "head"):
            with db.begin() as session:
                config = config_for(session.connection())
                (command.downgrade if step == "base" else command.upgrade)(config, step)
            tables.append(set(inspect(db.engine).get_table_names()) - {"alembic_version"})

    whole = {"authors", "posts", "tasks"}
    assert [whole, whole, set(), whole] == tables


def test_migrations_make_what_the_models_say(url: str) -> None:
    """`alembic check` sees no difference."""
    with open_database(url) as db:
        migrate(db)
        with db.begin() as session:
            command.check(config_for(session.connection()))


def test_seed_is_sown_once(url: str) -> None:
    """A database is filled when it is new, and left alone afterwards."""
    with open_database(url) as db:
        migrate(db)
        seed(db)
        seed(db)
        with db.read() as session:
            authors = session.exec(select(func.count()).select_from(Author)).one()
            tasks = session.exec(select(func.count()).select_from(Task)).one()

    assert (len(AUTHORS), len(TASKS)) == (authors, tasks)
