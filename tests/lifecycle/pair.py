"""One life lived twice: by real SQLAlchemy and by the model, compared after every step."""

from __future__ import annotations

import inspect as python_inspect
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import Any, Literal

from sqlalchemy import event, inspect
from sqlalchemy.exc import SQLAlchemyError

from hermetic._lifecycle.arriving import beyond
from hermetic._lifecycle.instance import InstanceState
from hermetic._lifecycle.model import Lifecycle, Outcome
from hermetic._lifecycle.records import (
    AttributeWritten,
    ContentSeen,
    Expunged,
    InstanceLoaded,
    Key,
    Record,
    SessionClosed,
)
from hermetic._lifecycle.schema import LoaderOption, Relation

from .database import Database
from .library import CLASSES, MAPPINGS, Base
from .options import options_of
from .seen import Losses, Move, Query, Seen, stored_in


class Pair:
    """A real session and its instances beside the model's; keys are the class name and a running number."""

    def __init__(self, database: Database, lifecycle: Callable[[], Lifecycle]) -> None:
        self.database = database
        self.life = lifecycle()
        self.session: Any = None
        self.sessions: list[Any] = []
        self.session_key = ""
        self.savepoints: list[Any] = []
        self.objects: dict[str, Any] = {}
        self.keys: dict[int, str] = {}
        self.arrived: list[tuple[Any, bool]] = []
        self.is_flushing = False
        self.met: dict[tuple[str, ...], dict[tuple[str, int], tuple[bool, int]]] = {}
        self.later: list[Callable[[], None]] = []
        self.settled: list[Callable[[], None]] = []
        self.losses = Losses()
        self.count = 100
        self.rows = database.rows()
        self.links = database.links()
        self.now = (self.rows, self.links)
        self.stored = stored_in(self.rows, self.links)
        event.listen(Base, "load", self._arrived, propagate=True)

    def _arrived(self, instance: Any, _context: Any) -> None:
        self.arrived.append((instance, self.is_flushing))

    def opened(self, session: Any) -> None:
        """Take a real session into use."""
        self.session = session
        # A deleted instance is attached for as long as its session exists, closed or not.
        self.sessions.append(session)
        event.listen(self.sync_session, "before_flush", self._flush_began)
        event.listen(self.sync_session, "after_flush_postexec", self._flush_ended)

    def _flush_began(self, *_: Any) -> None:
        self.is_flushing = True

    def _flush_ended(self, *_: Any) -> None:
        self.is_flushing = False

    async def end(self) -> None:
        event.remove(Base, "load", self._arrived)
        for session in self.sessions:
            with suppress(SQLAlchemyError, sqlite3.Error):
                await settle(session.close())

    @property
    def sync_session(self) -> Any:
        return self.session.sync_session if self.database.is_async else self.session

    def fresh(self) -> int:
        self.count += 1
        return self.count

    def register(self, instance: Any) -> str:
        """The key of an instance, given now when it has none."""
        key = self.keys.get(id(instance))
        if key is None:
            key = f"{type(instance).__name__} {self.fresh()}"
            self.keys[id(instance)] = key
            self.objects[key] = instance
        return key

    def register_as(self, key: str, instance: Any) -> None:
        """Give an instance a key that was chosen before it was there."""
        if id(instance) not in self.keys:
            self.keys[id(instance)] = key
            self.objects[key] = instance

    def held(self, entity: str, primary_key: int) -> Any:
        """The instance that the real session holds of a row."""
        if self.session is None:
            return None
        entities = {cls.__name__: cls for cls in CLASSES}
        return self.sync_session.identity_map.get((entities[entity], (primary_key,), None))

    async def observe(self, act: Callable[[], Any]) -> Seen:
        before = self.database.statements
        try:
            result = await settle(act())
        except Exception as error:
            return Seen("raises", getattr(error, "code", None), type(error).__name__, error)
        return Seen("emits-sql" if self.database.statements > before else "fine", result=result)

    async def take(self, move: Move) -> tuple[Outcome, Seen]:
        """Make a move on both sides and tell the model the facts that came of it."""
        before = self.life.instances.copy()
        held = {id(instance) for instance in self.objects.values() if inspect(instance).persistent}
        self.is_flushing = False
        unsaved = self.unsaved(move.record)
        said = self.life.apply(move.record)
        seen = await self.observe(move.act)
        self.now = (self.database.rows(), self.database.links())
        self.losses = Losses(move.record, unsaved, is_undone=(self.rows, self.links) != self.now)
        self.tell_arrivals(by_flush=True)
        if seen.effect != "fine" and not isinstance(move.record, AttributeWritten):
            self.tell_related(before, held, getattr(move.record, "instance", None))
        self.tell_rest()
        if seen.effect != "raises" and move.told is not None:
            move.told(seen.result)
        self.tell_rest()
        self.tell_arrivals()
        self.tell_contents()
        return said, seen

    def unsaved(self, record: Record) -> frozenset[Key]:
        """What real instances wait for a flush that will not come, when they leave their session."""
        if self.session is None or not isinstance(record, (SessionClosed, Expunged)):
            return frozenset()
        session = self.sync_session
        waiting = {self.keys[id(one)] for one in (*session.new, *session.dirty, *session.deleted)}
        chosen = getattr(record, "instance", None)
        return frozenset(waiting if chosen is None else waiting & {chosen})

    def tell_related(self, before: dict[Key, InstanceState], held: set[int], asked: Key | None) -> None:
        """Tell of the rows that came with relationships which are loaded since the step."""
        if self.session is None:
            return
        for key, state in tuple(self.life.instances.items()):
            if key not in before or state.session != self.session_key:
                continue
            if state.status != "persistent" and asked != key:
                continue
            for name in (state.loaded - before[key].loaded) & state.mapping.relations.keys():
                relation = state.mapping.relations[name]
                is_empty = not inspect(self.objects[key]).dict.get(name)
                if state.identity is None or (is_empty and LoaderOption("noload", (name,)) in state.options):
                    continue
                replayed = name in before[key].expired and LoaderOption("joinedload", (name,)) in state.options
                entity, primary_key = state.identity
                for other in self.database.related(entity, name, primary_key):
                    instance = self.held(relation.target, other)
                    if instance is not None and (relation.many or replayed or id(instance) not in held):
                        via = None if state.via is None else (*state.via, entity)
                        options = beyond(state.options, name)
                        there = (relation.target, other) in self.stored.get(state.identity, {}).get(name, ())
                        self.tell_row(
                            relation.target, other, options, Query(via=via), lazily=True, is_doubtful=not there
                        )

    def tell_row(
        self,
        entity: str,
        primary_key: int,
        options: tuple[LoaderOption, ...],
        query: Query = Query(),  # noqa: B008
        **facts: bool,
    ) -> None:
        """Tell of a row that a query brought, and of those that joins brought along; the rest is left for later."""
        instance = self.held(entity, primary_key)
        if instance is None:
            return
        mapping = MAPPINGS[entity]
        identity = (entity, primary_key)
        was_there = id(instance) in self.keys
        self.life.apply(
            InstanceLoaded(
                session=self.session_key,
                instance=self.register(instance),
                mapping=mapping,
                options=options,
                identity=identity,
                again=self.meet(identity, query, is_new=not was_there or facts.get("populate_existing", False)),
                via=query.via,
                **facts,
            )
        )
        if facts.get("by_flush"):
            # What came along with it tells of itself.
            return
        for relation in mapping.relations.values():
            kinds = [option.kind for option in options if option.path == (relation.name,)]
            if not kinds or kinds[-1] not in ("joinedload", "selectinload"):
                continue
            via = None if query.via is None else (*query.via, entity)
            inner = Query(query.path, query.depth + 1, via)
            if kinds[-1] == "selectinload":
                inner = Query((*query.path, relation.name), query.depth + 1, via)
            rest = partial(self.tell_rows, identity, relation, beyond(options, relation.name), inner, **facts)
            if kinds[-1] == "joinedload":
                rest()
            elif not (was_there and facts.get("lazily")):
                self.later.append(rest)
                self.settled.append(partial(self.tell_settled, identity, relation.name))

    def meet(
        self, identity: tuple[str, int], query: Query, *, is_new: bool
    ) -> Literal["deeper", "shallower", "kept", None]:
        """Whether a query met a row before, and by a longer or a shorter path than now."""
        met = self.met.setdefault(query.path, {})
        if identity not in met:
            met[identity] = (is_new, query.depth)
            return None
        stamped, least = met[identity]
        met[identity] = (stamped, min(least, query.depth))
        return "kept" if not stamped else "shallower" if query.depth < least else "deeper"

    def tell_rows(
        self,
        identity: tuple[str, int],
        relation: Relation,
        options: tuple[LoaderOption, ...],
        query: Query,
        **facts: bool,
    ) -> None:
        for other in self.database.related(identity[0], relation.name, identity[1]):
            self.tell_row(relation.target, other, options, query, **facts)

    def tell_rest(self) -> None:
        """Tell of the rows that eager relationships brought by queries of their own; then the query is over."""
        while self.later:
            self.later.pop(0)()
        while self.settled:
            self.settled.pop(0)()
        self.met.clear()

    def tell_settled(self, identity: tuple[str, int], relation: str) -> None:
        """Tell that a relationship's own query set it, whatever the rows of that query did to its owner before."""
        instance = self.held(*identity)
        self.life.apply(
            InstanceLoaded(
                session=self.session_key,
                instance=self.register(instance),
                mapping=MAPPINGS[identity[0]],
                options=(LoaderOption("load_only", ("id",)), LoaderOption("selectinload", (relation,))),
                identity=identity,
                again="kept",
                lazily=True,
            )
        )

    def tell_arrivals(self, *, by_flush: bool = False) -> None:
        """Tell of instances that came without a query of ours, through flushes or then through lazy loads."""
        for instance, came_by_flush in self.arrived:
            if came_by_flush != by_flush:
                continue
            if self.keys.get(id(instance)) not in self.life.instances:
                (primary_key,) = inspect(instance).identity or (instance.id,)
                entity = type(instance).__name__
                rewritten = by_flush and self.rows.get((entity, primary_key)) != self.now[0].get((entity, primary_key))
                options, via = options_of(instance)
                self.tell_row(entity, primary_key, options, Query(via=via), by_flush=True, rewritten=rewritten)
        self.tell_rest()
        self.arrived = [arrival for arrival in self.arrived if by_flush and not arrival[1]]

    def tell_contents(self) -> None:
        """Tell which instances the loaded relationships hold and which rows the foreign keys name."""
        if (self.rows, self.links) != self.now:
            self.rows, self.links = self.now
            self.stored = stored_in(self.rows, self.links)
        for key, state in tuple(self.life.instances.items()):
            if key not in self.objects:
                # The result of a merge that did not come about.
                del self.life.instances[key]
                continue
            instance = self.objects[key]
            values = inspect(instance).dict
            related, targets = {}, {}
            for relation in state.mapping.relations.values():
                name = relation.name
                if name in state.loaded and name in values and name not in state.related:
                    value = values[name]
                    many = value if relation.many else ([] if value is None else [value])
                    related[name] = tuple(self.register(other) for other in many)
                if relation.column is not None and relation.column in state.loaded and relation.column in values:
                    value = values[relation.column]
                    target = None if value is None else (relation.target, value)
                    if state.targets.get(name, "?") != target:
                        targets[name] = target
            exists = state.identity in self.rows
            stored = self.stored.get(state.identity) or dict.fromkeys(state.mapping.relations, ())
            if related or targets or exists != state.row_exists or stored != state.stored:
                self.life.apply(
                    ContentSeen(instance=key, related=related, targets=targets, stored=stored, row_exists=exists)
                )

    def differences(self, said: Outcome) -> list[str]:
        """Where the states of the two sides differ, beyond what the last operation answered."""
        found = self.losses.differ(said)
        for key, state in self.life.instances.items():
            if state.status == "unknown":
                continue
            real = inspect(self.objects[key])
            names = frozenset((*state.mapping.columns, *state.mapping.relations)) - state.unsure
            sides = {
                "status": (state.status, status_of(real)),
                "loaded": (state.loaded & names, names.intersection(real.dict)),
                "expired": (
                    (state.expired - state.loaded) & names,
                    names.intersection(real.expired_attributes).difference(real.dict),
                ),
                "written": (state.written & names, names.intersection(real.committed_state)),
            }
            found += [
                f"{key} {what}: model {told(said)}, SQLAlchemy {told(seen)}"
                for what, (said, seen) in sides.items()
                if said != seen
            ]
        return found


def told(value: Any) -> Any:
    return value if isinstance(value, str) else sorted(value)


def status_of(real: Any) -> str:
    for status in ("transient", "pending", "persistent", "deleted", "detached"):
        if getattr(real, status):
            return status
    raise AssertionError(real)


async def settle(value: Any) -> Any:
    """Await what an AsyncSession gives; what a Session gives is there already."""
    if python_inspect.isawaitable(value):
        awaitable: Awaitable[Any] = value
        return await awaitable
    return value


def agree(said: Outcome, seen: Seen) -> bool:
    """Whether the model's answer is what SQLAlchemy did; a lost write looks fine to the caller, which is the trouble."""
    if said.effect == "unknown":
        return True
    if said.effect == "loses-write":
        return seen.effect in ("fine", "emits-sql")
    if said.effect != "raises":
        return said.effect == seen.effect
    return seen.effect == "raises" and said.code == seen.code and (said.code is not None or said.error == seen.error)
