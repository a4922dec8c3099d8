"""Replicas: reads go to copies of the database that are near enough to it, and never miss what their reader has written.

PostgreSQL tells how far its log was written and replayed (version 17, 9.28.4, Recovery Control Functions), so a reader
waits for its own write exactly; elsewhere time decides.
"""

from __future__ import annotations

import itertools
import json
import math
import time
from collections.abc import Sequence
from contextvars import ContextVar
from dataclasses import dataclass

from sqlalchemy import Engine, text

from .._signing import sign, unsign
from ..errors import BadDatabase, BadToken

LOOK_S = 0.5
"""What a replica said of itself is believed for so long."""

REST_S = 5.0
"""A replica that failed is not asked for so long."""

_PURPOSE = "hermetic reads"
_WRITTEN = text("SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint")
_REPLAYED = text(
    "SELECT pg_wal_lsn_diff(pg_last_wal_replay_lsn(), '0/0')::bigint,"
    " CASE WHEN NOT EXISTS (SELECT FROM pg_stat_wal_receiver) THEN 'infinity'::float8"
    " WHEN pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() THEN 0"
    " ELSE extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp()) END"
)


@dataclass(frozen=True, slots=True)
class Position:
    """How far a write went: the byte of PostgreSQL's log, and the clock in seconds since 1970."""

    at_s: float
    log: int | None = None

    def newest(self, other: Position | None) -> Position:
        """The one that a reader of both has to wait for."""
        return self if other is None or (self.log or 0, self.at_s) >= (other.log or 0, other.at_s) else other


class Carried:
    """What the reads of one request must see: what its client brought, and what is written in it, by whichever task or thread."""

    __slots__ = ("_brought", "_replicas", "needed")

    def __init__(self, replicas: Replicas, brought: Position | None) -> None:
        self._replicas = replicas
        self._brought = brought
        self.needed = brought

    def token(self) -> str:
        """What the client is to bring the next time, signed; "" when it has that already."""
        return "" if self.needed is self._brought or self.needed is None else self._replicas.signed(self.needed)


class Replica:
    """One copy, and what it said of itself when it was asked last."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._log: int | None = None
        self._lag_s = math.inf
        self._looked_s = -math.inf
        self._rests_until_s = -math.inf

    def serves(self, needed: Position | None, max_lag_s: float) -> bool:
        """Whether it is up, near enough to the primary, and has what its reader needs to see."""
        now = time.monotonic()
        if now < self._rests_until_s:
            return False
        if now - self._looked_s > LOOK_S or not self._has(needed, max_lag_s):
            self._look()
        return self._lag_s <= max_lag_s and self._has(needed, max_lag_s)

    def rest(self) -> None:
        """It failed: leave it alone for a while."""
        self._rests_until_s = time.monotonic() + REST_S

    def _has(self, needed: Position | None, max_lag_s: float) -> bool:
        if needed is None:
            return True
        if needed.log is not None and self._log is not None:
            return self._log >= needed.log
        return time.time() - needed.at_s > max_lag_s

    def _look(self) -> None:
        self._looked_s, self._lag_s = time.monotonic(), 0.0
        try:
            with self.engine.connect() as connection:
                if self.engine.dialect.name == "postgresql":
                    self._log, lag_s = connection.execute(_REPLAYED).one()
                    self._lag_s = math.inf if lag_s is None else float(lag_s)
                else:
                    connection.execute(text("SELECT 1"))
        except Exception:  # of the driver, which asyncpg leaves as they are where it cannot connect
            self._lag_s = math.inf
            self.rest()


class Replicas:
    """The replicas of one database, and what the readers of each context need to see."""

    def __init__(self, primary: Engine, engines: Sequence[Engine], max_lag_s: float, secret: str | None) -> None:
        self._primary = primary
        self._replicas = [Replica(engine) for engine in engines]
        self._turns = itertools.count()
        self._max_lag_s = max_lag_s
        self._secret = secret
        self._needed: ContextVar[Position | None] = ContextVar("needed", default=None)
        self._carried: ContextVar[Carried | None] = ContextVar("carried", default=None)

    @property
    def signs(self) -> bool:
        """Whether there is a secret to sign tokens with."""
        return bool(self._secret)

    def engine(self) -> Engine:
        """Where a read of this context goes: a replica that serves it, in turns, or the primary."""
        needed = self._needed_here()
        turn = next(self._turns)
        for number in range(len(self._replicas)):
            replica = self._replicas[(turn + number) % len(self._replicas)]
            if replica.serves(needed, self._max_lag_s):
                return replica.engine
        return self._primary

    def failed(self, engine: Engine) -> bool:
        """Whether it was a replica that could not be reached; it is left alone for a while."""
        found = [replica for replica in self._replicas if replica.engine is engine]
        for replica in found:
            replica.rest()
        return bool(found)

    def forget(self) -> None:
        """Leave the connections to the process that this one was forked from."""
        for replica in self._replicas:
            replica.engine.dispose(close=False)

    def written(self) -> Position:
        """How far the primary's log goes now, after a commit."""
        at_s = time.time()
        if self._primary.dialect.name != "postgresql":
            return Position(at_s)
        try:
            with self._primary.connect() as connection:
                return Position(at_s, connection.execution_options(isolation_level="AUTOCOMMIT").scalar(_WRITTEN))
        except Exception:  # the work is committed: from here on time decides
            return Position(at_s)

    def _needed_here(self) -> Position | None:
        carried = self._carried.get()
        return self._needed.get() if carried is None else carried.needed

    def expect(self, position: Position) -> None:
        """Reads of this context see at least what was written there; those of the whole request, where it has begun one."""
        needed = position.newest(self._needed_here())
        carried = self._carried.get()
        if carried is None:
            self._needed.set(needed)
        else:
            carried.needed = needed

    def carry(self, token: str) -> Carried:
        """A request begins in this context, with what its client brought; a token that was not given here counts for nothing."""
        carried = Carried(self, self._told_by(token) if token else None)
        self._carried.set(carried)
        return carried

    def token(self) -> str:
        """What reads of this context see at least, signed; "" when they need not see anything."""
        needed = self._needed_here()
        return "" if needed is None else self.signed(needed)

    def accept(self, token: str) -> None:
        """Reads of this context see at least what the token tells of. Raises BadToken for what was not given here."""
        position = self._told_by(token)
        if position is None:
            raise BadToken(
                "The token was not given by this database: it was changed, or the secret was.\n"
                "  Go on without it: reads then see at least what this request has written."
            )
        self.expect(position)

    def signed(self, position: Position) -> str:
        """A position as a client carries it."""
        return sign(json.dumps([position.at_s, position.log]).encode(), _PURPOSE, self._key())

    def _told_by(self, token: str) -> Position | None:
        """The position that a token tells; None when it was not given here."""
        payload = unsign(token, _PURPOSE, self._key())
        return None if payload is None else Position(*json.loads(payload))

    def _key(self) -> bytes:
        if not self._secret:
            raise BadDatabase(
                "A token needs a secret to be signed with.\n  Give one: Database(url, replicas=…, secret=…)."
            )
        return self._secret.encode()
