"""Which query brought an instance, and which lazy loads followed: one call for each ORM SELECT, none for its rows."""

from __future__ import annotations

from functools import wraps
from typing import Any

from sqlalchemy import inspect
from sqlalchemy.engine import CursorResult
from sqlalchemy.orm import QueryContext, Session, loading

from ..._lifecycle.instance import ExpiredBy
from ..._lifecycle.records import Committed, RolledBack
from ..judge import Judge
from ..lives import Lazily, Query, SessionLife
from ..observer import MARK, Observer
from ..points import Points, Wrapped
from ..where import Site, spot_of
from .events import listen
from .picture import AnyState, instance_of
from .sessions import SessionHooks

SIBLINGS = 2
"""So many instances of one query make a lazy load of each a hazard."""

REPEATED = 10
"""So often one line of one transaction may ask the same question, before it is told that it does."""


class LoadHooks:
    """The wrapper of `loading.instances`, through which every ORM SELECT passes."""

    def __init__(self, observer: Observer, judge: Judge, points: Points, sessions: SessionHooks) -> None:
        self.observer = observer
        self.judge = judge
        self.points = points
        self.sessions = sessions

    def install(self) -> None:
        """Put it on."""
        self.points.wrap(loading, "instances", "cursor context", self.loading)
        listen(self.points, Session, "pending_to_persistent", self.stored, raw=True)

    def loading(self, original: Wrapped) -> Wrapped:
        note, failed = self.note, self.points.failed

        @wraps(original)
        # Any: rows of any shape.
        def instances(cursor: CursorResult[Any], context: QueryContext) -> Any:
            result = original(cursor, context)
            try:
                note(context)
            except Exception as error:
                failed("loading.instances", error)
            return result

        return instances

    def note(self, context: QueryContext) -> None:
        """Remember who asked for these rows; a refresh keeps its instance with the query that brought it first."""
        observer = self.observer
        life = self.sessions.life_of(context.session)
        if life is None:
            return
        options = context.load_options
        parent, refreshed = options._lazy_loaded_from, options._refresh_state
        site = observer.site_of(life)
        if parent is not None:
            self.lazily(life, parent, _relation(context), site)
        elif refreshed is not None:
            before = observer.queries.get(refreshed.runid) if refreshed.runid is not None else None
            self.refreshing(life, refreshed, context, site)
            if before is not None:
                observer.remember(context.runid, before)
                return
        else:
            if getattr(context.query, "_offset_clause", None) is not None:
                self.paged(life, context.query, site)
            # The state of a compiled statement is SQLAlchemy's own cache entry: the same for the same statement.
            repeated = life.repeated = life.repeated or {}
            key = (spot_of(site), id(context.compile_state))
            times = repeated[key] = repeated.get(key, 0) + 1
            if times >= REPEATED and times % REPEATED == 0:
                self.judge.repeats(life, site, times)
        observer.remember(context.runid, Query(site, life))

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
        query = self.query_of(parent)
        if query is None or attribute is None:
            return
        key = (parent.class_, attribute, spot_of(site))
        known = query.lazily.get(key)
        if known is None:
            known = query.lazily[key] = Lazily()
        known.times += 1
        if known.times == SIBLINGS:
            instance = instance_of(parent, life.key, None, expired_by(life))
            known.told = self.judge.lazily(query, life, instance, attribute, site, life.last_ms, id(query))
        # When it was told, the first of them was no hazard yet, and is counted here.
        for tally in known.told:
            self.observer.collector.again(tally, life.last_ms)

    def stored(self, session: Session, state: AnyState) -> None:
        """An instance became a row: it was brought by no query, but by this flush."""
        life = self.sessions.life_of(session)
        if life is not None:
            state.__dict__[MARK] = Query(self.observer.site_of(life), life, is_flush=True)


def _relation(context: QueryContext) -> str | None:
    """The relationship that a lazy load fills."""
    path = _options(context)._current_path
    prop = getattr(path, "prop", None)
    return None if prop is None else prop.key


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
