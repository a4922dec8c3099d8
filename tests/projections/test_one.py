from __future__ import annotations

import pytest
from pydantic import BaseModel
from sqlalchemy import bindparam, select
from sqlalchemy.exc import MultipleResultsFound, NoResultFound

from hermetic import Projection, fetch_one

from .bazaar import Order, Tag
from .conftest import Bazaar


class TagRead(BaseModel):
    name: str


TAGS = Projection(TagRead, Tag)
BY_NAME = TAGS.query(select(Tag).where(Tag.name == bindparam("name")))


def test_the_one_row(bazaar: Bazaar) -> None:
    """One row is one DTO."""
    assert TagRead(name="gift") == bazaar.run(fetch_one, TagRead, select(Tag).where(Tag.id == 3))
    assert TagRead(name="gift") == bazaar.run(BY_NAME.one, {"name": "gift"})


def test_no_row_is_an_error(bazaar: Bazaar) -> None:
    """SQLAlchemy's own error, so that a host's handler for it serves."""
    with pytest.raises(NoResultFound) as caught:
        bazaar.run(fetch_one, TagRead, select(Tag).where(Tag.id == 99))

    assert "No row was found for TagRead when one was required" == str(caught.value)


def test_no_row_is_the_default_when_there_is_one(bazaar: Bazaar) -> None:
    """`default` stands for the row that is missing."""
    assert bazaar.run(fetch_one, TagRead, select(Tag).where(Tag.id == 99), default=None) is None
    assert "none" == bazaar.run(BY_NAME.one, {"name": "?"}, default="none")


def test_two_rows_are_an_error_even_with_a_default(bazaar: Bazaar) -> None:
    """Two rows are never one."""
    with pytest.raises(MultipleResultsFound) as caught:
        bazaar.run(fetch_one, TagRead, select(Tag), default=None)

    assert "3 rows were found for TagRead when one was required" == str(caught.value)


def test_first_of_many(bazaar: Bazaar) -> None:
    """The first row by the statement's order, or None; queries below look for its rows only."""

    class WithTags(BaseModel):
        number: str
        tags: list[TagRead]

    latest = Projection(WithTags, Order).query(select(Order).order_by(Order.id.desc()))
    nothing = Projection(WithTags, Order).query(select(Order).where(Order.id > 99))

    assert WithTags(number="A-6", tags=[TagRead(name="fragile"), TagRead(name="urgent")]) == bazaar.run(latest.first)
    assert bazaar.run(nothing.first) is None


def test_declared_query_takes_parameters(bazaar: Bazaar) -> None:
    """A query is prepared when it is declared, and run with the parameters of each call."""
    assert [[TagRead(name="gift")], [TagRead(name="urgent")], []] == [
        bazaar.run(BY_NAME.all, {"name": name}) for name in ("gift", "urgent", "lost")
    ]
