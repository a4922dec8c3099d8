"""The long run: `python -m tests.faults --faults 5000` breaks things that often and tells what came of it."""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import NullPool, create_engine

from hermetic import AsyncDatabase
from tests.mariadb import installed, mariadb

from .bank import open_bank
from .cancelling import APPLICATION, WAYS, after_every_step, at_every_suspension
from .clients import killed_clients
from .copied import FORMS
from .crowd import async_crowd, sync_crowd
from .replicas import breaking_replica
from .report import Report
from .scenarios import (
    Result,
    as_copied,
    boundaries,
    broken_commits,
    storm,
    through_hermetic,
    upheaval,
)
from .server import Server, postgres, replica
from .tellers import MARIADB_STACKS, STACKS, Stack

STRUCK = (STACKS[2], STACKS[5], STACKS[7])
"""One stack of each driver: where a server is struck, what is slow is the server."""

REPLICA_TIMES = {
    "replica: falls behind and catches up": 15,
    "replica: pg_terminate_backend": 20,
    "replica: cut off from the primary": 5,
    "replica: stopped, immediate, and started": 3,
    "replica: kill -9 of the server": 3,
}
"""How often each befalls the replica in a round, for each driver."""

BEGIN, END = "<!-- faults -->\n", "<!-- /faults -->"
PER_ROUND = 2500
"""How many faults each round over all bytes of the COMMIT stands for, with what is done beside it."""


class Run:
    """One run of everything, so long that about so many faults are injected; `tell` is given the report as it grows."""

    def __init__(self, server: Server, faults: int, seed: int, tell: Callable[[Report], None]) -> None:
        self.report = Report()
        self._server = server
        self._rounds = max(1, faults // PER_ROUND)
        self._seed = seed
        self._tell = tell

    def all(self) -> Report:
        for part in (
            self._commits,
            self._cancellations,
            self._terminations,
            self._copies,
            self._clients,
            self._storms,
            self._crowds,
            self._replicas,
            self._mariadb,
            self._upheavals,
        ):
            part()
            self._tell(self.report)
        return self.report

    def _commits(self) -> None:
        for number in range(self._rounds):
            for stack in STACKS:
                breaks = list(boundaries(stack.driver))
                self._note(broken_commits(self._server, through_hermetic(stack), breaks, self._seed + 100 * number))

    def _storms(self) -> None:
        for stack in STACKS:
            self._note(storm(self._server, through_hermetic(stack), 20 * self._rounds, self._seed))

    def _terminations(self) -> None:
        for stack in STRUCK:
            hire = through_hermetic(stack)
            self._note(upheaval(self._server, hire, "pg_terminate_backend", 20 * self._rounds, self._seed))

    def _upheavals(self) -> None:
        for kind in sorted(set(self._server.upheavals("")) - {"pg_terminate_backend"}):
            for stack in STRUCK:
                self._note(upheaval(self._server, through_hermetic(stack), kind, 2 * self._rounds, self._seed))

    def _replicas(self) -> None:
        times = {kind: count * self._rounds for kind, count in REPLICA_TIMES.items()}
        with postgres() as primary, replica(primary) as standby:
            for stack in (STACKS[1], STACKS[7]):
                seen = breaking_replica(primary, standby, stack, times, 40 * self._rounds, self._seed)
                self.report.seen.append(seen)
                _say(
                    f"a replica that breaks, {stack}: {seen.faults.total()} faults, {seen.reads} reads, missed {seen.missed}"
                )

    def _mariadb(self) -> None:
        """Where it is installed."""
        if installed() is None:
            _say("MariaDB is not installed, and left out")
            return
        with mariadb() as server:
            server.ask(f"CREATE DATABASE {server.bank}")
            for stack in MARIADB_STACKS:
                hire = through_hermetic(stack)
                self._note(broken_commits(server, hire, list(boundaries(stack.driver)), self._seed))
                self._note(storm(server, hire, 20 * self._rounds, self._seed))
                self._note(upheaval(server, hire, "KILL of a connection", 10 * self._rounds, self._seed))
                self._note(upheaval(server, hire, "kill -9 of the server", self._rounds, self._seed))

    def _copies(self) -> None:
        for form in FORMS:
            hire = as_copied(form)
            self._note_copied(broken_commits(self._server, hire, list(boundaries("psycopg")), self._seed))
            self._note_copied(storm(self._server, hire, 20 * self._rounds, self._seed))
            self._note_copied(upheaval(self._server, hire, "pg_terminate_backend", 10 * self._rounds, self._seed))

    def _clients(self) -> None:
        for driver in ("psycopg", "asyncpg"):
            url = self._server.url.replace("psycopg", driver)
            self._note(killed_clients(url, self._server.url, Stack(driver, None), 8 * self._rounds, self._seed))
        for driver in ("pysqlite", "aiosqlite"):
            with tempfile.TemporaryDirectory() as folder:
                url = f"sqlite+{driver}:///{folder}/bank.db"
                plain = f"sqlite:///{folder}/bank.db"
                self._note(killed_clients(url, plain, Stack(driver, None), 8 * self._rounds, self._seed))

    def _cancellations(self) -> None:
        for driver in ("psycopg", "asyncpg"):
            asyncio.run(self._cancel(self._server.url.replace("psycopg", driver)))

    async def _cancel(self, url: str) -> None:
        await asyncio.to_thread(self._open)
        async with AsyncDatabase(url, application_name=APPLICATION) as db:
            for way in WAYS:
                endings = self.report.cancelled.setdefault(way, [])
                endings += await at_every_suspension(db, self._server, way)
                endings += await after_every_step(db, self._server, way, stride=max(1, 10 // self._rounds))
                _say(f"{url.partition(':')[0]}, {way}: {len(endings)} points")

    def _crowds(self) -> None:
        self._open()
        crowd = asyncio.run(async_crowd(self._server.url.replace("psycopg", "asyncpg"), 10_000))
        self.report.crowds["10,000 tasks, asyncpg"] = crowd
        _say(str(crowd))
        self._open()
        self.report.crowds["200 threads, psycopg"] = sync_crowd(self._server.url, 10_000, 200)
        _say(str(self.report.crowds["200 threads, psycopg"]))

    def _open(self) -> None:
        open_bank(create_engine(self._server.url, poolclass=NullPool))

    def _note(self, result: Result) -> None:
        self.report.bank.append(result)
        _say(f"{result.scenario}, {result.stack}: {result.faults.total()} faults, {_verdict(result)}")

    def _note_copied(self, result: Result) -> None:
        self.report.copied.append(result)
        _say(f"as copied, {result.scenario}, {result.stack}: {result.faults.total()} faults, {_verdict(result)}")


def _verdict(result: Result) -> str:
    return "nothing lost, nothing doubled" if result.is_clean else f"{result.before} {result.after}"


def _say(sentence: str) -> None:
    sys.stdout.write(f"{time.strftime('%H:%M:%S')}  {sentence}\n")
    sys.stdout.flush()


def write_into(page: Path, tables: str) -> None:
    """Put the tables between the page's marks."""
    text = page.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    page.write_text(f"{before}{BEGIN}\n{tables}\n{END}{after}", encoding="utf-8")


def main() -> int:
    """Run, print the tables, write them where it is asked for; 1 when anything was lost, doubled or left behind."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--faults", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--write", type=Path, help="a page with the marks between which the tables stand")
    given = parser.parse_args()
    logging.disable(logging.CRITICAL)  # drivers and pools tell of each connection that was broken

    def tell(report: Report) -> None:
        if given.write is not None:
            write_into(given.write, report.markdown())

    with postgres() as server:
        report = Run(server, given.faults, given.seed, tell).all()
    sys.stdout.write(f"\n{report.markdown()}")
    return 0 if report.is_clean() else 1


if __name__ == "__main__":
    sys.exit(main())
