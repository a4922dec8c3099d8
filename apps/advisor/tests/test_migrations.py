"""The migrations make exactly the tables of the models, and undo themselves."""

from __future__ import annotations

from importlib.resources import as_file, files

from alembic import command
from sqlalchemy import inspect, make_url

from hermetic import Database
from hermetic.scopes import ScopeSession
from hermetic_advisor.database import alembic_config, bring_up_to_date, prepare
from hermetic_advisor.models import Base


def test_migrations_and_models_agree(db: Database[ScopeSession]) -> None:
    """`alembic check` sees no difference."""
    with as_file(files("hermetic_advisor") / "migrations") as folder, db.engine.begin() as connection:
        command.check(alembic_config(str(folder), connection))

    assert {*Base.metadata.tables, "alembic_version"} == set(inspect(db.engine).get_table_names())


def test_downgrade_and_upgrade(db: Database[ScopeSession]) -> None:
    """Down to nothing, and up again."""
    with as_file(files("hermetic_advisor") / "migrations") as folder, db.engine.begin() as connection:
        command.downgrade(alembic_config(str(folder), connection), "base")
    below = set(inspect(db.engine).get_table_names())
    bring_up_to_date(db)

    assert {"alembic_version"} == below
    assert {*Base.metadata.tables, "alembic_version"} == set(inspect(db.engine).get_table_names())


def test_a_second_start_changes_nothing(url: str, db: Database[ScopeSession]) -> None:
    """The first customers come once, however often the program starts."""
    from hermetic_advisor.service.customers import get_all_customers

    counts = []
    for _ in range(2):
        prepare(make_url(url))
        with db.read() as session:
            counts.append(len(get_all_customers(session)))

    assert [3, 3] == counts
