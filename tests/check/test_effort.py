"""A function with more paths than can be followed is still looked at to its end, and in bounded time."""

from __future__ import annotations

from hermetic._check.analyzer import Analyzer
from hermetic._check.engine import analyze
from hermetic._check.paths.state import MAX_ALIKE, State, distinct
from hermetic._check.paths.values import Const

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


def test_the_work_grows_with_the_code_and_not_with_its_paths() -> None:
    """Twice as many conditions cost about twice as much, where the paths are squared in number."""
    assert effort(branching(80)) < 3 * effort(branching(40))


def effort(text: str) -> int:
    """What it costs to look at the function of a module."""
    analyzer = Analyzer(project({"models.py": MODELS, "orders.py": text}))
    (function,) = analyzer.project.modules["orders"].functions
    return analyzer.summaries.of(function).effort


def test_few_paths_go_on_that_differ_in_names_alone() -> None:
    """What a name holds matters less than what a session went through: most room is kept for the latter."""
    states = []
    for number in range(10):
        states.append(State())
        states[-1].envs[1] = {"page": Const(number)}
    states.append(State())
    states[-1].mark("shared", "session")

    assert distinct(states) == [*states[:MAX_ALIKE], states[-1]]
