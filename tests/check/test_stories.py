"""A story begins with the line that brought about what the finding is of, not with one that merely came before."""

from __future__ import annotations

from pathlib import Path

import pytest

from hermetic._check.options.config import Config
from hermetic._check.run import check

MODULE = """
import time

from sqlalchemy import create_engine
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column


class Base(DeclarativeBase):
    pass


class Run(Base):
    __tablename__ = "runs"
    id: Mapped[int] = mapped_column(primary_key=True)


engine = create_engine("sqlite://")


def merged(run: Run) -> None:
    with Session(engine) as session:
        session.get_one(Run, 1)
        session.commit()
        session.merge(run)
        time.sleep(3)
        session.commit()


def tried_again(number: int) -> None:
    with Session(engine) as session:
        first = session.get_one(Run, 1)
        try:
            session.add(Run(id=number))
            session.commit()
        except IntegrityError:
            session.rollback()
            print("again", first.id)
            time.sleep(3)
"""


@pytest.mark.parametrize(
    ("function", "opener"), [("merged", "session.merge(run)"), ("tried_again", 'print("again", first.id)')]
)
def test_a_transaction_is_open_since_its_own_beginning(tmp_path: Path, function: str, opener: str) -> None:
    """What was asked in an earlier transaction is not what holds the connection: a merge does, or an expired column."""
    (tmp_path / "jobs.py").write_text(MODULE, encoding="utf-8")
    found = [it for it in check([tmp_path], Config()).findings if it.slug == "long-transaction"]
    start = MODULE[: MODULE.index(f"def {function}")].count("\n")

    lines = [MODULE.splitlines()[it.story[0].line - 1].strip() for it in found if start < it.line <= start + 12]

    assert [opener] == lines
