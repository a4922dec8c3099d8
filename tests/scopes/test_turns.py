"""Threads that share a pool get its connections in the order in which they asked."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from sqlalchemy import create_engine, literal, select

from hermetic import Database
from hermetic.scopes import PoolTimeout


def wait_for(db: Database, count: int) -> None:
    """Until so many threads wait for a connection."""
    turns = db.home.turns
    assert turns is not None
    while turns.waiting < count:
        threading.Event().wait(0.001)


def test_nobody_is_passed_over(tmp_path: Path) -> None:
    """Who has just given a connection back, and asks again at once, stands behind those who waited."""
    with Database(f"sqlite:///{tmp_path}/shop.db", pool_size=1) as db:
        served: list[str] = []

        def ask(name: str) -> None:
            with db.read() as session:
                session.execute(select(literal(1)))
                served.append(name)

        others = [threading.Thread(target=ask, args=(name,)) for name in ("second", "third")]
        with db.read() as session:
            session.execute(select(literal(1)))
            for number, each in enumerate(others, 1):
                each.start()
                wait_for(db, number)
        ask("first again")
        for each in others:
            each.join()

        assert ["second", "third", "first again"] == served


def test_an_engine_that_is_given_keeps_its_own_order(tmp_path: Path) -> None:
    """How many its pool gives is its owner's affair, and so is who gets them."""
    with Database(create_engine(f"sqlite:///{tmp_path}/shop.db")) as db:
        assert db.home.turns is None


def test_who_waits_too_long_is_told_who_has_it(tmp_path: Path) -> None:
    """PoolTimeout names the line of the scope that has the connection; when it is back, the next one is served."""
    with Database(f"sqlite:///{tmp_path}/shop.db", pool_size=1, pool_timeout_s=0.05) as db:
        told: list[str] = []

        def ask() -> None:
            with pytest.raises(PoolTimeout) as raised, db.read() as session:
                session.execute(select(literal(1)))
            told.append(str(raised.value))

        with db.begin() as session:
            session.execute(select(literal(1)))
            with_it = threading.Thread(target=ask)
            with_it.start()
            with_it.join()
        with db.read() as session:
            session.execute(select(literal(1)))

        assert [True] == ["begin() at " in each and "test_turns.py" in each for each in told]


def test_a_turn_is_given_back_while_released(tmp_path: Path) -> None:
    """A scope that waits for something else is in nobody's way."""
    with Database(f"sqlite:///{tmp_path}/shop.db", pool_size=1, pool_timeout_s=5) as db:
        seen: list[int] = []

        def ask() -> None:
            with db.read() as session:
                seen.append(session.scalars(select(literal(7))).one())

        with db.read() as session:
            session.execute(select(literal(1)))
            with session.released():
                other = threading.Thread(target=ask)
                other.start()
                other.join()
            seen.append(session.scalars(select(literal(8))).one())

        assert [7, 8] == seen
