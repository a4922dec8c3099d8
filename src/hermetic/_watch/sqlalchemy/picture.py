"""What SQLAlchemy knows of an instance, told in the words of the lifecycle model."""

from __future__ import annotations

from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy.orm import ColumnProperty, InstanceState, Mapper

from ..._lifecycle.instance import ExpiredBy, Status
from ..._lifecycle.instance import InstanceState as Instance
from ..._lifecycle.records import Key
from ..._lifecycle.schema import Column, Mapping, Relation

# Any: a mapped class of the user's.
AnyState = InstanceState[Any]
AnyMapper = Mapper[Any]

_mappings: WeakKeyDictionary[AnyMapper, Mapping] = WeakKeyDictionary()


def mapping_of(mapper: AnyMapper) -> Mapping:
    """A mapper's columns and relationships."""
    known = _mappings.get(mapper)
    if known is None:
        known = _mappings[mapper] = Mapping(
            f"{mapper.class_.__module__}.{mapper.class_.__qualname__}",
            {prop.key: _column(mapper, prop) for prop in mapper.column_attrs},
            {
                prop.key: Relation(prop.key, prop.mapper.class_.__qualname__, bool(prop.uselist))
                for prop in mapper.relationships
            },
        )
    return known


def _column(mapper: AnyMapper, prop: ColumnProperty[Any]) -> Column:
    column = prop.columns[0]
    return Column(
        prop.key,
        primary_key=column in mapper.primary_key,
        deferred=prop.deferred,
        unique=bool(getattr(column, "unique", False)),
    )


def instance_of(
    state: AnyState, session: Key | None, last_session: Key | None, expired_by: ExpiredBy = None
) -> Instance:
    """What an instance is now; `session` holds it, `last_session` held it last."""
    attributes = set(state.mapper.attrs.keys())
    expired = frozenset(state.expired_attributes) & attributes
    loaded = frozenset(state.dict) & attributes
    return Instance(
        key_of(state),
        mapping_of(state.mapper),
        _status(state),
        session=session,
        last_session=last_session,
        loaded=loaded,
        expired=expired,
        expired_by=expired_by,
        deferred=frozenset(attributes - loaded - expired),
    )


def key_of(state: AnyState) -> Key:
    """The name of an instance in records."""
    return f"instance {id(state)}"


def _status(state: AnyState) -> Status:
    """What `state.persistent` and its like tell, without a look at the table of all sessions.

    That table drops dead sessions when it is read, which must not happen while close_all_sessions() goes over it.
    """
    if state.session_id is None:
        return "transient" if state.key is None else "detached"
    if state.key is None:
        return "pending"
    return "deleted" if state._deleted else "persistent"
