"""The words of the session protocol: one frozen record for each thing that can happen in a session's life."""

from __future__ import annotations

from collections.abc import Hashable
from collections.abc import Mapping as MappingOf
from dataclasses import dataclass, field
from typing import Literal

from .schema import LoaderOption, Mapping

Key = Hashable
"""Names a session or an instance; the model only compares it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """Something that happened; `site` is the user's own code site, opaque to the model."""

    site: Hashable = None


@dataclass(frozen=True, kw_only=True)
class SessionRecord(Record):
    """Something that happened to one session."""

    # The slot itself is made in each record, so that a record can be about a session and an instance at once.
    __slots__ = ()

    session: Key


@dataclass(frozen=True, kw_only=True)
class InstanceRecord(Record):
    """Something that happened to one mapped instance."""

    # The slot itself is made in each record, so that a record can be about a session and an instance at once.
    __slots__ = ()

    instance: Key


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionOpened(SessionRecord):
    """A session object was made; no connection is held yet. `bound` is None where it cannot be told.

    `received` says that it was made elsewhere (a parameter, say) and that its state is not known.
    """

    expire_on_commit: bool = True
    autoflush: bool = True
    is_async: bool = False
    bound: bool | None = None
    is_reusable: bool = True
    received: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TransactionBegan(SessionRecord):
    """`session.begin()`, or a SAVEPOINT when `nested`."""

    nested: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Executed(SessionRecord):
    """A statement was sent. `writes` for INSERT, UPDATE, DELETE, `inserts` for an INSERT that adds a row each time;
    `autoflushes` unless under `no_autoflush`; `locks` when it takes a lock by name that the connection keeps until told
    otherwise, `locks_rows` when it is there to lock rows until the transaction ends."""

    writes: bool = False
    inserts: bool = False
    autoflushes: bool = True
    fails: bool = False
    locks: bool = False
    locks_rows: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Flushed(SessionRecord):
    """`session.flush()`; `fails` when the database refused it."""

    fails: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Committed(SessionRecord):
    """`session.commit()`, or the release of the innermost SAVEPOINT when `nested`; `fails` when its flush was refused."""

    fails: bool = False
    nested: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RolledBack(SessionRecord):
    """`session.rollback()`, or a rollback to the innermost SAVEPOINT when `nested`."""

    nested: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionClosed(SessionRecord):
    """`session.close()`, or the end of its `with` block; an open transaction is rolled back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceCreated(InstanceRecord):
    """A mapped class was instantiated: transient, with the attributes `written` by its constructor.

    `refused` are those among them that got a value the database will not take.
    """

    mapping: Mapping
    written: frozenset[str] = frozenset()
    refused: frozenset[str] = frozenset()
    identity: Hashable = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceLoaded(SessionRecord, InstanceRecord):
    """A query brought an instance; `options` are relative to it.

    `identity` is its class and primary key where they are known. `via` names the classes above it in a query with
    loader options, None for a query without. `by_flush` tells that a flush asked for it, to let go of a row that is
    being deleted, and `rewritten` that this flush then changed its row; `lazily` that a lazy load did; `again` that
    this query brought it before, by a path of which this one is deeper or shallower, or that it was there before; `is_doubtful` that it may have
    been left out, the flush of the same step having come in between. `shared` are the relationships to one that lead all
    rows of the query to the same few targets, for it asks for rows of these.
    """

    mapping: Mapping
    options: tuple[LoaderOption, ...] = ()
    populate_existing: bool = False
    locked: bool = False
    identity: Hashable = None
    via: tuple[str, ...] | None = None
    by_flush: bool = False
    rewritten: bool = False
    is_doubtful: bool = False
    lazily: bool = False
    again: Literal["deeper", "shallower", "kept", None] = None
    shared: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class LookedUp(SessionRecord):
    """`session.get(...)` by an identity, a class and a primary key; `instance` is the one that the session holds of it."""

    identity: Hashable = None
    instance: Key | None = None
    populate_existing: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentSeen(InstanceRecord):
    """What an observer knows of an instance's content: facts that no operation tells by itself.

    `related` gives the instances that a loaded relationship holds, `targets` the identity that a many-to-one's foreign
    key names (None for NULL), `stored` the identities on the other side of its collections in the database, and
    `row_exists` whether the database has its row now.
    """

    related: MappingOf[str, tuple[Key, ...]] = field(default_factory=dict, hash=False)
    targets: MappingOf[str, Hashable] = field(default_factory=dict, hash=False)
    stored: MappingOf[str, tuple[Hashable, ...]] = field(default_factory=dict, hash=False)
    row_exists: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Added(SessionRecord, InstanceRecord):
    """`session.add(instance)`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deleted(SessionRecord, InstanceRecord):
    """`session.delete(instance)`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NextMember(InstanceRecord):
    """A loop went on: from here the key names the next of the instances that it stands for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AttributeRead(InstanceRecord):
    """An attribute was read."""

    attribute: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AttributeWritten(InstanceRecord):
    """An attribute was set, or a collection changed in place.

    `refused` when the database will not take the value; `target` is the instance that a relationship was given, or that
    its collection lost when it `removes`. `relative` when the new value was made from the old one.
    """

    attribute: str
    relative: bool = False
    refused: bool = False
    target: Key | None = None
    removes: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Expunged(SessionRecord):
    """`session.expunge(instance)`, or `expunge_all()` when `instance` is None."""

    instance: Key | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Expired(SessionRecord):
    """`session.expire(instance, attributes)`, or `expire_all()` when `instance` is None."""

    instance: Key | None = None
    attributes: frozenset[str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Refreshed(SessionRecord, InstanceRecord):
    """`session.refresh(instance, attributes)`; None means every column attribute. `locked`: by FOR UPDATE."""

    attributes: frozenset[str] | None = None
    locked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged(SessionRecord):
    """`result = session.merge(source)`; the result is attached, the source is left alone.

    `changed` are the columns to which the source gives another value than the result's row has, None where that is not
    known.
    """

    source: Key | None
    result: Key
    mapping: Mapping | None = None
    result_is_used: bool = True
    changed: frozenset[str] | None = None


WaitKind = Literal["http", "mail", "model", "sleep", "process", "file", "await", "stream", "client"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Waited(Record):
    """Time passed outside the database: an HTTP or model call, a sleep, a subprocess, a client, an await of something unknown."""

    kind: WaitKind
    what: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Locked(Record):
    """A lock of the program, not of the database, was taken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unlocked(Record):
    """A lock of the program was let go."""


ToldHow = Literal["response", "task", "message", "mail", "acknowledgement"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Announced(Record):
    """Somebody outside was told that work is done: a client by its response, a worker, a queue, a reader of mail."""

    how: ToldHow
    what: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScopeLeft(SessionRecord):
    """The function or block that owns the session ended, with the session still in its hands; it was "collected" when
    nobody held it any more."""

    by: Literal["return", "raise", "cancel", "loop", "collected", "afterwards"] = "return"


ScopeHow = Literal["thread", "job", "request"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistryLeft(SessionRecord):
    """A thread's work, a job or a request ended, and the session that the registry `what` made for it was not removed."""

    how: ScopeHow
    what: str = ""
    by: Literal["return", "raise"] = "return"


NestedHow = Literal["decorator", "parameter", "own"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionNested(SessionRecord):
    """While `session` had work to commit, `what` was called and worked on a session of its own.

    It got that one from its decorator, or opened it because its `parameter` was not given, or always opens its `own`.
    """

    what: str
    how: NestedHow
    parameter: str = ""


SharedHow = Literal[
    "module", "class", "default-argument", "cache", "singleton", "thread", "task", "background", "request", "user-state",
    "overlap",
]  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionShared(SessionRecord):
    """A session came within reach of a second thread, request, user or task; `what` names the holder."""

    how: SharedHow
    what: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TasksStarted(SessionRecord):
    """Tasks that use one session were started to run at the same time; `what` names how (`asyncio.gather`)."""

    what: str
    count: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineCreated(Record):
    """An engine (or a session factory around a fresh engine) was built; `place` tells how often that line runs.

    `is_given` when what it is made of comes from whoever calls the function, and may be another at each call.
    """

    engine: Key
    place: Literal["once", "per-call", "per-request"]
    url: str | None = None
    is_async: bool = False
    pool: str | None = None
    shares_threads: bool = False
    what: str = "create_engine"
    escapes: bool = True
    is_given: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockingWork(Record):
    """A function that was called did synchronous database work on a session of its own, at `inner`."""

    what: str
    inner: Hashable = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """What the code around a record is doing, as far as the observer can tell.

    `rendered_at` is where the program renders the template in which the record stands.
    """

    on_event_loop: bool = False
    in_loop_over: Key | None = None
    scope_depth: int = 0
    certain: bool = True
    notes: tuple[str, ...] = field(default=())
    rendered_at: Hashable = None
