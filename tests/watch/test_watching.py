"""Watching is switched on and off without a trace, also before SQLAlchemy is there, and never felt."""

from __future__ import annotations

import subprocess
import sys
from time import perf_counter_ns
from types import ModuleType

import pytest
from sqlalchemy.engine import Connection
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstanceState, Session, loading
from sqlalchemy.orm.exc import DetachedInstanceError

import hermetic
from hermetic._watch import Seen, Settings, Watch, current
from hermetic.errors import HazardsSeen

from .conftest import told, watched

TOUCHED = [Session, InstanceState, Connection, AsyncSession, loading, DetachedInstanceError]


def lose(shop: ModuleType) -> None:
    """Adds a row and commits nothing."""
    with shop.SessionLocal() as session:
        session.add(shop.Tag(label="new"))
        session.flush()


def test_switching_off_leaves_no_trace() -> None:
    """Every attribute is the very same object afterwards, and no listener is left."""
    before = [dict(vars(owner)) for owner in TOUCHED]
    with watched() as watch:
        assert before != [dict(vars(owner)) for owner in TOUCHED]
        assert {} == watch.off

    assert before == [dict(vars(owner)) for owner in TOUCHED]
    assert current() is None


def test_sessions_made_before_are_watched(shop: ModuleType) -> None:
    """A session that is older than the watch is seen from its next step on, and bears no mark afterwards."""
    with shop.SessionLocal() as session:
        with watched() as watch:
            session.add(shop.Tag(label="new"))
            session.flush()
            session.close()

        assert ['session.add(shop.Tag(label="new"))'] == [line for _, line, _ in told(watch)]
        assert "_hermetic" not in vars(session)


LATE = """
import sys
import hermetic
watch = hermetic.watch(mode="count")
print("sqlalchemy" in sys.modules)
from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session
with Session(create_engine("sqlite://")) as session:
    session.execute(text("create table t (id integer)"))
    session.execute(text("insert into t values (1)"))
import sqlalchemy.ext.asyncio
print([seen.finding.slug for seen in watch.findings()], watch.off)
hermetic.unwatch()
print(hasattr(Session.close, "__wrapped__"), hasattr(sqlalchemy.ext.asyncio.AsyncSession.close, "__wrapped__"))
"""


def test_sqlalchemy_may_be_imported_later() -> None:
    """To watch imports nothing; the hooks go on when the program imports SQLAlchemy itself."""
    done = subprocess.run([sys.executable, "-c", LATE], capture_output=True, text=True, timeout=60, check=True)

    assert "False\n['lost-write'] {}\nFalse False\n" == done.stdout


CAREFUL = """
import sys
import hermetic
from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session
hermetic.watch(mode="raise")
with Session(create_engine("sqlite://")) as session:
    session.execute(text("select 1"))
    session.commit()
print([name for name in ("hermetic.hazards", "hermetic._lifecycle.model") if name in sys.modules])
"""


def test_hazards_are_loaded_when_they_are_asked() -> None:
    """A program in which nothing looks suspicious does not pay for loading the hazards and the model."""
    done = subprocess.run([sys.executable, "-c", CAREFUL], capture_output=True, text=True, check=True)

    assert "[]\n" == done.stdout


def test_loading_the_hazards_blocks_no_loop(shop: ModuleType, watch: Watch) -> None:
    """The time that loading them took is known, so that the operation in which it happened is not blamed for it."""
    began = perf_counter_ns()
    lose(shop)
    teller = watch._judge.teller

    assert 0 < teller.took_since(began)
    assert 0 == teller.took_since(perf_counter_ns())


def test_settings_travel_as_json() -> None:
    """What a launcher writes into a child's environment is read back as it was."""
    settings = Settings(mode="raise", levels={"late-commit": "off"}, sample=0.5, root="app", blocked_ms=5.0)

    assert settings == Settings.from_json(settings.to_json())


def test_an_exporter_hears_of_a_finding(shop: ModuleType) -> None:
    """It is given each finding when it is seen first, and when its count has grown tenfold."""
    heard: list[Seen] = []
    with watched() as watch:
        watch.subscribe(heard.append)
        for _ in range(12):
            lose(shop)

    assert [1, 10] == [seen.count for seen in heard]


def test_an_exporter_that_raises_is_dropped(shop: ModuleType) -> None:
    """The program does not feel it; `off` says what happened."""

    def broken(_seen: Seen) -> None:
        raise OSError("disk full")

    with watched() as watch:
        watch.subscribe(broken)
        lose(shop)

        assert "OSError: disk full" in watch.off.values()


def test_raising_is_for_the_end_of_the_block(shop: ModuleType) -> None:
    """Under mode "raise" the code inside runs as ever; the block's end tells what it did."""
    done = []

    def work() -> None:
        with hermetic.watch(mode="raise"):
            lose(shop)
            done.append("all of it")

    with pytest.raises(HazardsSeen, match="lost-write"):
        work()

    assert ["all of it"] == done


def test_since_a_mark(shop: ModuleType, watch: Watch) -> None:
    """A part of the time has counts of its own."""
    lose(shop)
    lose(shop)
    mark = watch.mark()
    lose(shop)

    assert [1] == [seen.count for seen in watch.since(mark)]
    assert [3] == [seen.count for seen in watch.findings()]


def test_a_hazard_may_be_off(shop: ModuleType) -> None:
    """The mode of a single hazard goes before that of all."""
    with watched(levels={"lost-write": "off"}) as watch:
        lose(shop)

    assert [] == told(watch)


def test_a_comment_allows(shop: ModuleType, watch: Watch) -> None:
    """The comment that `hermetic check` obeys is obeyed here too."""
    with shop.SessionLocal() as session:
        session.add(shop.Tag(label="new"))  # hermetic: allow[lost-write] a rehearsal
        session.flush()

    assert [] == told(watch)


def test_allow_allows(shop: ModuleType, watch: Watch) -> None:
    """As a block or as a decorator, by slug or by code."""
    with hermetic.allow("lost-write"):
        lose(shop)
    hermetic.allow("HM203")(lose)(shop)

    assert [] == told(watch)


def test_what_is_open(shop: ModuleType, watch: Watch) -> None:
    """A session in its transaction is told with the lines that opened it; a closed one is not."""
    with shop.SessionLocal() as session:
        session.get(shop.Order, 1)

        opened = {each.kind: each.opened.source for each in watch.open() if each.opened and each.kind != "engine"}
        assert "with shop.SessionLocal() as session:" == opened["session"]
        assert "session.get(shop.Order, 1)" == opened["transaction"]

    assert [] == [each.kind for each in watch.open() if each.kind != "engine"]


def test_a_failing_hook_is_not_felt(shop: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """A hook that fails is counted, and taken off at the third time; the program goes on."""
    with watched() as watch:
        monkeypatch.setattr("hermetic._where.Sites.here", lambda self: 1 / 0)
        for _ in range(4):
            lose(shop)

        assert "it failed 3 times, last with ZeroDivisionError: division by zero" == watch.off["Session.__init__"]
        assert 3 == watch.failures["Session.__init__"]
