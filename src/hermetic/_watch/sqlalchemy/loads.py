"""Which query brought an instance, and which lazy loads followed: one call for each ORM SELECT, none for its rows."""

from __future__ import annotations

from collections.abc import Hashable
from decimal import Decimal
from functools import partial, wraps
from typing import Any

from sqlalchemy import inspect
from sqlalchemy.engine import CursorResult, Result, ScalarResult
from sqlalchemy.orm import QueryContext, Session, loading

from ..._lifecycle.instance import ExpiredBy
from ..._lifecycle.instance import InstanceState as Instance
from ..._lifecycle.records import Committed, RolledBack
from ..._where import Site, is_in_loop, spot_of
from ..lives import Inserted, Lazily, Query, SessionLife
from ..observer import MARK
from ..points import Wrapped
from .events import listen
from .hooks import Hooks, Means
from .picture import AnyState, instance_of
from .sessions import SessionHooks

SIBLINGS = 2
"""So many instances of one query make a lazy load of each a hazard."""

INSERTED = 20
"""So many of the rows that a transaction stores are remembered, in case its commit breaks off and is tried again."""

PLAIN = frozenset({int, str, bool, Decimal, type(None)})
"""The types of the values that are remembered of them."""

LINES = 500
"""So many lines are remembered at which a single lazy load was seen in a loop."""

SINGLE = {Result: ("one", "one_or_none", "scalar_one", "scalar_one_or_none", "first", "scalar"),
          ScalarResult: ("one", "one_or_none", "first")}  # fmt: skip
"""The methods that take one row of a result."""

REPEATED = 10
"""So often one line of one transaction may ask the same question, before it is told that it does."""


class LoadHooks(Hooks):
    """The wrapper of `loading.instances`, through which every ORM SELECT passes."""

    def __init__(self, means: Means, sessions: SessionHooks) -> None:
        super().__init__(means)
        self.sessions = sessions
        self.lines: dict[Hashable, None] = {}

    def install(self) -> None:
        """Put it on."""
        self.points.wrap(loading, "instances", "cursor context", self.loading)
        for owner, names in SINGLE.items():
            for name in names:
                self.points.wrap(owner, name, "self", self.taking_one)
        listen(self.points, Session, "pending_to_persistent", self.stored, raw=True)

    def loading(self, original: Wrapped) -> Wrapped:
        note, failed = self.note, self.points.failed

        @wraps(original)
        # Any: rows of any shape.
        def instances(cursor: CursorResult[Any], context: QueryContext) -> Any:
            result = original(cursor, context)
            try:
                query = note(context)
                if query is not None:
                    result.__dict__[MARK] = query
            except Exception as error:
                failed("loading.instances", error)
            return result

        return instances

    def taking_one(self, original: Wrapped) -> Wrapped:
        """A wrapper of a method that takes one row: what hangs on that row is loaded once."""

        @wraps(original)
        # Any: a row, or what is in it.
        def one(self: Result[Any] | ScalarResult[Any]) -> Any:
            query = (getattr(self, "_real_result", None) or self).__dict__.get(MARK)
            if query is not None:
                query.is_single = True
            return original(self)

        return one

    def note(self, context: QueryContext) -> Query | None:
        """Remember who asked for these rows; a refresh keeps its instance with the query that brought it first.

        Gives the query where whoever asked takes the rows himself.
        """
        observer = self.observer
        life = self.sessions.life_of(context.session)
        if life is None:
            return None
        options = context.load_options
        parent, refreshed = options._lazy_loaded_from, options._refresh_state
        site = observer.site_of(life)
        limit = getattr(context.query, "_limit_clause", None)
        is_single = limit is not None and getattr(limit, "effective_value", None) == 1
        if parent is not None:
            relation = getattr(_options(context)._current_path, "prop", None)
            is_single = is_single or (relation is not None and not relation.uselist)
            self.lazily(life, parent, None if relation is None else relation.key, site)
        elif refreshed is not None:
            before = observer.queries.get(refreshed.runid) if refreshed.runid is not None else None
            self.refreshing(life, refreshed, context, site)
            if before is not None:
                observer.remember(context.runid, before)
                return None
        else:
            if getattr(context.query, "_offset_clause", None) is not None:
                self.paged(life, context.query, site)
            # The state of a compiled statement is SQLAlchemy's own cache entry: the same for the same statement.
            repeated = life.repeated = life.repeated or {}
            key = (spot_of(site), id(context.compile_state))
            times = repeated[key] = repeated.get(key, 0) + 1
            if times >= REPEATED and times % REPEATED == 0:
                self.judge.repeats(life, site, times)
        query = Query(site, life, is_single=is_single)
        observer.remember(context.runid, query)
        return query

    # Any: a statement of any kind, of which only a Select can skip rows.
    def paged(self, life: SessionLife, statement: Any, site: Site | None) -> None:
        """Look whether rows are skipped that are in no order."""
        if statement._order_by_clauses or getattr(statement._offset_clause, "effective_value", None) == 0:
            return
        entity = next((told["entity"] for told in statement.column_descriptions if told.get("entity")), None)
        keys = ()
        if entity is not None:
            mapper = inspect(entity).mapper
            keys = tuple(mapper.get_property_by_column(column).key for column in mapper.primary_key)
        self.judge.paged(life, getattr(entity, "__name__", "row"), keys, site)

    def refreshing(self, life: SessionLife, state: AnyState, context: QueryContext, site: Site | None) -> None:
        """Expired or deferred columns are loaded for one instance."""
        wanted = _options(context)._only_load_props
        if wanted and life.busy:
            self.lazily(life, state, min(wanted), site)

    def query_of(self, state: AnyState) -> Query | None:
        """The query that brought an instance, or the flush that stored it."""
        if state.runid is not None and (query := self.observer.queries.get(state.runid)):
            return query
        known = state.__dict__.get(MARK)
        return known if isinstance(known, Query) else None

    def lazily(self, life: SessionLife, parent: AnyState, attribute: str | None, site: Site | None) -> None:
        """Count the lazy loads of one relation at one line that instances of the same query have caused."""
        if self.observer.live is not None:
            self.observer.live.lazily(life)
        query = self.query_of(parent)
        if query is None or attribute is None:
            return
        key = (parent.class_, attribute, spot_of(site))
        known = query.lazily.get(key)
        if known is None:
            known = query.lazily[key] = Lazily()
        known.times += 1
        if known.times == 1 and not query.is_single and key not in self.lines and is_in_loop(site):
            self.observe_one(query, life, key, instance_of(parent, life.key, None, expired_by(life)), site)
        elif known.times == SIBLINGS:
            instance = instance_of(parent, life.key, None, expired_by(life))
            known.told = self.judge.lazily(query, life, instance, attribute, site, life.last_ms, id(query))
        # When it was told, the first of them was no hazard yet, and is counted here.
        for tally in known.told:
            self.observer.collector.again(tally, life.last_ms)

    def observe_one(
        self, query: Query, life: SessionLife, key: tuple[type, str, Hashable], instance: Instance, site: Site | None
    ) -> None:
        """A lazy load in a loop that may go on: once for a line, and only when the others have had their time, it is told."""
        self.lines[key] = None
        if len(self.lines) > LINES:
            self.lines.pop(next(iter(self.lines)))
        self.observer.later.append(partial(self.single, query, life, key, instance, site, life.last_ms))

    def single(
        self, query: Query, life: SessionLife, key: tuple[type, str, Hashable], instance: Instance, site: Site | None,
        ms: float,
    ) -> None:  # fmt: skip
        """Tell of a lazy load that no other has followed."""
        if query.lazily[key].times == 1:
            self.judge.lazily(query, life, instance, key[1], site, ms, id(query), is_one=True)

    def stored(self, session: Session, state: AnyState) -> None:
        """An instance became a row: it was brought by no query, but by this flush."""
        life = self.sessions.life_of(session)
        if life is None:
            return
        state.__dict__[MARK] = Query(self.observer.site_of(life), life, is_flush=True, is_single=True)
        inserted = life.inserted
        if inserted is None:
            inserted = life.inserted = []
        if len(inserted) < INSERTED:
            inserted.append(Inserted(state.key, {key: v for key, v in state.dict.items() if type(v) in PLAIN}))


# Any: SQLAlchemy says that it may be missing, which it is not once the statement has run.
def _options(context: QueryContext) -> Any:
    """The compile options of the statement that is being loaded."""
    statement: Any = context.compile_state.select_statement
    return statement._compile_options


def expired_by(life: SessionLife | None) -> ExpiredBy:
    """What expired the instances of a session last."""
    for event in reversed(life.ring or ()) if life is not None else ():
        if event.kind in {Committed, RolledBack} and not event.fields.get("nested"):
            return "commit" if event.kind is Committed else "rollback"
    return None
