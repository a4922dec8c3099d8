"""Checks of servers in the background: how far they are is in the database, and nothing of it is held while one waits."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import anyio
from anyio.abc import TaskGroup
from sqlalchemy import select, update

from hermetic import AsyncDatabase, fetch
from hermetic.scopes import AsyncScopeSession

from .models import CheckRun, Server, now
from .probe import Seen, Target

AT_ONCE = 8

Probe = Callable[[Target], Awaitable[Seen]]

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is."""

    id: int
    total: int
    done: int
    finished_at: datetime | None
    was_interrupted: bool

    @property
    def is_finished(self) -> bool:
        return self.finished_at is not None


class Checker:
    """Checks servers, some at a time, in tasks that end with the console."""

    def __init__(self, db: AsyncDatabase[AsyncScopeSession], probe: Probe, tasks: TaskGroup) -> None:
        self._db = db
        self.look = probe
        self._tasks = tasks
        self._limiter = anyio.CapacityLimiter(AT_ONCE)

    def start(self, run_id: int, server_ids: Sequence[int]) -> None:
        """Check these servers in the background; to be called when the run's row is committed."""
        self._tasks.start_soon(self._run, run_id, server_ids)

    async def _run(self, run_id: int, server_ids: Sequence[int]) -> None:
        """Check servers and finish the run, whatever becomes of them."""
        is_whole = False
        try:
            async with self._db.read() as session:
                targets = await fetch(session, Target, select(Server).where(Server.id.in_(server_ids)))
            async with anyio.create_task_group() as group:
                for target in targets:
                    group.start_soon(self._check, run_id, target)
            is_whole = True
        except Exception:
            log.exception("run %s of checks broke off", run_id)
        finally:
            with anyio.CancelScope(shield=True):
                await self._db.run(finish, run_id, was_interrupted=not is_whole)

    async def _check(self, run_id: int, target: Target) -> None:
        """Check one server: look without a session, then write down what was seen."""
        async with self._limiter:
            seen = await self.look(target)
        await self._db.run(note, run_id, target.id, seen)


async def note(session: AsyncScopeSession, run_id: int, server_id: int, seen: Seen) -> None:
    """Write down what a check saw; the row's version stays, because nobody edited it."""
    told = {"status": seen.status, "told": seen.told[:200], "latency_ms": seen.latency_ms, "checked_at": now()}
    await session.execute(update(Server).where(Server.id == server_id).values(told))
    await session.execute(update(CheckRun).where(CheckRun.id == run_id).values(done=CheckRun.done + 1))


async def finish(session: AsyncScopeSession, run_id: int, *, was_interrupted: bool) -> None:
    """Write down that a run is over."""
    over = {"finished_at": now(), "was_interrupted": was_interrupted}
    await session.execute(update(CheckRun).where(CheckRun.id == run_id).values(over))


async def interrupt_unfinished(session: AsyncScopeSession) -> None:
    """Close the runs that a console that is gone has left open."""
    over = {"finished_at": now(), "was_interrupted": True}
    await session.execute(update(CheckRun).where(CheckRun.finished_at.is_(None)).values(over))
