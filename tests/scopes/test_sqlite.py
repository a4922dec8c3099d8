"""SQLite as scopes use it: real transactions, one database in memory, keys that hold; beside what the driver does alone."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from sqlalchemy import create_engine, insert, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.pool import StaticPool

from hermetic import Database
from hermetic.errors import BadDatabase
from hermetic.scopes import PoolTimeout, ScopeSession
from tests.world import Base, Order, Tag

TABLES = "SELECT count(*) FROM sqlite_master WHERE name = 'extra'"


def test_ddl_survives_a_rollback_without_us(tmp_path: Path) -> None:
    """The fact: the driver's own mode keeps a table that was made before anything was written."""
    engine = create_engine(f"sqlite:///{tmp_path}/plain.db")
    with engine.connect() as connection:
        connection.execute(text("CREATE TABLE extra (id INTEGER)"))
        connection.rollback()

        assert 1 == connection.scalar(text(TABLES))
    engine.dispose()


def test_ddl_rolls_back(tmp_path: Path) -> None:
    """The cure: a unit that fails leaves no table behind."""
    with Database(f"sqlite:///{tmp_path}/shop.db") as db:
        with pytest.raises(ZeroDivisionError), db.begin() as session:
            session.execute(text("CREATE TABLE extra (id INTEGER)"))
            raise ZeroDivisionError
        with db.read() as session:
            assert 0 == session.scalar(text(TABLES))


def test_a_savepoint_survives_a_rollback_without_us(tmp_path: Path) -> None:
    """The fact: what stands in a savepoint taken first is kept when the transaction around it is rolled back."""
    engine = create_engine(f"sqlite:///{tmp_path}/plain.db")
    Base.metadata.create_all(engine)
    with engine.connect() as connection:
        with connection.begin_nested():
            connection.execute(insert(Tag).values(label="kept"))
        connection.rollback()

        assert ["kept"] == list(connection.scalars(select(Tag.label)))
    engine.dispose()


def test_a_savepoint_rolls_back_with_its_unit(tmp_path: Path) -> None:
    """The cure: begin() inside of begin() is lost with the outer one."""
    with Database(f"sqlite:///{tmp_path}/shop.db") as db:
        Base.metadata.create_all(db.engine)
        with pytest.raises(ZeroDivisionError), db.begin():
            with db.begin() as session:
                session.add(Tag(label="lost"))
            raise ZeroDivisionError
        with db.read() as session:
            assert [] == list(session.scalars(select(Tag.label)))


def test_foreign_keys_hold(tmp_path: Path) -> None:
    """An order of a customer that is not there is refused."""
    with Database(f"sqlite:///{tmp_path}/shop.db") as db:
        Base.metadata.create_all(db.engine)
        with pytest.raises(IntegrityError, match="FOREIGN KEY"), db.begin() as session:
            session.add(Order(customer_id=404))


def test_readers_and_a_writer_do_not_wait_for_each_other(tmp_path: Path) -> None:
    """The log is written ahead: who reads while another writes sees what was there before."""
    with Database(f"sqlite:///{tmp_path}/shop.db") as db:
        Base.metadata.create_all(db.engine)
        counts: list[int] = []

        def count() -> None:
            with db.read() as session:
                counts.append(len(session.scalars(select(Tag)).all()))

        with db.begin() as session:
            session.add(Tag(label="new"))
            session.flush()
            reader = threading.Thread(target=count)
            reader.start()
            reader.join()
        count()

        assert [0, 1] == counts


def test_two_writers_take_turns(tmp_path: Path) -> None:
    """A unit takes the lock when it begins, so none fails at its end because another one was first."""
    with Database(f"sqlite:///{tmp_path}/shop.db") as db:
        Base.metadata.create_all(db.engine)
        with db.begin() as session:
            session.add(Tag(id=1, label="0"))

        def count_up() -> None:
            for _ in range(20):
                with db.begin() as session:
                    tag = session.get_one(Tag, 1)
                    tag.label = str(int(tag.label) + 1)

        writers = [threading.Thread(target=count_up) for _ in range(4)]
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join()
        with db.read() as session:
            assert "80" == session.get_one(Tag, 1).label


def test_a_database_in_memory_is_one_database() -> None:
    """Every thread sees the same tables, and takes its turn on the one connection."""
    with Database("sqlite://") as db:
        Base.metadata.create_all(db.engine)

        def add(label: str) -> None:
            with db.begin() as session:
                session.add(Tag(label=label))

        threads = [threading.Thread(target=add, args=(str(number),)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        with db.read() as session:
            assert 8 == len(session.scalars(select(Tag)).all())


def test_one_connection_for_all_transactions_is_refused() -> None:
    """With a StaticPool two scopes would be in one transaction: one commits what the other is about to roll back."""
    engine = create_engine("sqlite://", poolclass=StaticPool)

    with pytest.raises(BadDatabase, match="one transaction for all"):
        Database(engine)


@pytest.mark.hermetic(allow=["session-leak"])
def test_who_holds_the_connections_is_told(tmp_path: Path) -> None:
    """When none comes free in time, the error names the scopes that are open, the oldest first."""
    with Database(f"sqlite:///{tmp_path}/shop.db", pool_size=1, pool_timeout_s=0.01) as db:
        told: list[str] = []

        def wait() -> None:
            with pytest.raises(PoolTimeout) as raised, db.read() as session:
                session.execute(text("SELECT 1"))
            told.append(str(raised.value))

        with db.begin() as session:
            session.execute(text("SELECT 1"))
            thread = threading.Thread(target=wait)
            thread.start()
            thread.join()

        assert 1 == told[0].count("begin() at tests/scopes/test_sqlite.py:")


def test_a_busy_database_is_tried_again(tmp_path: Path) -> None:
    """Another program's lock is waited for; when that takes too long the work is begun again."""
    with Database(f"sqlite:///{tmp_path}/shop.db", engine_options={"connect_args": {"timeout": 0.01}}) as db:
        Base.metadata.create_all(db.engine)
        other = create_engine(f"sqlite:///{tmp_path}/shop.db", connect_args={"isolation_level": None})
        tries: list[int] = []
        with other.connect() as connection:
            connection.exec_driver_sql("BEGIN IMMEDIATE")

            def work(session: ScopeSession) -> None:
                tries.append(1)
                if len(tries) == 3:
                    connection.exec_driver_sql("ROLLBACK")
                session.add(Tag(label="new"))
                session.flush()

            db.run(work, first_delay_s=0)
        other.dispose()
        with db.read() as session:
            kept = list(session.scalars(select(Tag.label)))

        assert (3, ["new"]) == (len(tries), kept)
