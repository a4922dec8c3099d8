"""What a function did to its parameters, happening to the arguments of a call."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING

from ..._lifecycle.records import (
    Announced,
    AttributeRead,
    AttributeWritten,
    Committed,
    EngineCreated,
    Executed,
    Key,
    Record,
    SessionClosed,
    SessionOpened,
)
from ..paths.loops import around
from ..paths.membership import may_be
from ..paths.reads import read
from ..paths.state import Around, Entry, FieldSet, Path, State, SymbolCalled, Taken, ValueRead, Worked
from ..paths.targets import sessions_in, write
from ..paths.values import (
    NONE,
    UNKNOWN,
    Bound,
    Call,
    Closure,
    Cm,
    Engine,
    Ext,
    Inst,
    Maker,
    Many,
    Obj,
    Partial,
    Query,
    Result,
    Sess,
    Sym,
    Task,
    Tup,
    Value,
)
from ..program.given import is_given
from ..program.modules import Function
from .nesting import nest_own
from .suppositions import passed_on, rules_out

if TYPE_CHECKING:
    from ..analyzer import Analyzer
    from ..paths.flow import Flow
    from ..whole.evidence import Evidence
    from .summaries import End


class Replay:
    """Lets what a function did to its parameters happen to the arguments of one call."""

    def __init__(
        self, analyzer: Analyzer, flow: Flow, function: Function, owner: Value | None, call: Call, state: State,
        inner: Evidence,
    ) -> None:  # fmt: skip
        self.analyzer = analyzer
        self.flow = flow
        self.function = function
        self.call = call
        self.state = state
        self.inner = inner
        self.is_lookup = False
        self.bound: dict[Key, Value] = {}
        for name, value in (*analyzer.defaults(function, call), *analyzer.arguments(function, owner, call)):
            self.bound[("parameter", function.qualname, name)] = value
        self.tag = ("call", flow.module.name, getattr(call.node, "lineno", 0), getattr(call.node, "col_offset", 0))

    def agrees(self, end: End) -> bool:
        """Whether the arguments are such as this end assumed them to be."""
        given = ((name, self.bound.get(key, UNKNOWN)) for name, key in end.assumed if name in {"none", "some"})
        if any(value == NONE if name == "some" else isinstance(value, Ext) for name, value in given):
            return False
        if rules_out(end.supposed, self.actual, self.state):
            return False
        placed = ((name, self.bound.get(key, UNKNOWN)) for name, key in end.assumed if name in {"inside", "outside"})
        return all(may_be(name, value, self.state) for name, value in placed)

    def settle(self, end: End) -> None:
        """What the caller knows from now on: what this end supposed, and which of its engines were disposed of or kept."""
        self.state.supposed |= passed_on(end.supposed, self.actual)
        engines = (self.bound.get(key) for key in end.settled)
        self.state.settled |= {engine.key for engine in engines if isinstance(engine, Engine)}

    def key(self, key: Key) -> Key | None:
        """The caller's name for a key of the callee; None when the caller has no such thing."""
        value = self.actual(key)
        if value is None:
            return key if _is_global(key) else self._own(key)
        found = getattr(value, "key", None)
        return found if isinstance(value, (Sess, Inst, Obj, Sym)) else None

    def _own(self, key: Key) -> Key:
        """The caller's name for what the callee made itself; what hangs on it hangs on it under its new name."""
        return Path(self._own(key.base), key.attribute) if isinstance(key, Path) else (self.tag, key)

    def actual(self, key: Key) -> Value | None:
        """The caller's value for a symbolic key; None for a key that the callee made itself."""
        if key in self.bound:
            return self.bound[key]
        if isinstance(key, Path):
            base = self.actual(key.base)
            if base is None:
                return None
            found = self._below(base, key.attribute)
            self.bound[key] = found
            return found
        return UNKNOWN if isinstance(key, tuple) and key[:1] == ("parameter",) else None

    def _below(self, base: Value, attribute: str) -> Value:
        match base:
            case Many(element=element) if attribute == "*":
                return element
            case Many(element=element):
                return self._below(element, attribute)
            case Inst(mapping=mapping, key=key) if attribute in mapping.relations:
                relation = mapping.relations[attribute]
                target = self.analyzer.models.mapping(relation.target)
                below = Path(key, attribute)
                if target is None:
                    return UNKNOWN
                return Many(Inst(Path(below, "*"), target), below, rows=True) if relation.many else Inst(below, target)
            case Obj(cls=cls, key=key):
                known = self.state.attrs.get((key, attribute))
                return known if known is not None else self.analyzer.fields.value(cls, attribute, key)
            case Sym(key=key):
                return Sym(Path(key, attribute))
            case _:
                return UNKNOWN

    def value(self, value: Value) -> Value:
        """The caller's view of a value of the callee."""
        match value:
            case Sess() | Inst() | Obj() | Sym():
                return self._keyed(value)
            case Maker(key=key):
                self._taken_over(key)
                return value
            case Many(element=element, key=key, session=session):
                actual = self.actual(key) if isinstance(key, Path) else None
                if actual is not None and actual is not UNKNOWN:
                    return actual
                return replace(
                    value,
                    element=self.value(element),
                    key=self._own(key),
                    session=self.key(session) if session else None,
                )
            case Tup(items=items):
                return Tup(tuple(self.value(item) for item in items))
            case Bound(owner=owner):
                return replace(value, owner=self.value(owner))
            case Query(session=session) | Result(session=session):
                found = self.value(session)
                return replace(value, session=found) if isinstance(found, Sess) else UNKNOWN
            case Partial(function=function, args=args):
                return replace(value, function=self.value(function), args=tuple(self.value(arg) for arg in args))
            case Cm(subject=subject):
                return Cm(value.kind, self.value(subject), value.call)
            case Closure(owner=owner) if owner is not None:
                return replace(value, owner=self.value(owner))
            case Task(result=result, sessions=sessions):
                return replace(value, result=self.value(result), sessions=frozenset(map(self.key, sessions)) - {None})
            case _:
                return value

    def _keyed(self, value: Sess | Inst | Obj | Sym) -> Value:
        actual = self.actual(value.key)
        if actual is not None:
            return actual
        renamed = replace(value, key=self._own(value.key)) if not _is_global(value.key) else value
        if isinstance(renamed, Obj) and not self.analyzer.engines.runs_once(self.function):
            self.state.made |= {renamed.key}
        if isinstance(value, Sess) and isinstance(renamed, Sess):
            self.analyzer.same_settings(value, renamed, self.inner)
        return renamed

    def _taken_over(self, maker: Key) -> None:
        """A factory that the callee made is the caller's now, with its engine."""
        if maker in self.inner.settings:
            self.analyzer.sessions.setdefault(maker, self.inner.settings[maker])
        engine = self.inner.binds.get(maker)
        if engine is not None:
            self.analyzer.evidence.binds.setdefault(maker, engine)
        if engine is not None and not self.analyzer.engines.runs_once(self.function):
            self.state.attrs[maker, "bind"] = Engine(engine)
            self.state.made |= {maker}

    def event(self, entry: Entry) -> None:
        """Let one thing happen to the caller's values, inside of the loop that the callee did it in."""
        if rules_out(entry.supposed, self.actual, self.state):
            return
        loop, before, supposed = entry.where.in_loop_over, self.state.loop, self.state.supposed
        if isinstance(loop, Around):
            self.state.loop = (*before, self._around(loop))
        self.state.supposed |= passed_on(entry.supposed, self.actual)
        self._happens(entry)
        self.state.loop, self.state.supposed = before, supposed

    def _around(self, loop: Around) -> Around:
        value = self.actual(loop.key)
        if value is not None:
            return around(value, (self.tag, loop.key))
        keys = frozenset(key for key in map(self.key, loop.members) if key is not None)
        return Around(loop.kind, (self.tag, loop.key), keys)

    def _happens(self, entry: Entry) -> None:
        match entry.event:
            case AttributeRead() as record:
                self._read(record)
            case AttributeWritten() as record if self.actual(record.instance) is None:
                self._wrote(record, entry)
            case AttributeWritten() as record:
                self._write(record, *(note for note in entry.where.notes if note == "computed"))
            case EngineCreated() as record if not self.analyzer.engines.runs_once(self.function):
                self._built(record)
            case EngineCreated():
                pass
            case Announced(how="response") if self.analyzer.dependencies.route(self.function) is not None:
                pass  # called by hand, a route answers nobody
            case Record() as record:
                self._record(record, entry)
            case FieldSet(owner=owner, attribute=attribute, value=value):
                target = self.actual(owner)
                if isinstance(target, (Obj, Sym)):
                    self.state.attrs[target.key, attribute] = self.value(value)
                    self.flow.note(self.state, FieldSet(target.key, attribute, self.value(value)))
                    for session in sessions_in(self.value(value)):
                        self.state.held.pop(session.key, None)
            case SymbolCalled() as called:
                self._called(called)
            case ValueRead(owner=owner, attribute=attribute):
                self._value_read(owner, attribute)
            case Taken(instance=instance):
                self.state.mark("escaped", self.key(instance))
            case Worked() as worked:
                self.flow.note(self.state, worked)
                nest_own(self.flow, self.state, self, worked)
                if not (self.function.is_async or worked.is_async):
                    self.analyzer.witness.worked(self.flow, self.state, worked, self.call.node, self.function)

    def _built(self, record: EngineCreated) -> None:
        caller = self.flow.function
        given = record.is_given and caller is not None and is_given(self.analyzer, caller, self.call.node)
        self.state.mark("built", record.engine)
        self.flow.emit(self.state, replace(record, place=self.flow.place, is_given=given), "own")

    def _via(self) -> tuple[str, ...]:
        found: tuple[str, ...] = ("via", self.function.name)
        if self.analyzer.sharing.remembers(self.function):
            found = (*found, "cached")
        return (*found, "via-async") if self.function.is_async else found

    def _read(self, record: AttributeRead) -> None:
        actual = self.actual(record.instance)
        if actual is None:
            return
        with self.flow.noting(*self._via()):
            self.bound[Path(record.instance, record.attribute)] = read(
                self.flow, actual, record.attribute, self.state, self.call.node
            )

    def _value_read(self, owner: Key, attribute: str) -> None:
        actual = self.actual(owner)
        if isinstance(actual, (Inst, Sym)):
            with self.flow.noting(*self._via()):
                self.bound[Path(owner, attribute)] = read(self.flow, actual, attribute, self.state, self.call.node)

    def _write(self, record: AttributeWritten, *notes: str) -> None:
        actual = self.actual(record.instance)
        if isinstance(actual, Inst):
            with self.flow.noting(*self._via(), *notes):
                write(self.flow, actual, record.attribute, UNKNOWN, self.state, self.call.node)

    def _wrote(self, record: AttributeWritten, entry: Entry) -> None:
        """The callee changed what it loaded itself: its session has work from now on; under a lock, that is its own affair."""
        key = self._own(record.instance)
        if key in self.state.life.instances and "locked" not in entry.where.notes:
            self.flow.emit(self.state, replace(record, instance=key, site=self.flow.site(self.call.node)), *self._via())

    def _called(self, called: SymbolCalled) -> None:
        owner = self.actual(called.owner)
        if owner is None or owner is UNKNOWN:
            return
        args = tuple(self.value(arg) for arg in called.call.args)
        keywords = tuple((name, self.value(value)) for name, value in called.call.keywords)
        with self.flow.noting(*self._via()):
            if isinstance(owner, Sym):
                self.flow.note(
                    self.state,
                    SymbolCalled(
                        owner.key, called.name, Call(self.call.node, args, keywords), self.call.node, self.flow.module
                    ),
                )
            elif isinstance(owner, (Sess, Inst)):
                result = self.flow.call_value(
                    Bound(owner, called.name), Call(self.call.node, args, keywords), self.state
                )
                self.bound[
                    (
                        "called",
                        called.module.name,
                        getattr(called.node, "lineno", 0),
                        getattr(called.node, "col_offset", 0),
                    )
                ] = result

    def _record(self, record: Record, entry: Entry) -> None:
        changes: dict[str, Key | None] = {}
        for name in _key_fields(type(record)):
            key = getattr(record, name)
            if key is None:
                continue
            changes[name] = self.key(key)
            if changes[name] is None:
                return
        own = bool(changes) and not any(self.actual(getattr(record, name)) is not None for name in changes)
        if isinstance(record, SessionOpened):
            self._opened(record, changes["session"])
        notes = (
            ("own",)
            if own
            else (*self._via(), *(("lookup",) if self.is_lookup and entry.where.in_loop_over is None else ()))
        )
        if not own and "session" in changes:
            self._settle_kind(getattr(record, "session", None), changes["session"])
        site = record.site if own else self.flow.site(self.call.node)
        kept = tuple(note for note in entry.where.notes if note not in {"via", "own", "via-async", "lookup"})
        if isinstance(record, Committed) and not own:
            notes = (*notes, *self._meant(changes["session"]))
        record = replace(record, site=site, **changes)
        if isinstance(record, Executed) and not own:
            self.flow.query(self.state, record, self.call.node, *kept, *notes)
        else:
            self.flow.emit(self.state, record, *kept, *notes)
        if (
            isinstance(record, SessionOpened)
            and not record.received
            and ("cached", self.function.ident) not in self.inner.kept
        ):
            self.state.held[changes["session"]] = replace(record, site=self.flow.site(self.call.node))
        elif isinstance(record, SessionClosed):
            self.state.held.pop(changes["session"], None)

    def _meant(self, session: Key | None) -> tuple[str, ...]:
        """Notes on why a commit of the callee may be one of several on purpose."""
        before = tuple(name for name, key in self.state.marks if name == "explained" and key == session)
        self.state.marks -= {("explained", session)}
        return (*before, *self.analyzer.engines.noted(self.flow.function))

    def _settle_kind(self, inner: Key, outer: Key | None) -> None:
        """A session that the callee awaited is an async one for its caller too."""
        known = self.state.life.sessions.get(outer)
        if known is not None and not known.is_async and self._awaits(inner):
            self.state.life.sessions[outer] = replace(known, is_async=True)
            self.analyzer.is_awaited(outer)

    def _awaits(self, session: Key) -> bool:
        """Whether the callee knows a session to be an async one."""
        found = self.inner.settings.get(session)
        return found is not None and found.is_async

    def _opened(self, record: SessionOpened, key: Key | None) -> None:
        if key is not None and key in self.state.held:
            self.analyzer.left(self.flow, self.state, key, "loop")


def _is_global(key: Key) -> bool:
    return isinstance(key, tuple) and key[:1] in {("global",), ("scoped",)}


def _key_fields(kind: type[Record]) -> tuple[str, ...]:
    found = _KEY_FIELDS.get(kind)
    if found is None:
        wanted = {"session", "instance", "source", "result"}
        found = _KEY_FIELDS[kind] = tuple(field.name for field in fields(kind) if field.name in wanted)
    return found


_KEY_FIELDS: dict[type[Record], tuple[str, ...]] = {}
