"""What the row that a query brings makes of an instance."""

from __future__ import annotations

from dataclasses import replace

from .instance import InstanceState
from .loading import aimed, deferred_by_class, plan, without
from .records import InstanceLoaded
from .schema import LoaderOption
from .states import Line


def brought(old: InstanceState | None, record: InstanceLoaded, line: Line) -> InstanceState:
    """The state that an instance's row leaves it in."""
    if old is None:
        state = fresh(record)
        # What options a flush has passed on to an instance that it brought cannot be told.
        return replace(state, unsure=every(state)) if record.by_flush else state
    if record.is_doubtful:
        return replace(old, unsure=old.unsure | every(old) - old.loaded)
    if record.again:
        return met_again(old, record, line)
    if record.populate_existing:
        return populated(old, record)
    return completed(old, record.options, lazily=record.lazily)


def every(state: InstanceState) -> frozenset[str]:
    """Every attribute but the primary key."""
    names = {name for name, column in state.mapping.columns.items() if not column.primary_key}
    return frozenset(names | state.mapping.relations.keys())


def doubtful(state: InstanceState) -> InstanceState:
    """The instance with nothing of it certain."""
    return replace(state, unsure=frozenset((*state.mapping.columns, *state.mapping.relations)))


def fresh(record: InstanceLoaded) -> InstanceState:
    """An instance that the session did not hold before."""
    now = plan(record.mapping, record.options)
    return InstanceState(
        record.instance,
        record.mapping,
        "persistent",
        session=record.session,
        loaded=now.brings,
        options=lasting(record.options),
        via=record.via,
        blocked=now.forbids,
        deferred=now.defers,
        identity=record.identity,
        row_exists=True,
    )


def met_again(old: InstanceState, record: InstanceLoaded, line: Line) -> InstanceState:
    """The instance where one query meets it a second time: what the second path alone brings is added.

    Of the two paths, the one whose options act again later is the last one in 2.0 and the shallower one in 2.1.
    """
    now = plan(record.mapping, record.options)
    columns = now.brings & record.mapping.columns.keys()
    # A write over an expired attribute is left alone, and the attribute stays expired beneath it.
    gained = (columns | eager_by_query(record.options)) - (old.loaded & old.written)
    old = replace(old, loaded=old.loaded | gained, expired=old.expired - gained)
    moves = record.again == "shallower" or (record.again == "deeper" and line == "2.0")
    return replace(old, options=lasting(record.options), via=record.via) if moves else old


def eager_by_query(options: tuple[LoaderOption, ...]) -> frozenset[str]:
    """The relationships that options load by a query of their own, after the instances are there."""
    return frozenset(option.path[0] for option in options if len(option.path) == 1 and option.kind == "selectinload")


def completed(old: InstanceState, options: tuple[LoaderOption, ...], *, lazily: bool) -> InstanceState:
    """The instance with what it lacked taken from its row; a lazy load leaves out the queries for relationships."""
    now = plan(old.mapping, options)
    names = now.brings - old.written
    if lazily:
        names -= eager_by_query(options)
    return replace(
        aimed(old, names - old.loaded),
        loaded=old.loaded | names,
        unsure=old.unsure if lazily else old.unsure - names,
        expired=old.expired - names,
        blocked=old.blocked - names | (now.forbids - old.loaded - old.written),
        deferred=old.deferred - names | (now.defers - old.loaded),
        is_stale=False,
    )


def lasting(options: tuple[LoaderOption, ...]) -> tuple[LoaderOption, ...]:
    """The options that act again at later loads: those that name their attribute."""
    return tuple(option for option in options if "*" not in option.path)


def populated(old: InstanceState, record: InstanceLoaded) -> InstanceState:
    """The instance read anew from its row by `populate_existing`; unsaved writes are overwritten."""
    now = plan(record.mapping, record.options)
    relations = record.mapping.relations
    # What an option leaves out keeps its old value, collections aside; what the class leaves out is dropped.
    kept = now.defers - deferred_by_class(old.mapping) | {
        name for name in now.forbids if name not in relations or not relations[name].many
    }
    loaded = now.brings | (old.loaded & kept)
    is_stamped = record.via is not None or bool(lasting(record.options))
    reset = relations.keys() - now.brings - now.forbids
    return replace(
        without(old, old.loaded | old.written),
        loaded=loaded,
        written=frozenset(),
        refused=frozenset(),
        unsure=old.unsure - now.brings - reset,
        blocked=now.forbids,
        deferred=now.defers,
        expired=old.expired - loaded - reset,
        options=lasting(record.options) if is_stamped else old.options,
        via=record.via if is_stamped else old.via,
        is_stale=False,
    )


def beyond(options: tuple[LoaderOption, ...], relation: str) -> tuple[LoaderOption, ...]:
    """The options as the other side of a relationship sees them."""
    return tuple(
        LoaderOption(option.kind, option.path[1:])
        for option in options
        if len(option.path) > 1 and option.path[0] == relation
    )
