"""The model fed by an observer that knows little: no keys, no contents, sessions from elsewhere."""

from __future__ import annotations

from dataclasses import fields
from random import Random
from typing import Any

from hermetic._lifecycle import records
from hermetic._lifecycle.model import Lifecycle
from hermetic._lifecycle.records import (
    Added,
    AttributeRead,
    AttributeWritten,
    Committed,
    Deleted,
    Expunged,
    InstanceCreated,
    InstanceLoaded,
    Merged,
    RolledBack,
    SessionClosed,
    SessionOpened,
)
from hermetic._lifecycle.schema import Column, LoaderOption, Mapping, Relation

ORDER = Mapping(
    "Order",
    {"id": Column("id", primary_key=True), "total": Column("total"), "note": Column("note", deferred=True)},
    {
        "customer": Relation("customer", "Customer", many=False, back_populates="orders"),
        "items": Relation("items", "Item", many=True, lazy="selectin"),
        "events": Relation("events", "Event", many=True, lazy="raise"),
    },
)
BASES = (records.Record, records.SessionRecord, records.InstanceRecord)
KINDS = [
    kind
    for kind in vars(records).values()
    if isinstance(kind, type) and issubclass(kind, records.Record) and kind not in BASES
]


def answers(*happened: records.Record) -> list[str]:
    """The effect of each record, with its code and its cause."""
    life = Lifecycle()
    outcomes = [life.apply(record) for record in happened]
    return [" ".join(filter(None, (one.effect, one.code, one.because))) for one in outcomes]


def opened(**options: Any) -> SessionOpened:
    return SessionOpened(session="s", **options)


loaded = InstanceLoaded(session="s", instance="order", mapping=ORDER)


def read(name: str) -> AttributeRead:
    return AttributeRead(instance="order", attribute=name)


def wrote(name: str) -> AttributeWritten:
    return AttributeWritten(instance="order", attribute=name)


def test_reads_of_an_attached_instance() -> None:
    """What the load left out is loaded when it is read, unless that is forbidden."""
    names = ["total", "items", "note", "customer", "events"]

    assert [
        "fine",
        "fine",
        "emits-sql deferred",
        "emits-sql lazy",
        "raises raiseload",
    ] == answers(opened(), loaded, *map(read, names))[2:]


def test_reads_of_a_detached_instance() -> None:
    """Once the session closed, what the load left out raises bhk3."""
    happened = (opened(), loaded, SessionClosed(session="s"), read("total"), read("note"), read("customer"))

    assert ["fine", "raises bhk3 deferred", "raises bhk3 lazy"] == answers(*happened)[3:]


def test_reads_under_an_async_session() -> None:
    """Under an AsyncSession an attribute that needs the database raises xd2s."""
    happened = (opened(is_async=True), loaded, read("customer"), Committed(session="s"), read("total"))

    assert ["raises xd2s lazy", "fine", "raises xd2s expired"] == answers(*happened)[2:]


def test_writes_that_are_lost() -> None:
    """Closing, expunging and being detached lose writes, each by its own cause."""
    made = InstanceCreated(instance="order", mapping=ORDER, written=frozenset({"total"}))
    added = Added(session="s", instance="order")
    closed = SessionClosed(session="s")
    expunged = Expunged(session="s", instance="order")

    assert "loses-write pending" == answers(opened(), made, added, closed)[-1]
    assert "loses-write pending" == answers(opened(), made, added, expunged)[-1]
    assert "loses-write dirty" == answers(opened(), loaded, wrote("total"), closed)[-1]
    assert "loses-write dirty" == answers(opened(), loaded, wrote("total"), expunged)[-1]
    assert "loses-write deleted" == answers(opened(), loaded, Deleted(session="s", instance="order"), closed)[-1]
    assert "loses-write flushed" == answers(opened(), made, added, records.Flushed(session="s"), closed)[-1]
    assert "loses-write executed" == answers(opened(), records.Executed(session="s", writes=True), closed)[-1]
    assert "loses-write detached" == answers(opened(), loaded, closed, wrote("total"))[-1]
    assert "fine" == answers(opened(), loaded, wrote("total"), RolledBack(session="s"), closed)[-1]


def test_merged_instance_is_attached() -> None:
    """The result of a merge carries the writes; the source stays outside."""
    made = InstanceCreated(instance="order", mapping=ORDER, written=frozenset({"total"}))
    merged = Merged(session="s", source="order", result="copy", mapping=ORDER)

    assert "emits-sql merge" == answers(opened(), made, merged)[-1]
    assert "loses-write dirty" == answers(opened(), made, merged, SessionClosed(session="s"))[-1]


def test_unbound_session() -> None:
    """A session with nothing to talk to raises at its first statement."""
    assert "raises unbound" == answers(opened(bound=False), records.Executed(session="s"))[-1]


def test_copies_live_apart() -> None:
    """A copy goes its own way, and equal lifecycles have equal fingerprints."""
    life = Lifecycle()
    life.apply(opened())
    life.apply(loaded)
    twin = life.copy()

    assert life.fingerprint() == twin.fingerprint()
    assert hash(life.fingerprint()) == hash(twin.fingerprint())

    twin.apply(wrote("total"))

    assert life.fingerprint() != twin.fingerprint()


def anything(random: Random, name: str) -> Any:
    """A value for a field of a record, often of something that the model has never heard of."""
    key = random.choice(["a", "b", "c", "d", None])
    return {
        "session": random.choice(["s", "t", "elsewhere"]),
        "instance": key or "a",
        "source": key,
        "result": random.choice("abcd"),
        "target": key,
        "mapping": random.choice([ORDER, Mapping("Unknown")]),
        "options": random.choice([(), (LoaderOption("joinedload", ("customer",)),), (LoaderOption("raiseload", ("*",)),)]),
        "attribute": random.choice([*ORDER.columns, *ORDER.relations, "method"]),
        "attributes": random.choice([None, frozenset({"total"}), frozenset({"items", "note"})]),
        "written": frozenset(random.sample(sorted([*ORDER.columns, *ORDER.relations]), 2)),
        "engine": "engine", "kind": "http", "how": "module", "what": "x", "place": "once", "model": "M", "reads": (),
    }.get(name, random.random() < 0.3)  # fmt: skip


def test_no_record_is_too_much() -> None:
    """Whatever the records say, in whatever order, the model answers and does not raise."""
    random = Random(3)
    flags = {"fails", "nested", "writes", "is_async", "autoflush", "expire_on_commit", "received", "removes", "refused"}
    for _ in range(300):
        life = Lifecycle()
        for _ in range(60):
            kind = random.choice(KINDS)
            names = [one.name for one in fields(kind)]
            asked = {"mapping", "written", "options", "attributes", "target", "source", "result", *flags}
            required = {one.name for one in fields(kind) if one.default is one.default_factory}
            values = {name: anything(random, name) for name in names if name in asked or name in required}
            values.pop("refused", None)

            assert life.apply(kind(**values)).effect
            assert hash(life.fingerprint())
