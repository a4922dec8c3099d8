"""Sessions that outlive one piece of work, and who reaches them: told when the whole program has been seen."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from ..._lifecycle.records import Key, SessionOpened, SessionRecord, SessionShared, SharedHow
from ..calls import known
from ..paths.state import Site, State, site_of
from ..paths.targets import instances_in, sessions_in
from ..paths.values import Obj, Sess, Value, keys_in
from ..program.parameters import arguments_with_defaults
from .evidence import Evidence, Kept

if TYPE_CHECKING:
    from ..analyzer import Analyzer
    from ..paths.outcomes import Exit
    from ..program.modules import Class, Function, Global, Module
    from .reach import Reach


class Sharing:
    """Notes what is kept and who uses it."""

    def __init__(self, analyzer: Analyzer) -> None:
        self.analyzer = analyzer

    def keep(self, key: Key, how: SharedHow, what: str, site: Site, module: Module, *, always: bool = False) -> None:
        """Whoever reaches `key` shares a session made at `site`."""
        kept = Kept(SessionShared(session=key, how=how, what=what, site=site), module.name, always)
        self.analyzer.evidence.kept.setdefault(key, kept)

    def used(self, key: Key, function: Function | None) -> None:
        """A function uses what may be kept under this key."""
        if function is not None:
            self.analyzer.evidence.uses.add((key, function.ident))

    def reached(self, value: Value, function: Function | None) -> None:
        """A function reaches a value that is defined once."""
        if function is not None:
            for key in keys_in(value):
                self.used(key, function)

    def remembers(self, function: Function) -> bool:
        """Whether a function that was asked the same before answers from its memory."""
        return bool(known.CACHES.intersection(self.analyzer.decorators(function)))

    def by_module(self, definition: Global, value: Value, state: State) -> None:
        """A variable of a module holds a session, or an object that does."""
        site = site_of(definition.value or ast.Pass(), definition.module)
        if isinstance(value, Sess) and definition.value is not None:
            self.keep(value.key, "module", definition.name, site, definition.module)
        if isinstance(value, Obj):
            for session in _held_by(value, state):
                self.keep(
                    value.key, "singleton", definition.name, _opened_at(session, state) or site, definition.module
                )

    def by_default(self, function: Function) -> None:
        """A default argument is a session."""
        for argument, default in arguments_with_defaults(function):
            if isinstance(default, ast.Call) and _is_own(self.analyzer.names.static(function.module, default)):
                key = ("default", function.ident, argument.arg)
                self.keep(key, "default-argument", argument.arg, site_of(default, function.module), function.module)
                self.used(key, function)

    def by_class(self, cls: Class) -> None:
        """A class attribute is a session."""
        for name, value in cls.values.items():
            if isinstance(value, ast.Call) and _is_own(self.analyzer.names.static(cls.module, value)):
                key = ("class", cls.ident, name)
                self.keep(key, "class", f"{cls.name}.{name}", site_of(value, cls.module), cls.module)
                for method in cls.methods.values():
                    self.used(key, method)

    def by_cache(self, function: Function, exits: list[Exit]) -> None:
        """A cached function returns a session, an object that holds one, or rows that one still holds."""
        cache = next((name for name in self.analyzer.decorators(function) if name in known.CACHES), None)
        if cache is None or cache == "functools.cached_property":
            return
        for exit in exits if cache is not None else ():
            found = sessions_in(exit.value) or (_held_by(exit.value, exit.state) if isinstance(exit.value, Obj) else [])
            if not found and cache != "streamlit.cache_data":
                found = _of_rows(exit.value, exit.state)
            for session in found:
                site = _opened_at(session, exit.state)
                if site is not None:
                    always = cache.startswith("streamlit.")
                    self.keep(("cached", function.ident), "cache", function.name, site, function.module, always=always)

    def tell(self, whole: Evidence, reach: Reach) -> None:
        """Tell of everything kept that is used; quietly where nothing shows that its users are many."""
        users: dict[Key, list[Function]] = {}
        for key, user in sorted(whole.uses, key=lambda use: use[1]):
            if key in whole.kept:
                users.setdefault(key, []).append(self.analyzer.function_named(user))
        for key, kept in whole.kept.items():
            concurrent = kept.always or any(one.is_async or reach.serves(one.ident) for one in users.get(key, ()))
            if concurrent or key in users:
                self.analyzer.outside(kept.module).emit(State(), kept.record, "concurrent" if concurrent else "quiet")


def _is_own(value: Value) -> bool:
    """Whether a value is a session that was opened, and no registry's."""
    return isinstance(value, Sess) and isinstance(value.key, tuple) and value.key[0] != "scoped"


def _held_by(owner: Obj, state: State) -> list[Sess]:
    return [
        value
        for (key, _), value in state.attrs.items()
        if key == owner.key and isinstance(value, Sess) and _is_own(value)
    ]


def _of_rows(value: Value, state: State) -> list[Sess]:
    """The sessions, still open, that hold the mapped instances in a value."""
    known = (state.life.instances.get(inst.key) for inst in instances_in(value))
    keys = dict.fromkeys(one.session for one in known if one is not None)
    return [Sess(key) for key in keys if key is not None and state.life.sessions[key].phase != "closed"]


def _opened_at(session: Sess, state: State) -> Site | None:
    """Where a session was opened on a path, or a registry's first used; None for one that came from elsewhere."""
    for record in state.records():
        opens = isinstance(record, SessionOpened) and not record.received
        if isinstance(record, SessionRecord) and record.session == session.key and (opens or not _is_own(session)):
            return record.site if isinstance(record.site, Site) else None
    return None
