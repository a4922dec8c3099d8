from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel
from sqlalchemy import bindparam, select, text
from sqlalchemy.orm import Session, aliased, with_loader_criteria

from hermetic import Projection, fetch_page
from hermetic.errors import BadCursor, BadProjection

from .bazaar import Customer, Item, Order
from .conftest import Bazaar


class OrderRead(BaseModel):
    number: str


class ItemRead(BaseModel):
    sku: str


class WithItems(BaseModel):
    id: int
    items: list[ItemRead]


SECRET = "a secret of the application"
ORDERS: dict[str, list[Any]] = {
    "primary key": [],
    "unique": [Order.number.desc()],
    "with ties": [Order.placed_at],
    "with ties, falling": [Order.placed_at.desc()],
    "two ways": [Order.state, Order.total.desc()],
    "NULL first": [Order.due.asc().nulls_first()],
    "NULL last": [Order.due.desc().nulls_last()],
    "NULL last, rising": [Order.due.nulls_last(), Order.id.desc()],
}


def pages_forward(bazaar: Bazaar, order_by: list[Any], size: int) -> list[Any]:
    pages = [bazaar.run(fetch_page, OrderRead, select(Order), order_by=order_by, size=size, secret=SECRET)]
    while pages[-1].next:
        cursor = pages[-1].next
        pages.append(
            bazaar.run(fetch_page, OrderRead, select(Order), order_by=order_by, size=size, cursor=cursor, secret=SECRET)
        )
    return pages


@pytest.mark.parametrize("size", [1, 2, 4, 10])
@pytest.mark.parametrize("name", [name for name in ORDERS if name != "two ways"])
def test_pages_follow_each_other(bazaar: Bazaar, name: str, size: int) -> None:
    """The pages together are all rows in the order asked for, ties in the order of the primary key, each row once."""
    everything = pages_forward(bazaar, ORDERS[name], 100)[0].items

    assert everything == [one for page in pages_forward(bazaar, ORDERS[name], size) for one in page.items]
    assert 6 == len({order.number for order in everything})


@pytest.mark.parametrize("name", [name for name in ORDERS if name != "two ways"])
def test_pages_lead_back(bazaar: Bazaar, name: str) -> None:
    """`previous` leads to the very page that came before, up to the first, which has none."""
    forward = pages_forward(bazaar, ORDERS[name], 2)
    back = [forward[-1]]
    while back[-1].previous:
        back.append(
            bazaar.run(
                fetch_page,
                OrderRead,
                select(Order),
                order_by=ORDERS[name],
                size=2,
                cursor=back[-1].previous,
                secret=SECRET,
            )
        )

    assert [page.items for page in forward] == [page.items for page in reversed(back)]


def test_null_goes_where_it_is_said(session: Session) -> None:
    """The third and the sixth order have no due date."""
    first = fetch_page(session, OrderRead, select(Order), order_by=[Order.due.desc().nulls_first()], secret=SECRET)
    last = fetch_page(session, OrderRead, select(Order), order_by=[Order.due.nulls_last()], secret=SECRET)

    assert ["A-6", "A-3", "A-5", "A-4", "A-2", "A-1"] == [order.number for order in first.items]
    assert ["A-1", "A-2", "A-4", "A-5", "A-3", "A-6"] == [order.number for order in last.items]


def test_enum_cannot_be_sorted_by(session: Session) -> None:
    """A cursor holds numbers, texts, dates and UUIDs; what else a page would sort by is refused at its end."""
    with pytest.raises(BadProjection) as caught:
        fetch_page(session, OrderRead, select(Order), order_by=ORDERS["two ways"], size=2, secret=SECRET)

    assert (
        "A page cannot be sorted by values of State, such as <State.OPEN: 'open'>.\n"
        "  Sort by numbers, texts, dates or UUIDs."
    ) == str(caught.value)


def test_row_that_comes_between_pages_is_not_skipped(session: Session) -> None:
    """A row added before the cursor moves nothing; one added behind it is met."""
    first = fetch_page(session, OrderRead, select(Order), size=3, secret=SECRET)
    session.delete(session.get_one(Order, 4))
    second = fetch_page(session, OrderRead, select(Order), size=3, cursor=first.next, secret=SECRET)

    assert ["A-5", "A-6"] == [order.number for order in second.items]


def test_collections_take_one_query_more(bazaar: Bazaar) -> None:
    """A page of orders with items: one query for the page, one for the items."""
    page = bazaar.run(fetch_page, WithItems, select(Order), size=2, secret=SECRET)

    assert [2, 3] == [len(order.items) for order in page.items]
    assert 2 == len(bazaar.statements)


def test_alias_join_filter_and_parameters(session: Session) -> None:
    """The statement may do what it likes, short of ordering."""
    other = aliased(Order)
    statement = select(other).join(other.customer).where(Customer.name == bindparam("name"))
    first = fetch_page(session, OrderRead, statement, {"name": "Ada"}, order_by=[other.number], size=1, secret=SECRET)
    second = (
        Projection(OrderRead, other)
        .query(statement)
        .page(session, {"name": "Ada"}, order_by=[other.number], size=1, cursor=first.next, secret=SECRET)
    )

    assert [[OrderRead(number="A-3")], [OrderRead(number="A-6")]] == [first.items, second.items]
    assert second.next is None


@pytest.mark.parametrize(
    "spoil",
    [
        lambda cursor: cursor[:-2] + ("A" if cursor[-2] != "A" else "B") + cursor[-1],
        lambda cursor: cursor[:5],
        lambda cursor: "",
        lambda cursor: "ä",
        lambda cursor: "A" * 60,
    ],
)
def test_tampered_cursor_is_refused(session: Session, spoil: Any) -> None:
    """A cursor that was changed is one clear error, whatever was changed."""
    cursor = fetch_page(session, OrderRead, select(Order), size=2, secret=SECRET).next

    with pytest.raises(BadCursor) as caught:
        fetch_page(session, OrderRead, select(Order), size=2, cursor=spoil(cursor), secret=SECRET)

    assert (
        "The cursor was not handed out for this query: it was changed, or the DTO, the order or the secret was.\n"
        "  Start again from the first page."
    ) == str(caught.value)


@pytest.mark.parametrize(
    "change",
    [
        {"order_by": [Order.number]},
        {"secret": "another"},
    ],
)
def test_cursor_of_another_query_is_refused(session: Session, change: dict[str, Any]) -> None:
    """A cursor is good for the order and the secret that it was made under."""
    cursor = fetch_page(session, OrderRead, select(Order), size=2, secret=SECRET).next
    arguments: dict[str, Any] = {"secret": SECRET, **change}

    with pytest.raises(BadCursor):
        fetch_page(session, OrderRead, select(Order), size=2, cursor=cursor, **arguments)


REFUSED: dict[str, tuple[Any, dict[str, Any], str]] = {
    "an order of its own": (
        select(Order).order_by(Order.id),
        {},
        "A page between cursors needs to know its order, and the statement has one of its own.\n"
        "  Leave it out and pass order_by=[…].",
    ),
    "a limit": (
        select(Order).limit(5),
        {},
        "A page sets the limit itself, and the statement has one.\n  Leave it out and pass size=…",
    ),
    "a text": (
        select(Order).from_statement(text("SELECT * FROM orders")),
        {},
        "A page orders and limits its statement, which from_statement(…) does not allow.\n"
        "  Write the statement as select(SomeClass), with a subquery or a CTE inside.",
    ),
    "NULL": (
        select(Order),
        {"order_by": [Order.due]},
        "Order.due may be NULL, and databases differ in where NULL sorts.\n  Say .nulls_first() or .nulls_last().",
    ),
    "another class": (
        select(Order),
        {"order_by": [Order.id + 1]},
        "A page is sorted by columns of Order, and orders.id + :id_1 is none.\n"
        "  Sort by columns such as Order.id, or ask for a page by its number.",
    ),
    "rows that come twice": (
        select(Order).join(Order.items),
        {},
        "A row comes twice, so a page could end between the two.\n"
        "  Add .distinct() to the statement, or replace its join by .any(…).",
    ),
    "no size": (select(Order), {"size": 0}, "A page has size=1 at least, and size=0 was asked for."),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_no_page_can_follow_is_refused(session: Session, name: str) -> None:
    """A page that would skip or repeat rows is an error."""
    statement, arguments, message = REFUSED[name]

    with pytest.raises(BadProjection) as caught:
        fetch_page(session, OrderRead, statement, secret=SECRET, **arguments)

    assert message == str(caught.value)


def test_numbered_page_has_a_total(bazaar: Bazaar) -> None:
    """A page by number keeps the statement's order, and counts the rows of all pages: two queries."""
    statement = select(Order).where(Order.id > 1).order_by(Order.placed_at.desc())
    page = bazaar.run(fetch_page, OrderRead, statement, number=2, size=2)

    assert [OrderRead(number="A-5"), OrderRead(number="A-2")] == page.items
    assert (2, 2, 5) == (page.number, page.size, page.total)
    assert 2 == len(bazaar.statements)


def test_numbered_page_counts_what_it_shows(session: Session) -> None:
    """DISTINCT, joins and `with_loader_criteria` count as they select."""
    distinct = select(Order).join(Order.items).distinct()
    filtered = select(Order).options(with_loader_criteria(Order, Order.id > 4))

    assert 5 == fetch_page(session, OrderRead, distinct, number=1).total
    assert 10 == fetch_page(session, OrderRead, select(Order).join(Order.items), number=1, size=3).total
    assert 2 == fetch_page(session, OrderRead, filtered, number=1, size=1).total
    assert 10 == fetch_page(session, ItemRead, select(Item), number=4, size=3).total


def test_page_before_the_first_is_refused(session: Session) -> None:
    """Pages are counted from 1."""
    with pytest.raises(BadProjection) as caught:
        fetch_page(session, OrderRead, select(Order), number=0)

    assert "A page has number=1 at least, and number=0 was asked for." == str(caught.value)
