"""Records of what only a running program shows; the model takes no notice of them."""

from __future__ import annotations

from dataclasses import dataclass

from .records import InstanceRecord, Record, SessionRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolExhausted(Record):
    """A connection was waited for in vain: `held` are out of the pool, the `longest` of them, taken at its site, for `seconds`."""

    held: int
    longest: Record | None = None
    seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionDropped(Record):
    """A connection that no session works with was thrown away without being closed; it was opened at its site."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Overwritten(SessionRecord, InstanceRecord):
    """A flush wrote columns of a row that another session had changed, and committed by `other`, since it was read here.

    `waited` is the longest wait of the transaction since it was read, where it was long.
    """

    attributes: tuple[str, ...]
    other: Record | None = None
    waited: TransactionIdled | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionBeside(SessionRecord):
    """While `session` had rows that no other sees yet, what is called here worked on `tables` with a session of its own.

    `other` is its statement, `work` what was not committed. `is_locked_out`: it waited for a lock of `session` in vain.
    """

    tables: tuple[str, ...]
    other: Record
    work: Record | None = None
    is_locked_out: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitRepeated(SessionRecord):
    """A commit stored a row of `entity` once more, after the commit of the first broke off with an error that says nothing."""

    entity: str
    error: str
    first: Record


@dataclass(frozen=True, slots=True, kw_only=True)
class TransactionIdled(SessionRecord):
    """A transaction asked nothing of the database for so many seconds; `what` names what went on instead, where it is known.

    `since` is what the database was asked last, and `site` where the program was meanwhile.
    """

    seconds: float
    what: str = ""
    since: Record | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopBlocked(SessionRecord):
    """An event loop could not go on for so many milliseconds, a synchronous session being at work on its thread."""

    ms: float
