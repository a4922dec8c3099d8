"""The operations of the differential test, each by name: from three numbers to a move, or None where it makes no sense."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from sqlalchemy import inspect, orm, select
from sqlalchemy.orm import LoaderCallableStatus

from hermetic._lifecycle import records
from hermetic._lifecycle.arriving import lasting
from hermetic._lifecycle.instance import InstanceState

from .library import CLASSES, MAPPINGS
from .options import BY_NAME, COLUMNS, OPTIONS, real_options
from .pair import Pair, settle
from .seen import Move, Query

Operation = Callable[[Pair, int, int, int], Move | None]


def pick(pair: Pair, number: int) -> tuple[str, Any] | None:
    """One of the known instances, the latest ones first."""
    keys = [key for key in pair.objects if key in pair.life.instances]
    if not keys:
        return None
    key = keys[-1 - number % len(keys)]
    return key, pair.objects[key]


def open_session(pair: Pair, a: int, b: int, c: int) -> Move | None:
    if pair.session is not None:
        return None
    pair.session_key = f"session {pair.fresh()}"
    options = {"expire_on_commit": bool(a % 2), "autoflush": b % 4 != 0}
    record = records.SessionOpened(
        session=pair.session_key, is_async=pair.database.is_async, bound=True, **options
    )  # fmt: skip
    pair.opened(pair.database.session(**options))
    return Move(record, lambda: None)


def close(pair: Pair, a: int, b: int, c: int) -> Move | None:
    if pair.session is None:
        return None
    pair.savepoints.clear()
    return Move(
        records.SessionClosed(session=pair.session_key),
        pair.session.close,
        lambda _: setattr(pair, "session", None if a % 2 else pair.session),
    )


def create(pair: Pair, a: int, b: int, c: int) -> Move | None:
    number = pair.fresh()
    entity = CLASSES[a % len(CLASSES)]
    values: dict[str, Any] = {"id": number}
    plain = {"Person": ("name", "notes"), "Book": ("title", "blurb"), "Tag": ("label",)}[entity.__name__]
    values.update({name: f"{name} {number}" for index, name in enumerate(plain) if b & 1 << index})
    refused = frozenset[str]()
    if c % 12 == 0 and entity.__name__ != "Tag":
        name = {"Person": "points", "Book": "stock"}[entity.__name__]
        values[name] = -1
        refused = frozenset({name})
    instance = entity(**values)
    record = records.InstanceCreated(
        instance=pair.register(instance),
        mapping=MAPPINGS[entity.__name__],
        written=frozenset(values),
        refused=refused,
        identity=(entity.__name__, number),
    )
    return Move(record, lambda: None)


def on_instance(record: type[Any], method: str) -> Operation:
    """An operation of the session on one instance."""

    def operation(pair: Pair, a: int, b: int, c: int) -> Move | None:
        picked = pick(pair, a)
        if pair.session is None or picked is None:
            return None
        key, instance = picked
        return Move(record(session=pair.session_key, instance=key), partial(getattr(pair.session, method), instance))

    return operation


def on_session(record: type[Any], method: str) -> Operation:
    """An operation of the session as a whole."""

    def operation(pair: Pair, a: int, b: int, c: int) -> Move | None:
        if pair.session is None:
            return None
        if method in ("commit", "rollback"):
            pair.savepoints.clear()
        return Move(record(session=pair.session_key), getattr(pair.session, method))

    return operation


def load(pair: Pair, a: int, b: int, c: int) -> Move | None:
    if pair.session is None:
        return None
    entity = list(BY_NAME)[a % 3]
    mapped = BY_NAME[entity]
    options = OPTIONS[entity][b % len(OPTIONS[entity])]
    statement = select(mapped).options(*real_options(entity, options)).order_by(mapped.id)
    if c % 3:
        statement = statement.where(mapped.id == 1 + c % 3)
    populate = c % 13 == 0
    if populate:
        statement = statement.execution_options(populate_existing=True)

    async def act() -> list[Any]:
        result = pair.session.scalars(statement)
        if pair.database.is_async:
            result = await result
        return result.unique().all()

    query = Query(via=() if lasting(options) else None)

    def told(result: list[Any]) -> None:
        for instance in result:
            pair.tell_row(entity, primary_key(instance), options, query, populate_existing=populate)

    note = f"  # {entity} {', '.join(f'{one.kind}({chr(46).join(one.path)})' for one in options)} where {c % 3}"
    return Move(records.Executed(session=pair.session_key), act, told, note)


def primary_key(instance: Any) -> int:
    return orm.attributes.instance_state(instance).key[1][0]


def read(pair: Pair, a: int, b: int, c: int) -> Move | None:
    picked = pick(pair, a)
    if picked is None:
        return None
    key, instance = picked
    mapping = MAPPINGS[type(instance).__name__]
    names = [*mapping.columns, *mapping.relations, *mapping.relations]
    name = names[b % len(names)]
    return Move(records.AttributeRead(instance=key, attribute=name), partial(getattr, instance, name))


def write(pair: Pair, a: int, b: int, c: int) -> Move | None:
    picked = pick(pair, a)
    if picked is None:
        return None
    key, instance = picked
    names = {
        "Person": ("name", "name", "notes", "joined", "edited", "points"),
        "Book": ("title", "title", "blurb", "stock"),
        "Tag": ("label",),
    }[type(instance).__name__]
    name = names[b % len(names)]
    refused = name in ("points", "stock") and c % 3 == 0
    number = pair.fresh()
    value: Any = -number if refused else number if name in ("points", "stock") else f"{name} {number}"
    return Move(
        records.AttributeWritten(instance=key, attribute=name, refused=refused),
        partial(setattr, instance, name, value),
    )


def get(pair: Pair, a: int, b: int, c: int) -> Move | None:
    if pair.session is None:
        return None
    entity = list(BY_NAME)[a % 3]
    number = 1 + b % 3
    held = pair.held(entity, number)
    known = None if held is None else pair.register(held)
    record = records.LookedUp(session=pair.session_key, identity=(entity, number), instance=known)

    def told(result: Any) -> None:
        if result is not None and known is None:
            pair.tell_row(entity, number, ())

    return Move(record, lambda: pair.session.get(BY_NAME[entity], number), told)


def refresh(pair: Pair, a: int, b: int, c: int) -> Move | None:
    picked = pick(pair, a)
    if pair.session is None or picked is None:
        return None
    key, instance = picked
    names = some_names(instance, b, c)
    record = records.Refreshed(session=pair.session_key, instance=key, attributes=names)
    return Move(record, lambda: pair.session.refresh(instance, None if names is None else sorted(names)))


def some_names(instance: Any, b: int, c: int) -> frozenset[str] | None:
    """No names, or one or two of an instance's attributes."""
    if b % 2:
        return None
    mapping = MAPPINGS[type(instance).__name__]
    names = [*mapping.columns, *mapping.relations]
    return frozenset({names[c % len(names)], names[c * 7 % len(names)] if b % 4 else names[c % len(names)]})


def expire(pair: Pair, a: int, b: int, c: int) -> Move | None:
    picked = pick(pair, a)
    if pair.session is None or picked is None:
        return None
    key, instance = picked
    if c % 8 == 7:
        return Move(records.Expired(session=pair.session_key), pair.session.expire_all)
    names = some_names(instance, b, c)
    record = records.Expired(session=pair.session_key, instance=key, attributes=names)
    return Move(record, lambda: pair.session.expire(instance, None if names is None else sorted(names)))


def savepoint(pair: Pair, a: int, b: int, c: int) -> Move | None:
    if pair.session is None or len(pair.savepoints) > 2:
        return None

    async def act() -> None:
        pair.savepoints.append(await settle(pair.session.begin_nested()))

    return Move(records.TransactionBegan(session=pair.session_key, nested=True), act)


def end_savepoint(pair: Pair, a: int, b: int, c: int) -> Move | None:
    if pair.session is None or not pair.savepoints:
        return None
    if a % 2:
        nested = pair.savepoints[-1]

        async def release() -> None:
            await settle(nested.commit())
            pair.savepoints.pop()

        return Move(records.Committed(session=pair.session_key, nested=True), release)
    nested = pair.savepoints.pop()
    return Move(records.RolledBack(session=pair.session_key, nested=True), nested.rollback)


def relate(pair: Pair, a: int, b: int, c: int) -> Move | None:
    """Set a many-to-one, or add to a collection or take from it."""
    picked = pick(pair, a)
    if picked is None:
        return None
    key, instance = picked
    state = pair.life.instances[key]
    relations = list(state.mapping.relations.values())
    relation = relations[b % len(relations)]
    others = [
        other for other in pair.life.instances if type(pair.objects[other]).__name__ == relation.target and other != key
    ]
    if not others:
        return None
    other = others[-1 - c % len(others)]
    target = pair.objects[other]
    written = partial(records.AttributeWritten, instance=key, attribute=relation.name)
    if not relation.many:
        if c % 5 == 0:
            return Move(written(), partial(setattr, instance, relation.name, None))
        if relation.name == "boss" and state.identity <= pair.life.instances[other].identity:
            return None
        return Move(written(target=other), partial(setattr, instance, relation.name, target))
    if relation.name == "reports" and state.identity >= pair.life.instances[other].identity:
        return None
    is_new = state.status in ("transient", "pending")
    if relation.name not in instance.__dict__ and not is_new:
        return Move(
            records.AttributeRead(instance=key, attribute=relation.name), partial(getattr, instance, relation.name)
        )
    removes = any(one is target for one in instance.__dict__.get(relation.name, ()))

    def act() -> None:
        collection = getattr(instance, relation.name)
        collection.remove(target) if removes else collection.append(target)

    return Move(written(target=other, removes=removes), act)


def before_merge(pair: Pair, state: InstanceState, target: Any) -> dict[str, Any]:
    """The values, as far as they are loaded, that the flush after a merge will compare with."""
    session = pair.sync_session
    old = dict(target.__dict__) if target is not None else {}
    if session.autoflush:
        waiting = (one for one in session.new if pair.life.instances[pair.register(one)].identity == state.identity)
        old = getattr(next(waiting, None), "__dict__", old)
    elif target is not None:
        old |= inspect(target).committed_state
        old = {name: value for name, value in old.items() if value is not LoaderCallableStatus.NO_VALUE}
    if state.identity in pair.rows and "id" not in old:
        stored = dict(zip(COLUMNS[state.mapping.name], pair.rows[state.identity], strict=True))
        plain = {name for name, column in state.mapping.columns.items() if not column.deferred}
        old = {"id": state.identity[1]} | {name: stored[name] for name in stored if name in plain} | old
    return old


def merge(pair: Pair, a: int, b: int, c: int) -> Move | None:
    picked = pick(pair, a)
    if pair.session is None or picked is None:
        return None
    key, source = picked
    state = pair.life.instances[key]
    target = pair.held(*state.identity)
    if target is not None and target in pair.sync_session.deleted and pair.sync_session.autoflush:
        target = None
    result = f"{state.mapping.name} {pair.fresh()}" if target is None else pair.register(target)
    values, old = source.__dict__, before_merge(pair, state, target)
    changed = frozenset(
        name for name in state.mapping.columns if name in values and (name not in old or old[name] != values[name])
    )
    record = records.Merged(session=pair.session_key, source=key, result=result, mapping=state.mapping, changed=changed)
    return Move(record, lambda: pair.session.merge(source), partial(pair.register_as, result))


SETUP = {"open", "create"}
"""Operations that only make ready for others, and are not counted."""

OPERATIONS: dict[str, tuple[int, Operation]] = {
    "open": (6, open_session),
    "close": (2, close),
    "create": (5, create),
    "add": (8, on_instance(records.Added, "add")),
    "delete": (3, on_instance(records.Deleted, "delete")),
    "load": (12, load),
    "get": (4, get),
    "read": (24, read),
    "write": (10, write),
    "relate": (7, relate),
    "flush": (5, on_session(records.Flushed, "flush")),
    "commit": (4, on_session(records.Committed, "commit")),
    "rollback": (3, on_session(records.RolledBack, "rollback")),
    "savepoint": (3, savepoint),
    "end savepoint": (4, end_savepoint),
    "expunge": (3, on_instance(records.Expunged, "expunge")),
    "expunge_all": (1, on_session(records.Expunged, "expunge_all")),
    "merge": (2, merge),
    "refresh": (4, refresh),
    "expire": (3, expire),
}
