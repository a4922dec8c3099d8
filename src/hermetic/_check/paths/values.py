"""What an expression can stand for, as far as the analyzer tells values apart."""

from __future__ import annotations

import ast
from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

from ..._lifecycle.records import Key
from ..._lifecycle.schema import LoaderOption, Mapping
from ..._lifecycle.source import Order
from ..program.modules import Class, Definition, Function
from ..providers import Provider


@dataclass(frozen=True, slots=True)
class Unknown:
    """Anything; assumed harmless."""


UNKNOWN = Unknown()


@dataclass(frozen=True, slots=True)
class Const:
    """A literal, where it can decide a branch or an argument; `value` is None for None."""

    value: Hashable


NONE = Const(None)


@dataclass(frozen=True, slots=True)
class Sym:
    """A parameter of unknown type, or what was reached from one; a caller's value takes its place."""

    key: Key


@dataclass(frozen=True, slots=True)
class Ref:
    """A class, function, module or external name itself."""

    definition: Definition


@dataclass(frozen=True, slots=True)
class Ext:
    """An instance of a class from outside the project, by the class's dotted name; `members` are told by its type."""

    type: str
    members: tuple[tuple[str, Value], ...] = ()


@dataclass(frozen=True, slots=True)
class Sess:
    """A session; what is known of it stands in the lifecycle."""

    key: Key
    is_async: bool = False


@dataclass(frozen=True, slots=True)
class Inst:
    """An instance of a mapped class; its state stands in the lifecycle."""

    key: Key
    mapping: Mapping


@dataclass(frozen=True, slots=True)
class Many:
    """A collection or iterator; `element` stands for any one of its members. `rows` tells that a query brought them."""

    element: Value
    key: Key
    rows: bool = False
    session: Key | None = None


@dataclass(frozen=True, slots=True)
class Tup:
    """A tuple, or a list or set display whose members are told apart."""

    items: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Pairs(Tup):
    """A dict display whose values are told apart; `names` are its keys, "" for one that is no string."""

    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Engine:
    """An engine, or what stands in for one; under `autocommit` the database keeps each statement at once."""

    key: Key
    is_async: bool = False
    autocommit: bool = False


@dataclass(frozen=True, slots=True)
class Conn:
    """A Core connection of an engine; `key` names it as a session is named."""

    key: Key
    is_async: bool = False


@dataclass(frozen=True, slots=True)
class Maker:
    """A session factory and the settings of the sessions it makes; `scoped` hands out one session per thread or task."""

    key: Key
    is_async: bool = False
    expire_on_commit: bool = True
    autoflush: bool = True
    bound: bool | None = None
    scoped: bool = False
    autocommit: bool = False


@dataclass(frozen=True, slots=True)
class Rows:
    """What the building of a SELECT says of its rows; `order` is total where it cannot be told.

    `by` holds the (class, column) pairs of its ORDER BY, `pinned` those that are the same in all rows, `equated` those
    that any condition asks for by one value.

    `skips`: OFFSET, `limited`: LIMIT, `merged`: DISTINCT or GROUP BY, `streams`: `yield_per`. `joined` holds the (class,
    relationship) pairs that it joins, and ("", class) for each class; `filtered` the classes on whose columns it has
    conditions. `is_told` is False when something was joined, asked or loaded that cannot be named.
    """

    order: Order = "none"
    by: frozenset[tuple[str, str]] = frozenset()
    pinned: frozenset[tuple[str, str]] = frozenset()
    equated: frozenset[tuple[str, str]] = frozenset()
    skips: bool = False
    limited: bool = False
    merged: bool = False
    streams: bool = False
    joined: frozenset[tuple[str, str]] = frozenset()
    filtered: frozenset[str] = frozenset()
    is_told: bool = True


StatementKind = Literal["select", "insert", "upsert", "update", "delete", "text", "other"]


@dataclass(frozen=True, slots=True)
class Stmt:
    """A statement being built; `mapping` is the entity whose instances its rows hold, None for columns.

    `limited` tells that it has a LIMIT, `single` that this is 1; `identity` spells the primary key that it asks for;
    `locks` tells of a lock by name that the connection keeps.
    """

    kind: StatementKind
    mapping: Mapping | None = None
    options: tuple[LoaderOption, ...] = ()
    entities: int = 1
    populate_existing: bool = False
    for_update: bool = False
    limited: bool = False
    ordered: bool = False
    single: bool = False
    identity: str | None = None
    locks: bool = False
    rows: Rows = Rows()


@dataclass(frozen=True, slots=True)
class Query:
    """A statement together with the session that will run it: legacy `session.query(…)`."""

    stmt: Stmt
    session: Sess


@dataclass(frozen=True, slots=True)
class Result:
    """What executing a statement gave; `scalars` when rows are instances rather than tuples of them."""

    stmt: Stmt
    session: Sess
    scalars: bool
    key: Key
    is_unique: bool = False
    is_legacy: bool = False


@dataclass(frozen=True, slots=True)
class Option:
    """A loader option object, as absolute paths from its entity."""

    options: tuple[LoaderOption, ...]


@dataclass(frozen=True, slots=True)
class Attr:
    """`Order.customer`: a mapped attribute named on its class."""

    mapping: Mapping
    name: str


@dataclass(frozen=True, slots=True)
class Obj:
    """An instance of a class of the project that is not mapped."""

    cls: Class
    key: Key


@dataclass(frozen=True, slots=True)
class Dump:
    """`payload.model_dump()`: a dict with each field of a form, or with those alone that were given."""

    cls: Class
    given_only: bool = False


@dataclass(frozen=True, slots=True)
class FieldName:
    """The name of a field, one after the other, in a loop over a dump."""

    dump: Dump


@dataclass(frozen=True, slots=True)
class Adapter:
    """`TypeAdapter(list[OrderRead])`: converts into a response model."""

    cls: Class


@dataclass(frozen=True, slots=True)
class Bound:
    """A method of a value."""

    owner: Value
    name: str


@dataclass(frozen=True, slots=True)
class Closure:
    """A function of the project as a value; `owner` is what it is bound to."""

    function: Function
    owner: Value | None = None


@dataclass(frozen=True, slots=True)
class Provided:
    """What a provider stated in a model file opens."""

    provider: Provider


@dataclass(frozen=True, slots=True)
class Decorated:
    """A decorated function with the arguments of one call."""

    function: Function
    owner: Value | None
    call: Call


@dataclass(frozen=True, slots=True)
class Wrapped:
    """A decorated function as its decorator calls it; `session` is the decorator's name for what `parameter` gets."""

    decorated: Decorated
    session: str
    parameter: str


@dataclass(frozen=True, slots=True)
class Task:
    """A coroutine that nobody awaited yet, or a task that runs it; `sessions` are those from outside that it uses."""

    result: Value
    sessions: frozenset[Key] = frozenset()
    is_running: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Lambda:
    """A lambda, evaluated where it is called."""

    node: ast.Lambda


@dataclass(frozen=True, slots=True)
class Partial:
    """`functools.partial(function, …)`."""

    function: Value
    args: tuple[Value, ...]
    keywords: tuple[tuple[str, Value], ...] = ()


CmKind = Literal[
    "begin", "savepoint", "no-autoflush", "maker-begin", "function", "closing", "null", "engine-begin", "suppress", "promised",
    "provided",
]  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Cm:
    """A context manager that was not entered yet; `call` is the evaluated call for a generator function of the project."""

    kind: CmKind
    subject: Value = UNKNOWN
    call: Call | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Call:
    """A call with its arguments evaluated."""

    node: ast.AST
    args: tuple[Value, ...] = ()
    keywords: tuple[tuple[str, Value], ...] = ()
    awaited: bool = False

    def keyword(self, name: str) -> Value | None:
        return next((value for key, value in self.keywords if key == name), None)

    def argument(self, index: int, name: str = "") -> Value:
        """The argument at `index` or called `name`; UNKNOWN where it is not given."""
        if index < len(self.args):
            return self.args[index]
        return self.keyword(name) or UNKNOWN


@dataclass(frozen=True, slots=True, eq=False)
class Later:
    """Work that is left for the time after the function: a stream to be read, a task in the background."""

    work: Value
    call: Call


Value: TypeAlias = (
    Unknown | Const | Sym | Ref | Ext | Sess | Inst | Many | Tup | Engine | Conn | Maker | Stmt | Query | Result
    | Option | Attr | Obj | Adapter | Bound | Closure | Wrapped | Provided | Lambda | Partial | Cm | Task | Dump
    | FieldName | Later
)  # fmt: skip


def parts(value: Value) -> tuple[Value, ...]:
    """The values directly inside a value, for walks over everything that it holds."""
    match value:
        case Many(element=element) | Task(result=element):
            return (element,)
        case Tup(items=items):
            return items
        case Partial(function=function, args=args, keywords=keywords):
            return (function, *args, *(item for _, item in keywords))
        case Bound(owner=owner) | Cm(subject=owner):
            return (owner,)
        case Query(session=session) | Result(session=session):
            return (session,)
        case Closure(owner=owner) if owner is not None:
            return (owner,)
        case _:
            return ()


def keys_in(value: Value) -> Iterator[Key]:
    """The keys of a value and of everything that it holds."""
    key = getattr(value, "key", None)
    if key is not None:
        yield key
    for inner in parts(value):
        yield from keys_in(inner)


def constant(value: Value | None, default: bool) -> bool:
    """The boolean that an argument gives; the default where it gives none."""
    found = getattr(value, "value", None)
    return found if isinstance(found, bool) else default
