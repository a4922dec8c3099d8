"""What a finding says, where its words depend on what surrounds the mistake."""

from __future__ import annotations

from textwrap import indent

import pytest

from hermetic._catalogue import Finding
from hermetic._check.engine import analyze

from .cases import WORLD, source

ADVICE = "put the changes into `with session.begin_nested():` and catch the error around it"


def found(text: str, slug: str) -> Finding:
    """The only finding of a hazard in a source text beside the shop."""
    files = [source("case.py", text), source("shop.py", WORLD.read_text("utf-8"))]
    (finding,) = (finding for finding in analyze(files).findings if finding.slug == slug)
    return finding


REFUSED = """
session.add(Tag(label="new"))
try:
    session.{change}()
except IntegrityError:
    print("already known")
session.{use}
"""
HEAD = """
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from shop import SessionLocal, Tag


"""


@pytest.mark.parametrize(
    ("opening", "change", "use", "error", "advice"),
    [
        (
            "with SessionLocal() as session:",
            "flush",
            "query(Tag).all()",
            "PendingRollbackError",
            "call rollback() first",
        ),
        ("with SessionLocal.begin() as session:", "flush", "query(Tag).all()", "InvalidRequestError", ADVICE),
        (
            "with SessionLocal() as session, session.begin():",
            "flush",
            "query(Tag).all()",
            "InvalidRequestError",
            ADVICE,
        ),
        ("with SessionLocal.begin() as session:", "flush", "begin_nested()", "PendingRollbackError", ADVICE),
        (
            "def add(session: Session) -> None:",
            "flush",
            "query(Tag).all()",
            "PendingRollbackError (InvalidRequestError",
            ADVICE,
        ),
        (
            "def add(session: Session) -> None:",
            "commit",
            "query(Tag).all()",
            "PendingRollbackError",
            "call rollback() first",
        ),
    ],
)
def test_a_failed_flush_is_told_as_its_transaction_was_begun(
    opening: str, change: str, use: str, error: str, advice: str
) -> None:
    """A transaction with a block of its own ends with another error, and only a savepoint helps; unknown, both are told."""
    text = f"{HEAD}{opening}\n{indent(REFUSED.format(change=change, use=use), '    ')}"
    finding = found(text, "poisoned-session")

    assert f"session.{use.partition('(')[0]} raises {error} " in f"{finding.message} "
    assert (finding.fix or "").startswith(advice)


@pytest.mark.parametrize(
    ("early", "words"),
    [
        ("if order.total < 0: return", "is not committed before a `return` leaves the block: closing"),
        ("print(order.total)", "is never committed: closing"),
    ],
)
def test_a_lost_write_is_told_with_the_way_out_that_loses_it(early: str, words: str) -> None:
    """Where only an early return goes round the commit, "never" would be said of the wrong path."""
    text = f"""
from shop import Order, SessionLocal


def note(order_id: int) -> None:
    with SessionLocal() as session:
        order = session.get_one(Order, order_id)
        order.notes = "seen"
        {early}
        {"session.commit()" if early.startswith("if") else "print(order.id)"}
"""

    assert words in found(text, "lost-write").message


@pytest.mark.parametrize(
    ("url", "advice"),
    [
        ("DATABASE_URL", "build the engine once, at module level or at start-up, and pass it here"),
        ("url", "dispose() of the engine before the function ends, or keep one for each address"),
    ],
)
def test_an_engine_for_each_call_is_told_with_what_helps(url: str, advice: str) -> None:
    """An address that the caller gives is no address of one engine."""
    text = f"""
from sqlalchemy import create_engine, text

from shop import DATABASE_URL


def is_up(url: str) -> bool:
    with create_engine({url}).connect() as connection:
        return connection.scalar(text("SELECT 1")) == 1
"""

    assert advice == found(text, "engine-per-call").fix
