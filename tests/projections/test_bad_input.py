"""What cannot be: a wrong DTO, a wrong statement, a session that is over, a cursor that is not ours."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from pydantic import BaseModel
from sqlalchemy import select, text
from sqlalchemy.exc import InvalidRequestError
from sqlalchemy.orm import Session

from hermetic import Database, fetch, fetch_json, fetch_one, fetch_page, stream
from hermetic.errors import BadCursor, BadProjection, ScopeClosed

from .bazaar import Item, Order
from .conftest import Bazaar

ORDERS = select(Order)


class OrderRead(BaseModel):
    number: str


READS: dict[str, Callable[..., Any]] = {
    "fetch": fetch,
    "fetch_one": fetch_one,
    "fetch_json": fetch_json,
    "stream": lambda session, *arguments: list(stream(session, *arguments)),
    "fetch_page": lambda session, *arguments: fetch_page(session, *arguments, secret="s"),
    "fetch_page by number": lambda session, *arguments: fetch_page(session, *arguments, number=1),
}
NO_DTO = (
    "<class 'int'> is no DTO that projections know.\n"
    "  Known are Pydantic 2 and SQLModel models, msgspec Structs, dataclasses, attrs classes, TypedDict and NamedTuple."
)
NO_STATEMENT = (
    "A projection reads from select(SomeClass) or select(SomeClass).from_statement(…), and this is Order itself.\n"
    "  A UNION or a text goes in as select(SomeClass).from_statement(it)."
)
TWO_CLASSES = (
    "A projection reads from a statement that selects one mapped class, and this one selects Order, Item.\n"
    "  Select the class first; the DTO says which of its columns are wanted. Expressions may follow, labelled "
    "with the names of their fields."
)


@pytest.mark.parametrize("read", READS)
@pytest.mark.parametrize(
    ("dto", "statement", "message"),
    [(int, ORDERS, NO_DTO), (OrderRead, Order, NO_STATEMENT), (OrderRead, select(Order, Item), TWO_CLASSES)],
    ids=["no DTO", "no statement", "two classes"],
)
def test_wrong_dto_and_wrong_statement(session: Session, read: str, dto: Any, statement: Any, message: str) -> None:
    """One error at every door, before anything is sent."""
    with pytest.raises(BadProjection) as caught:
        READS[read](session, dto, statement)

    assert message == str(caught.value)


@pytest.mark.parametrize("read", ["fetch", "fetch_one", "fetch_json", "stream"])
def test_statement_that_lacks_a_column(session: Session, read: str) -> None:
    """A text that does not give what the DTO reads is told apart from a fault of the DTO."""
    short = select(Order).from_statement(text("SELECT id FROM orders"))
    with pytest.raises(BadProjection) as caught:
        READS[read](session, OrderRead, short)

    assert (
        "The statement in from_statement(…) does not give every column that the DTO reads: "
        "Could not locate column in row for column 'orders.number'.\n"
        "  Select it there, under the name that the table has for it." == str(caught.value)
    )


@pytest.mark.parametrize("read", READS)
def test_session_that_is_closed_for_good(session: Session, read: str) -> None:
    """SQLAlchemy's own error; a session that may be used again after close() begins anew, as it does for any query."""
    over = Session(session.get_bind(), close_resets_only=False)
    over.close()
    with pytest.raises(InvalidRequestError, match="This Session has been permanently closed"):
        READS[read](over, OrderRead, ORDERS)


@pytest.mark.parametrize("read", READS)
def test_session_of_a_scope_that_is_over(bazaar: Bazaar, read: str) -> None:
    """Told with the line that opened the scope."""
    db = Database(bazaar.url)
    with db.read() as session:
        pass
    with pytest.raises(ScopeClosed) as caught:
        READS[read](session, OrderRead, ORDERS)
    db.dispose()

    assert "  Open a scope of its own for this work." == str(caught.value).splitlines()[1]


@pytest.mark.parametrize("cursor", ["", "x", "x.y", "eyJ.é", "é" * 100, "0" * 5000])
def test_cursor_that_is_not_ours(bazaar: Bazaar, cursor: str) -> None:
    """Whatever a client sends is one error, which an application answers with status 400."""
    with pytest.raises(BadCursor) as caught:
        bazaar.run(fetch_page, OrderRead, ORDERS, cursor=cursor, secret="s")

    assert "  Start again from the first page." == str(caught.value).splitlines()[1]


@pytest.mark.parametrize("secret", [{}, {"secret": ""}, {"secret": b""}])
def test_cursor_without_a_secret(session: Session, secret: dict[str, Any]) -> None:
    """A signature by nothing would be anybody's."""
    with pytest.raises(BadProjection) as caught:
        fetch_page(session, OrderRead, ORDERS, **secret)

    assert (
        "A cursor is signed, or a client could make up its own, and the secret is empty."
        == (str(caught.value).splitlines()[0])
    )
