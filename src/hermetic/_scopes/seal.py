"""Seals what leaves a scope: what was loaded stays readable, what was not says so, and a write is refused.

A session that has ended is kept as long as objects of it live, without a connection and without a transaction. So a lazy
load still arrives at it, and it answers with `Unloaded` and the loader option to add; and a change is refused by
listeners of the mapped attributes, in the line that made it.
"""

from __future__ import annotations

from collections import deque
from functools import partial
from typing import Any, NoReturn
from weakref import WeakSet

from sqlalchemy import Select, event
from sqlalchemy.orm import InstanceState, Mapper, ORMExecuteState, RelationshipProperty, Session

from ..errors import ReadOnly, ScopeClosed, SealedWrite
from .errors import Unloaded
from .scope import Scope, here


class KeptSessions:
    """The ended sessions of which objects still live; each is let go with its last object."""

    def __init__(self) -> None:
        self._sessions: deque[Session] = deque()

    def __len__(self) -> int:
        return len(self._sessions)

    def keep(self, session: Session) -> None:
        """Keep a session as long as objects of it live; looks at two kept before, so their number cannot grow."""
        for _ in range(min(2, len(self._sessions))):
            older = self._sessions.popleft()
            if len(older.identity_map):
                self._sessions.append(older)
        if len(session.identity_map):
            guard_writes(session)
            self._sessions.append(session)


_guarded: WeakSet[Mapper[Any]] = WeakSet()  # Any: mappers of whatever classes


def guard_writes(session: Session) -> None:
    """Let the attributes of every class of which the session holds an object refuse writes that nothing would keep."""
    for kind in {type(each) for each in session}:
        guard_class(kind)


def guard_class(kind: type) -> None:
    """Let the attributes of a mapped class, and of all classes of its registry, refuse writes that nothing would keep."""
    mapper = kind.__mapper__ if hasattr(kind, "__mapper__") else None
    if isinstance(mapper, Mapper) and mapper not in _guarded:
        for each in mapper.registry.mappers:
            if each not in _guarded:
                _guarded.add(each)
                _guard(each)


def learn_classes(asked: tuple[object, ...]) -> None:
    """Guard the classes that a statement or `get` asks for, as long as no class is guarded at all."""
    if _guarded or not asked:
        return
    described = asked[0].column_descriptions if isinstance(asked[0], Select) else [{"entity": asked[0]}]
    for each in described:
        entity = each.get("entity")  # a literal comes from none
        if isinstance(entity, type):
            guard_class(entity)


def _guard(mapper: Mapper[Any]) -> None:
    """Listen to the attributes of one class. Any: a mapper of whatever class."""
    for key in [*mapper.column_attrs.keys(), *mapper.relationships.keys()]:
        attribute = getattr(mapper.class_, key)
        what = f"{mapper.class_.__name__}.{key}"
        event.listen(attribute, "set", partial(_set, what), raw=True, retval=True)
        event.listen(attribute, "append", partial(_appended, what), raw=True, retval=True)
        for name in ("remove", "bulk_replace", "modified"):
            event.listen(attribute, name, partial(_touched, what), raw=True)


def _set(what: str, state: InstanceState[Any], value: object, *_: object) -> object:
    if state.key is not None:
        _check(what, state)
    return value


def _appended(what: str, state: InstanceState[Any], value: object, *_: object, **_key: object) -> object:
    if state.key is not None:
        _check(what, state)
    return value


def _touched(what: str, state: InstanceState[Any], *_: object, **_key: object) -> None:
    _check(what, state)


def _check(what: str, state: InstanceState[Any]) -> None:
    """Refuse a change of an object whose scope has ended, or is for reading. Any: an object of whatever class."""
    scope: Scope | None = getattr(state.session, "scope", None)
    if scope is None or not scope.refuses_writes:
        return
    if scope.is_closed:
        raise SealedWrite(
            f"{here()}: {what} was changed after its scope ended ({scope.told}): nothing would keep that.\n"
            f"  Read it again inside of begin() and change that one, or session.merge() it into the session of a new one."
        )
    raise ReadOnly(
        f"{here()}: {what} was changed in a read scope ({scope.told}).\n  Open it with begin() if it is to be kept."
    )


def refuse_when_closed(asked: ORMExecuteState) -> NoReturn:
    """Answer whatever is asked of a session that has ended."""
    scope: Scope = asked.session.scope  # type: ignore[attr-defined]  # only sessions of scopes are listened to
    if not (asked.is_relationship_load or asked.is_column_load):
        scope.check_open("a statement was sent")
        raise ScopeClosed(f"{here()}: the session of {scope.told} cannot be used any more.")
    when = "after its scope ended" if scope.is_closed else "while the connection of its scope is released"
    raise Unloaded(f"{here()}: {_what(asked)} was read {when} ({scope.told}).\n  {_cure(asked, scope)}")


def refuse_hidden_io(asked: ORMExecuteState) -> None:
    """Answer a lazy load that nobody could await."""
    if asked.is_relationship_load or asked.is_column_load:
        _refuse(asked, "and asyncio cannot wait for it there")


def refuse_lazy_loads(asked: ORMExecuteState) -> None:
    """Answer a lazy load of a relation where the database was told to refuse them."""
    if asked.is_relationship_load and asked.lazy_loaded_from is not None:
        _refuse(asked, "and this Database refuses to load it row by row")


def _refuse(asked: ORMExecuteState, why: str) -> NoReturn:
    scope: Scope = asked.session.scope  # type: ignore[attr-defined]  # only sessions of scopes are listened to
    raise Unloaded(
        f"{here()}: {_what(asked)} was read without having been loaded ({scope.told}), {why}.\n  {_cure(asked, scope)}"
    )


def _relation(asked: ORMExecuteState) -> RelationshipProperty[Any] | None:
    """The relationship that a lazy load is for. Any: it leads to whatever class."""
    path = asked.loader_strategy_path
    last = path[-1] if asked.is_relationship_load and path else None
    return last if isinstance(last, RelationshipProperty) else None


def _what(asked: ORMExecuteState) -> str:
    relation = _relation(asked)
    if relation is not None:
        return f"{relation.parent.class_.__name__}.{relation.key}"
    mapper = asked.bind_mapper
    return f"a column of {mapper.class_.__name__}" if mapper is not None else "an attribute"


def _cure(asked: ORMExecuteState, scope: Scope) -> str:
    """What to do so that the attribute is there."""
    relation = _relation(asked)
    if relation is not None:
        option = "selectinload" if relation.uselist else "joinedload"
        return (
            f"It was never loaded. Load it in the scope with .options({option}({_what(asked)})), or fetch a projection."
        )
    if scope.outcome == "rolled back":
        return "The transaction was rolled back, which expires everything it read. Copy what is needed before, or read it again."
    mapper = asked.bind_mapper
    deferred = [each.key for each in mapper.column_attrs if each.deferred] if mapper is not None else []
    if deferred and mapper is not None:
        names = ", ".join(f"{mapper.class_.__name__}.{key}" for key in deferred)
        return f"Deferred columns are not loaded by themselves: add .options(undefer(...)) for {names}, or fetch a projection."
    return "The server makes its value, or it was expired: refresh the object inside of the scope."
