"""What is changed outside of every session, or beside the copy that a session has, is not stored; who stores it is silent."""

from __future__ import annotations

import gc
from types import ModuleType
from typing import Any

import pytest
from sqlalchemy.orm import Session

from hermetic._watch import Watch

from .conftest import Twin, told, watched


def fetched(shop: ModuleType, twin: Twin) -> Any:
    """An order whose session is closed."""
    found: list[Any] = []
    twin(lambda session: found.append(session.get_one(shop.Order, 1)))
    return found[0]


def test_a_change_after_the_close(shop: ModuleType, twin: Twin, watch: Watch) -> None:
    """Told when the object is thrown away, since nobody can store it then."""
    order = fetched(shop, twin)
    order.status = "paid"  # unseen by any session

    assert [] == told(watch)

    order = None
    gc.collect()

    assert [("lost-write", 'order.status = "paid"', "warning")] == told(watch)
    assert "detached" == watch.findings()[0].finding.story[0].text


def test_what_lives_at_the_end_is_told_then(shop: ModuleType, twin: Twin) -> None:
    """A program that ends with the object in its hands has not stored it either."""
    with watched() as watch:
        order = fetched(shop, twin)
        order.status = "paid"

    assert [("lost-write", 'order.status = "paid"', "warning")] == told(watch)


@pytest.mark.parametrize("copied", ["status", "total"])
def test_a_change_that_is_copied(shop: ModuleType, twin: Twin, watch: Watch, copied: str) -> None:
    """A repository may copy a column to an instance of its own: the change of that column is stored, and of no other."""
    order = fetched(shop, twin)
    order.status = "paid"

    def save(session: Session) -> None:
        setattr(session.get_one(shop.Order, 1), copied, "paid" if copied == "status" else 7)
        session.commit()

    twin(save)
    order = None
    gc.collect()

    assert ([] if copied == "status" else ["lost-write"]) == [slug for slug, _, _ in told(watch)]


@pytest.mark.parametrize("store", ["merge", "add", "bulk_save_objects"])
def test_a_change_that_is_stored_later(shop: ModuleType, twin: Twin, watch: Watch, store: str) -> None:
    """A session that takes the object in stores what was changed before."""
    order = fetched(shop, twin)
    order.status = "paid"

    def save(session: Session) -> None:
        getattr(session, store)([order] if store == "bulk_save_objects" else order)
        session.commit()

    twin(save)
    order = None
    gc.collect()

    assert [] == told(watch)


def test_a_change_that_comes_along(shop: ModuleType, watch: Watch) -> None:
    """A merge takes what its cascades reach, and so does an add."""
    for store in ("merge", "add"):
        with shop.SessionLocal() as session:
            customer = session.get_one(shop.Customer, 1)
            order = customer.orders[0]
            number = order.id
        order.status = store
        with shop.SessionLocal.begin() as session:
            getattr(session, store)(customer)
        with shop.SessionLocal() as session:
            assert store == session.get_one(shop.Order, number).status
    customer = order = None
    gc.collect()

    assert [] == told(watch)


def test_a_change_beside_the_copy(shop: ModuleType, twin: Twin, watch: Watch) -> None:
    """merge() gives a copy; what is then done to its argument is not committed."""
    order = fetched(shop, twin)

    def pay(session: Session) -> None:
        session.merge(order)  # copied
        order.status = "paid"
        session.commit()

    twin(pay)
    order = None
    gc.collect()

    assert [("lost-write", "session.merge(order)", "error")] == told(watch)
    assert ["session.merge(order)  # copied", 'order.status = "paid"'] == [
        step.source for step in watch.findings()[0].finding.story
    ]


def test_a_change_of_a_new_object_beside_its_copy(shop: ModuleType, twin: Twin, watch: Watch) -> None:
    """The same of an object that never was in a session; only its merge is told then."""

    def rename(session: Session) -> None:
        product = shop.Product(id=1, sku="TEA", name="Tea")
        session.merge(product)
        product.name = "Green tea"
        session.commit()

    twin(rename)

    assert [("lost-write", "session.merge(product)", "error")] == told(watch)


def test_the_copy_is_changed(shop: ModuleType, twin: Twin, watch: Watch) -> None:
    """Whoever goes on with the result has it stored; so has who gives both the same value."""
    order = fetched(shop, twin)

    def pay(session: Session) -> None:
        merged = session.merge(order)
        merged.status = order.status = "paid"
        session.commit()

    twin(pay)

    order = None
    gc.collect()

    assert [] == told(watch)


def test_a_key_is_written_back(shop: ModuleType, twin: Twin, watch: Watch) -> None:
    """The key that the database gave may be written back to the argument."""

    def upsert(session: Session) -> None:
        product = shop.Product(sku="NEW", name="New")
        merged = session.merge(product)
        session.flush()
        product.id = merged.id
        session.commit()

    twin(upsert)

    assert [] == told(watch)
