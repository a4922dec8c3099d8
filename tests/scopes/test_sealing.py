"""What leaves a scope stays readable, tells what it lacks, and refuses a change that nothing would keep."""

from __future__ import annotations

import copy
import gc
import pickle

import pytest
from sqlalchemy import select
from sqlalchemy.orm import joinedload, selectinload, undefer
from sqlalchemy.orm.exc import DetachedInstanceError

from hermetic.errors import SealedWrite
from hermetic.scopes import Unloaded
from tests.world import Customer, Order, Tag

from .twin import Twin


async def order(db: Twin, *options: object) -> Order:
    async with db.begin() as session:
        return (await session.scalars(select(Order).options(*options))).one()


async def test_what_was_loaded_stays_readable(db: Twin) -> None:
    """Columns and relations that the scope loaded are there for ever, also after its commit."""
    kept = await order(db, joinedload(Order.customer), selectinload(Order.items), undefer(Order.notes))

    assert (35, "Ada", [], "by hand") == (kept.total, kept.customer.name, kept.items, kept.notes)


@pytest.mark.parametrize(
    ("attribute", "cure"),
    [
        ("customer", r"\.options\(joinedload\(Order.customer\)\)"),
        ("items", r"\.options\(selectinload\(Order.items\)\)"),
        ("notes", r"\.options\(undefer\(\.\.\.\)\) for Order.notes"),
    ],
)
async def test_what_was_not_loaded_names_the_option(db: Twin, attribute: str, cure: str) -> None:
    """The error is SQLAlchemy's DetachedInstanceError too, and names the line, the scope and the option to add."""
    kept = await order(db)

    with pytest.raises(Unloaded, match=cure) as raised:
        getattr(kept, attribute)

    assert (True, True) == (isinstance(raised.value, DetachedInstanceError), "test_sealing.py" in str(raised.value))


async def test_a_rollback_is_told(db: Twin) -> None:
    """A rollback expires what was read; that is what the message says."""
    kept: list[Order] = []
    with pytest.raises(ZeroDivisionError):
        async with db.begin() as session:
            kept.append(await session.get(Order, 1))
            raise ZeroDivisionError

    with pytest.raises(Unloaded, match="rolled back, which expires") as raised:
        _ = kept[0].total

    assert "a column of Order" in str(raised.value)


async def test_a_write_is_refused_every_time(db: Twin) -> None:
    """Not only the first: a program that swallows the error loses nothing in silence either."""
    kept = await order(db)

    for total in (1, 2):
        with pytest.raises(SealedWrite, match=r"test_sealing.py:\d+: Order.total was changed after its scope ended"):
            kept.total = total

    assert 35 == kept.total


async def test_a_collection_refuses_to_grow_to_shrink_and_to_be_replaced(db: Twin) -> None:
    """An append, a remove, a whole new list and the other side of the relation."""
    async with db.begin() as session:
        session.add(Tag(label="gift", orders=[await session.get(Order, 1)]))
    kept = await order(db, selectinload(Order.tags), joinedload(Order.customer))

    with pytest.raises(SealedWrite, match=r"Order\.tags"):
        kept.tags.append(Tag(label="late"))
    with pytest.raises(SealedWrite, match=r"\.(tags|orders)"):
        kept.tags.remove(kept.tags[0])
    with pytest.raises(SealedWrite, match=r"Order\.tags"):
        kept.tags = []
    with pytest.raises(SealedWrite, match=r"Customer\.orders|Order\.customer"):
        del kept.customer
    with pytest.raises(SealedWrite, match=r"Order\.tags"):
        Tag(label="late").orders.append(kept)

    assert ["gift"] == [each.label for each in kept.tags]


async def test_a_new_object_is_free(db: Twin) -> None:
    """What no scope has seen may be changed as ever."""
    await order(db)
    fresh = Order(total=1)
    fresh.total = 2
    fresh.tags.append(Tag(label="free"))

    assert (2, ["free"]) == (fresh.total, [each.label for each in fresh.tags])


async def test_merge_brings_it_back(db: Twin) -> None:
    """To change it, it is merged into the session of a new scope, on purpose; that one is kept."""
    kept = await order(db)
    async with db.begin() as session:
        again = await session.merge(kept)
        again.total = 40

    assert (35, 40) == (kept.total, (await order(db)).total)


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, lambda kept: pickle.loads(pickle.dumps(kept))])
async def test_copies_stay_readable(db: Twin, duplicate: object) -> None:
    """A sealed object can be copied and pickled, as caches and queues do."""
    kept = duplicate(await order(db, joinedload(Order.customer)))  # type: ignore[operator]  # a function of several kinds

    assert (35, "Ada") == (kept.total, kept.customer.name)


async def test_nothing_is_kept_for_objects_that_are_gone(db: Twin) -> None:
    """A session that has ended goes with the last object of it: their number does not grow."""
    for _ in range(20):
        await order(db)
        gc.collect()

    assert len(db.real.home.kept) <= 2


async def test_many_that_live_are_all_sealed(db: Twin) -> None:
    """Each object keeps the session it came from, however many came after it."""
    kept = [await order(db) for _ in range(20)]
    gc.collect()

    for each in kept:
        with pytest.raises(Unloaded):
            _ = each.customer


async def test_what_was_written_stays_readable(db: Twin) -> None:
    """A commit expires nothing: keys and defaults that the flush brought are there."""
    async with db.begin() as session:
        added = Customer(name="Grace", email="grace@shop.example")
        session.add(added)

    assert (2, "Grace", 0) == (added.id, added.name, added.credit)
