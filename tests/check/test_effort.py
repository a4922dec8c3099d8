"""A function with more paths than can be followed is still looked at to its end, and in bounded time."""

from __future__ import annotations

from typing import cast

import pytest

from hermetic._check.analyzer import Analyzer
from hermetic._check.engine import analyze
from hermetic._check.paths.state import MAX_ALIKE, MAX_IDLE, State, Supposed, distinct
from hermetic._check.paths.values import Const
from hermetic._lifecycle.records import Executed, SessionOpened, Waited, Where

from .building import project, source_file

MODELS = """
    from sqlalchemy import ForeignKey
    from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

    class Base(DeclarativeBase): pass

    class Customer(Base):
        __tablename__ = "customers"
        id: Mapped[int] = mapped_column(primary_key=True)

    class Order(Base):
        __tablename__ = "orders"
        id: Mapped[int] = mapped_column(primary_key=True)
        state: Mapped[str]
        customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"))
        customer: Mapped[Customer] = relationship()
"""


def branching(conditions: int) -> str:
    """A module whose one function asks that many questions of an order before it reads too late."""
    lines = ["from sqlalchemy.orm import Session", "from models import Order", "", "def tell(engine, options):"]
    lines += ["    with Session(engine) as session:", "        order = session.get(Order, 1)"]
    for number in range(conditions):
        lines += [f"        if options.get({number}):", f"            value_{number} = order.state or options"]
    return "\n".join([*lines, "    return order.customer.id"])


def test_a_read_behind_many_branches_is_found() -> None:
    """Forty conditions make a million million paths; the mistake at the end of each of them is told."""
    files = [source_file("models.py", MODELS), source_file("orders.py", branching(40))]

    found = [(finding.slug, finding.line) for finding in analyze(files).findings]

    assert found == [("detached-access", 87)]


def refusing(failures: int) -> str:
    """A module whose one helper fails in so many ways before it gives back an order that its caller reads too late."""
    lines = ["from sqlalchemy.orm import Session", "from models import Order", "", "def find(engine, number):"]
    lines += ["    with Session(engine) as session:", "        order = session.get(Order, number)"]
    for number in range(failures):
        lines += [f"        if number == {number}:", f"            raise Refused{number}()"]
    lines += ["        return order", "", "def tell(engine, number):"]
    return "\n".join([*lines, "    return find(engine, number).customer.id"])


def test_a_result_behind_many_failures_is_known() -> None:
    """A failure too many is given up before the way that succeeds is."""
    files = [source_file("models.py", MODELS), source_file("orders.py", refusing(40))]

    assert [("detached-access", 90)] == [(finding.slug, finding.line) for finding in analyze(files).findings]


def test_the_work_grows_with_the_code_and_not_with_its_paths() -> None:
    """Twice as many conditions cost about twice as much, where the paths are squared in number."""
    assert effort(branching(80)) < 3 * effort(branching(40))


def effort(text: str) -> int:
    """What it costs to look at the function of a module."""
    analyzer = Analyzer(project({"models.py": MODELS, "orders.py": text}))
    (function,) = analyzer.project.modules["orders"].functions
    return analyzer.summaries.of(function).effort


def choosing(ending: str) -> str:
    """A module whose one function keeps something at each of six questions."""
    lines = ["from sqlalchemy.orm import Session", "from models import Order", "", "def tell(engine, options):"]
    lines += ["    with Session(engine) as session:", "        order = session.get(Order, 1)"]
    for number in range(6):
        lines += [f"        if options.get({number}):", f'            value_{number} = "{number}"']
    return "\n".join([*lines, "        order.state = 'told'", "        options.done()", f"        return {ending}"])


def test_what_no_one_reads_tells_no_paths_apart() -> None:
    """Six names that nobody reads again make one path behind their branches, six that are read make several."""
    unread, read = choosing("order"), choosing("[" + ", ".join(f"value_{number}" for number in range(6)) + "]")

    assert 1.5 * effort(unread) < effort(read)


def test_a_turn_that_changes_nothing_is_not_taken_twice() -> None:
    """A loop is walked a second time only where its first turn left something behind for the next one."""
    body = "\n".join(f"            options.get({number})" for number in range(10))
    once = f"def tell(session, rows, options):\n    session.commit()\n    with options:\n        if rows:\n{body}"

    assert effort(once.replace("if rows:", "for row in rows:")) < 1.5 * effort(once)


@pytest.mark.parametrize(("is_idle", "kept"), [(True, MAX_IDLE), (False, MAX_ALIKE)])
def test_few_paths_go_on_that_differ_in_names_alone(is_idle: bool, kept: int) -> None:
    """What a name holds matters less than what a session went through, and least where there is none."""
    states = []
    for number in range(10):
        states.append(State())
        states[-1].envs[1] = {"page": Const(number)}
    states.append(State())
    states[-1].mark("shared", "session")
    for state in states if not is_idle else ():
        state.life.apply(SessionOpened(session="session"))

    assert distinct(states) == [*states[:kept], states[-1]]


def test_what_two_joined_paths_did_presupposes_what_both_do() -> None:
    """A query sent with and without a flag is sent whatever the flag says."""
    paths = [State(), State()]
    for path, supposed in zip(paths, ("true", "false"), strict=True):
        path.supposed = frozenset({(cast(Supposed, supposed), "flag"), ("some", "order")})
        path.add(Executed(session="session"), Where())

    (path,) = distinct(paths)

    assert [entry.supposed for entry in path.entries()] == [{("some", "order")}]


@pytest.mark.parametrize("record", [Executed(session="session"), Waited(kind="await")])
def test_paths_are_told_apart_by_what_they_asked_for(record: Executed | Waited) -> None:
    """Whoever calls a function learns that it asks the database, or waits, though nothing else shows which path did."""
    asking, silent = State(), State()
    asking.add(record, Where())

    assert distinct([silent, asking]) == [silent, asking]
