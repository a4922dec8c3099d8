from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from pydantic import BaseModel, ConfigDict
from sqlalchemy import Select, select, text, union_all
from sqlalchemy.orm import Session, aliased, joinedload, with_loader_criteria

from hermetic import fetch
from hermetic._projections.ready import READY
from hermetic.errors import BadProjection

from .bazaar import Address, Animal, Customer, Dog, Item, Keeper, Order, State, Tag, Vet
from .conftest import Bazaar


class ItemRead(BaseModel):
    sku: str
    price: int


class CustomerRead(BaseModel):
    name: str


class TagRead(BaseModel):
    name: str


class InvoiceRead(BaseModel):
    amount: int


class OrderRead(BaseModel):
    id: int
    number: str
    customer: CustomerRead | None
    items: list[ItemRead]


class EverythingRead(BaseModel):
    id: int
    state: State
    total: Decimal
    placed_at: datetime
    due: date | None
    code: str
    extra: dict[str, Any] | None
    token: UUID
    reference: str
    label: str
    item_count: int
    customer: CustomerRead | None
    items: list[ItemRead]
    dear_items: list[ItemRead]
    tags: list[TagRead]
    invoice: InvoiceRead | None


def through_orm(session: Session, dto: type[BaseModel], statement: Any, parameters: Any = None) -> list[Any]:
    """What people write without projections."""
    return [
        dto.model_validate(one, from_attributes=True) for one in session.scalars(statement, parameters).unique().all()
    ]


BY_ID = select(Order).order_by(Order.id)
OTHER = aliased(Order)
RECENT = select(Order).where(Order.id > 2).cte("recent")
RECENT_ORDER = aliased(Order, RECENT)

STATEMENTS: dict[str, Any] = {
    "all": BY_ID,
    "limit": BY_ID.limit(2).offset(1),
    "filter by a join": BY_ID.join(Order.customer).where(Customer.name == "Ada"),
    "distinct": BY_ID.join(Order.items).distinct(),
    "distinct by another column": select(Order).join(Order.items).distinct().order_by(Order.placed_at, Order.id),
    "group": BY_ID.join(Order.items).group_by(Order.id),
    "alias": select(OTHER).order_by(OTHER.id.desc()),
    "cte": select(RECENT_ORDER).order_by(RECENT_ORDER.id),
    "exists": BY_ID.where(Order.items.any(Item.price > 100)),
    "text": select(Order).from_statement(text("SELECT number, customer_id, id FROM orders ORDER BY id DESC")),
    "union": select(Order).from_statement(
        union_all(select(Order).where(Order.id == 5), select(Order).where(Order.id == 3))
    ),
    "loader options": BY_ID.options(joinedload(Order.customer)),
    "nothing": BY_ID.where(Order.id > 99),
}


@pytest.mark.parametrize("name", STATEMENTS)
def test_statement_means_the_same(bazaar: Bazaar, name: str) -> None:
    """Whatever the statement does, the DTOs are those that the ORM and `model_validate` would make."""
    with bazaar.session() as session:
        expected = through_orm(session, OrderRead, STATEMENTS[name])

    assert expected == bazaar.run(fetch, OrderRead, STATEMENTS[name])


@pytest.mark.parametrize("validate", [None, True, False])
def test_every_kind_of_attribute(bazaar: Bazaar, validate: bool | None) -> None:
    """Columns of every type, synonyms, hybrids, expressions and relationships of every kind are read."""
    with bazaar.session() as session:
        expected = through_orm(session, EverythingRead, BY_ID)

    assert expected == bazaar.run(fetch, EverythingRead, BY_ID, validate=validate)


def test_rows_that_a_join_multiplies_stay(bazaar: Bazaar) -> None:
    """A join to a collection gives an order once for each item, as `session.scalars` does."""
    statement = select(Order).join(Order.items).order_by(Order.id, Item.position)
    with bazaar.session() as session:
        expected = [order.id for order in session.scalars(statement).all()]

    assert expected == [order.id for order in bazaar.run(fetch, OrderRead, statement)]


@pytest.mark.parametrize("limit", [1, 6])
def test_number_of_queries_is_fixed(bazaar: Bazaar, limit: int) -> None:
    """One query for the orders and one for each of four collections or back references, however many orders there are."""
    bazaar.run(fetch, EverythingRead, BY_ID.limit(limit))

    assert 5 == len(bazaar.statements)


def test_only_named_columns_are_selected(bazaar: Bazaar) -> None:
    """A column that the DTO does not name is not selected, apart from keys."""
    bazaar.run(fetch, OrderRead, BY_ID)

    assert [
        "SELECT orders.id, orders.number, customers_1.name, customers_1.id AS id_1",
        "SELECT items.sku, items.price, items.order_id",
    ] == [statement.partition("\nFROM")[0].strip() for statement in bazaar.statements]


def test_pending_changes_are_seen(session: Session) -> None:
    """The session flushes first, as it would for any query."""
    session.add(Tag(id=9, name="new"))

    assert [TagRead(name="new")] == fetch(session, TagRead, select(Tag).where(Tag.id == 9))


def test_no_instance_is_made(session: Session) -> None:
    """Nothing is left in the session that could be detached."""
    fetch(session, OrderRead, BY_ID)

    assert [] == list(session)


def test_missing_key_column_and_missing_row_differ(session: Session) -> None:
    """A related row whose every named column is NULL is there all the same."""

    class Town(BaseModel):
        street: str | None
        town: str | None

    class Placed(BaseModel):
        id: int
        customer: Town | None

    found = fetch(session, Placed, BY_ID.where(Order.id.in_([1, 4])))

    assert [Placed(id=1, customer=Town(street=None, town=None)), Placed(id=4, customer=None)] == found


def test_composite_is_built(session: Session) -> None:
    """A composite comes as its own class, or as a DTO read from it, as the ORM has it."""

    class AddressRead(BaseModel):
        town: str | None

    class Resident(BaseModel):
        model_config = ConfigDict(arbitrary_types_allowed=True)

        address: Address | None

    class ResidentRead(BaseModel):
        address: AddressRead | None

    by_id = select(Customer).order_by(Customer.id)

    assert through_orm(session, Resident, by_id) == fetch(session, Resident, by_id)
    assert through_orm(session, ResidentRead, by_id) == fetch(session, ResidentRead, by_id)


def test_composite_key_of_a_collection(session: Session) -> None:
    """A collection that is found by two columns."""

    class NoteRead(BaseModel):
        text: str

    class Noted(BaseModel):
        sku: str
        notes: list[NoteRead]

    by_key = select(Item).order_by(Item.order_id, Item.position)

    assert through_orm(session, Noted, by_key) == fetch(session, Noted, by_key)


def test_class_that_refers_to_itself(session: Session) -> None:
    """Levels are written out: a DTO for each."""

    class Introducer(BaseModel):
        name: str
        introduced_by: CustomerRead | None

    class Family(BaseModel):
        name: str
        introduced_by: Introducer | None
        introduced: list[Introducer]

    by_id = select(Customer).order_by(Customer.id)

    assert through_orm(session, Family, by_id) == fetch(session, Family, by_id)


def test_inheritance(session: Session) -> None:
    """Subclasses are selected as the ORM does: joined to their table, filtered by their kind."""

    class Named(BaseModel):
        name: str

    class VetRead(BaseModel):
        name: str
        field: str
        dogs: list[Named]

    class KeeperRead(BaseModel):
        name: str
        dogs: list[Named]

    assert [VetRead(name="Vic", field="dogs", dogs=[Named(name="Rex")])] == fetch(session, VetRead, select(Vet))
    assert [Named(name="Rex")] == fetch(session, Named, select(Dog))
    assert [Named(name="Rex"), Named(name="Tom")] == fetch(session, Named, select(Animal).order_by(Animal.id))
    assert through_orm(session, KeeperRead, select(Keeper)) == fetch(session, KeeperRead, select(Keeper))


def cheaper_than(limit: int) -> Select[tuple[Order]]:
    return BY_ID.options(with_loader_criteria(Item, lambda cls: cls.price < limit))


def test_filter_of_the_statement_holds_below(session: Session) -> None:
    """`with_loader_criteria` filters the collections too, with the values of this call and not of an earlier one."""
    found = [fetch(session, OrderRead, cheaper_than(limit)) for limit in (40, 70, 40)]

    assert [2, 5, 2] == [sum(len(order.items) for order in orders) for orders in found]


def test_kept_statement_is_prepared_once_and_let_go(session: Session) -> None:
    """A statement that is passed again is prepared no second time, and one that is dropped leaves nothing behind."""
    before = len(READY)
    statement: Select[tuple[Order]] | None = select(Order).order_by(Order.id)
    fetch(session, OrderRead, statement)
    fetch(session, OrderRead, statement)

    assert before + 1 == len(READY)
    statement = None
    assert before == len(READY)


def test_row_without_the_class_is_refused(session: Session) -> None:
    """An outer join from another class gives a row without the one that is selected: no DTO full of None."""

    class Town(BaseModel):
        town: str | None

    statement = select(Customer).select_from(Order).outerjoin(Order.customer).order_by(Order.id)

    with pytest.raises(BadProjection) as caught:
        fetch(session, Town, statement)
    assert (
        "A row has no Customer: the statement joins it from the outside, so there is nothing to make Town of.\n"
        "  Select the class that is always there, or leave such rows out."
    ) == str(caught.value)
    assert 5 == len(fetch(session, Town, statement.where(Order.id != 4)))


def test_expressions_of_a_joined_row(session: Session) -> None:
    """Hybrids, mapped expressions, composites and synonyms of a row that is joined are its own."""

    class OrderInside(BaseModel):
        label: str
        item_count: int
        reference: str
        code: str
        customer: CustomerInside | None

    class ItemWithOrder(BaseModel):
        sku: str
        order: OrderInside

    by_key = select(Item).order_by(Item.order_id, Item.position)

    assert through_orm(session, ItemWithOrder, by_key) == fetch(session, ItemWithOrder, by_key)


class AddressInside(BaseModel):
    street: str | None
    town: str | None


class CustomerInside(BaseModel):
    address: AddressInside | None
    introduced_by: CustomerRead | None
    orders: list[TagLike]


class TagLike(BaseModel):
    number: str
    tags: list[TagRead]
