"""Streamlit: reruns, callbacks and caches do not share a session, lose work or make an engine for each click."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import pytest
import streamlit as st
from sqlalchemy import create_engine
from streamlit.testing.v1 import AppTest

from tests.pages import examples

from .conftest import Stock

TOP = """
from pathlib import Path
import streamlit as st
from hermetic.integrations.streamlit import attach
from hermetic.errors import ScopeClosed, SealedWrite
from hermetic.scopes import Unloaded
from sqlalchemy import select
from tests.world import Customer

host = attach(f"sqlite:///{Path.cwd()}/shop.db")

def customer(name):
    return Customer(name=name, email=f"{name.lower()}@shop.example")
"""


@pytest.fixture(autouse=True)
def fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Each test in a folder of its own, with caches of its own."""
    monkeypatch.chdir(tmp_path)
    st.cache_data.clear()
    st.cache_resource.clear()
    yield
    st.cache_resource.clear()


def app(script: str) -> AppTest:
    """An app that has run once, as it does when its page is opened."""
    return AppTest.from_string(TOP + dedent(script), default_timeout=60).run()


def click(page: AppTest, label: str) -> AppTest:
    """The page after a click."""
    (button,) = [each for each in page.button if each.label == label]
    return button.click().run()


def shown(page: AppTest) -> list[str]:
    """What the page shows."""
    assert [] == [each.message for each in page.exception]
    return [each.value for each in page.text]


def test_a_rerun_makes_no_engine(stock: Stock) -> None:
    """Bad: a script that makes its Database makes one at every click. Cured: all users and reruns have the same."""
    script = """
    from hermetic import Database
    st.session_state.setdefault("bad", []).append(Database(f"sqlite:///{Path.cwd()}/shop.db"))
    st.session_state.setdefault("cured", set()).add(host.db)
    """
    page = app(script).run().run()
    other = app(script)

    assert 3 == len({each.engine for each in page.session_state.bad})
    assert {1} == {len({*page.session_state.cured, *other.session_state.cured})}


def test_a_click_is_a_unit_of_work(stock: Stock) -> None:
    """It is kept once, however often the script runs again."""
    page = app("""
    if st.button("add"):
        with host.begin() as session:
            session.add(customer("Ada"))
    with host.read() as session:
        st.text(len(session.scalars(select(Customer)).all()))
    """)
    before = shown(page)
    after = shown(click(page, "add"))
    again = shown(page.run())

    assert (["0"], ["1"], ["1"], ["Ada"]) == (before, after, again, stock.names())


def test_an_exception_rolls_back(stock: Stock) -> None:
    """The page shows it, as any error of a script."""
    page = app("""
    with host.begin() as session:
        session.add(customer("Ada"))
        session.flush()
        1 / 0
    """)

    assert (["division by zero"], []) == ([each.message for each in page.exception], stock.names())


@pytest.mark.parametrize("command", ["st.rerun()", "st.stop()"])
def test_a_command_that_ends_the_script_keeps_the_work(stock: Stock, command: str) -> None:
    """Bad: to `Database.begin` it is an exception, and the work is gone. Cured: it ends the block as `return` does."""
    page = app(f"""
    if st.button("bad"):
        with host.db.begin() as session:
            session.add(customer("Bad"))
            {command}
    if st.button("cured"):
        with host.begin() as session:
            session.add(customer("Ada"))
            {command}
    """)
    for label in ("bad", "cured"):
        shown(click(page, label).run())

    assert ["Ada"] == stock.names()


def test_a_script_that_is_broken_off_keeps_nothing(stock: Stock) -> None:
    """Who touches the page in the middle of a unit breaks it off: a half of it is not kept."""
    page = app("""
    from streamlit.runtime.scriptrunner import RerunData, RerunException

    def broken_off():
        raise RerunException(RerunData())

    if st.button("add"):
        with host.begin() as session:
            session.add(customer("Half"))
            session.flush()
            broken_off()
    """)
    click(page, "add")

    assert [] == stock.names()


def test_a_failed_commit_is_shown(stock: Stock) -> None:
    """Also when a command would have ended the script."""
    page = app("""
    if st.button("add"):
        with host.begin() as session:
            session.add(customer("Ada"))
            st.rerun()
    """)
    click(page, "add")
    click(page, "add")

    assert ["IntegrityError" in each.value or "UNIQUE" in each.message for each in page.exception] == [True]
    assert ["Ada"] == stock.names()


def test_a_callback_has_a_scope_of_its_own(stock: Stock) -> None:
    """It runs before the script does, which sees what it wrote."""
    page = app("""
    def add():
        with host.begin() as session:
            session.add(customer("Ada"))

    st.button("add", on_click=add)
    with host.read() as session:
        st.text(len(session.scalars(select(Customer)).all()))
    """)

    assert ["1"] == shown(click(page, "add"))


def test_a_session_that_is_kept_over_a_rerun_is_refused(stock: Stock) -> None:
    """Bad: a session in `st.session_state`. It says where it was opened; what it loaded stays readable."""
    page = app("""
    if "kept" not in st.session_state:
        with host.begin() as session:
            session.add(found := customer("Ada"))
            session.flush()
            st.session_state.kept = session, found
    else:
        session, found = st.session_state.kept
        st.text(found.name)
        try:
            session.get(Customer, 1)
        except ScopeClosed as error:
            st.text(str(error).splitlines()[0].rpartition(" on ")[2])
    """).run()
    name, told = shown(page)

    assert "Ada" == name
    assert "the session of begin() at" in told
    assert "streamlit.py" not in told


def test_cached_objects_are_sealed(stock: Stock) -> None:
    """What `cache_resource` shares and `cache_data` copies is readable at each rerun; the shared one is written by none."""
    page = app("""
    @st.cache_resource
    def shared():
        with host.begin() as session:
            session.add(found := customer("Ada"))
        return found

    @st.cache_data
    def copied(key):
        with host.read() as session:
            return session.get(Customer, key)

    st.text(shared().name)
    st.text(copied(shared().id).name)
    try:
        shared().name = "Eve"
    except SealedWrite:
        st.text("sealed")
    try:
        shared().orders
    except Unloaded:
        st.text("unloaded")
    """)
    first, again = shown(page), shown(page.run())

    assert ["Ada", "Ada", "sealed", "unloaded"] == first == again


def test_the_page_does_what_it_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its blocks are one script and the module of its models; who types a name and clicks sees it on the page."""
    blocks = examples("streamlit")
    (models,) = [block for block in blocks if block.startswith("# models.py")]
    (tmp_path / "models.py").write_text(models, "utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "models", raising=False)
    Base = importlib.import_module("models").Base
    engine = create_engine(f"sqlite:///{tmp_path}/shop.db")
    Base.metadata.create_all(engine)
    engine.dispose()
    script = "\n".join(["from models import Customer", *(block for block in blocks if block != models)])
    page = AppTest.from_string(script, default_timeout=60).run()
    page.text_input[0].set_value("Ada")
    before = shown(page)

    assert ([], ["Ada"]) == (before, shown(click(page, "Add")))
