"""A MariaDB of our own, for every folder of tests: Debian's package, or any server whose address is in MARIADB_URL."""

from __future__ import annotations

import getpass
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pymysql
import pytest
from sqlalchemy import String, make_url
from sqlalchemy.ext.compiler import compiles

from tests.faults.wire import MariaDBTalk

READY_S = 60.0

OPTIONS = ("--skip-networking", "--debug-no-sync", "--skip-log-bin", "--innodb-buffer-pool-size=64M")
"""A killed process loses nothing that it wrote, so waiting for the disk would test nothing."""


@compiles(String, "mysql", "mariadb")
def _with_a_length(kind: String, compiler: Any, **how: Any) -> str:  # Any: the compiler of whichever dialect
    """The shop's texts have no length, which is what the other databases are used to."""
    return str(compiler.visit_VARCHAR(kind if kind.length else String(255), **how))


class MariaDB:
    """A running MariaDB, reached through a socket in a folder."""

    talk = MariaDBTalk
    label = ", MariaDB"
    bank = "bank"

    def __init__(self, program: str, folder: Path, user: str) -> None:
        self._program = program
        self._folder = folder
        self._user = user
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def socket(self) -> str:
        """The path of the socket that it listens on."""
        return str(self._folder / "socket")

    @property
    def url(self) -> str:
        """The address of the bank in it, past every proxy."""
        return f"mariadb+pymysql://root@localhost/{self.bank}?unix_socket={self.socket}"

    def upheavals(self, _application: str) -> dict[str, tuple[Callable[[], bool], float]]:
        """What can befall it, and how many seconds to leave it alone before."""
        return {"KILL of a connection": (self.kill_connection, 0.02), "kill -9 of the server": (self.kill, 0.2)}

    def start(self) -> None:
        """Start it, and wait until it answers."""
        told = [f"--datadir={self._folder}/data", f"--socket={self.socket}", f"--pid-file={self._folder}/pid"]
        command = [self._program, "--no-defaults", f"--user={self._user}", *told, *OPTIONS]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self._wait_until_ready()

    def stop(self) -> None:
        self._end(signal.SIGTERM)

    def kill(self) -> bool:
        """kill -9 of the server, which comes back through crash recovery."""
        self._end(signal.SIGKILL)
        self.start()
        return True

    def kill_connection(self) -> bool:
        """End one connection as an administrator would, one that is at work if there is any."""
        rows = self.ask(
            "SELECT id FROM information_schema.processlist WHERE id <> connection_id() AND db IS NOT NULL"
            " ORDER BY command = 'Query' DESC, rand() LIMIT 1"
        )
        for (number,) in rows:
            try:
                self.ask(f"KILL {number}")
            except pymysql.MySQLError:
                return False  # it has ended by itself
        return bool(rows)

    def ask(self, question: str, *given: object) -> list[tuple[Any, ...]]:
        """Rows straight from the server. Any: columns of whatever type."""
        with pymysql.connect(unix_socket=self.socket, user="root", autocommit=True) as connection:
            cursor = connection.cursor()
            cursor.execute(question, given or None)
            return list(cursor.fetchall())

    def _wait_until_ready(self) -> None:
        """Until it listens; pymysql itself leaves a socket open that could not connect."""
        deadline = time.monotonic() + READY_S
        while True:
            with socket.socket(socket.AF_UNIX) as probe:
                if probe.connect_ex(self.socket) == 0:
                    return
            if time.monotonic() > deadline:
                raise RuntimeError((self._folder / "log").read_text()[-2000:])
            time.sleep(0.05)

    def _end(self, way: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(way)
        self._process.wait()


def installed() -> str | None:
    """Where the server's program is."""
    return shutil.which("mariadbd") or shutil.which("mariadbd", path="/usr/sbin")


@contextmanager
def mariadb() -> Iterator[MariaDB]:
    """A server that nobody else uses; as root it runs under the user that the package makes."""
    program = installed()
    assert program is not None
    user = "mysql" if os.getuid() == 0 else getpass.getuser()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder = Path(name)
        if os.getuid() == 0:
            shutil.chown(folder, user)
        make = ["mariadb-install-db", "--no-defaults", f"--user={user}", f"--datadir={folder}/data", "--skip-test-db"]
        how = ["--auth-root-authentication-method=normal", "--skip-name-resolve"]
        subprocess.run([*make, *how], check=True, capture_output=True)
        server = MariaDB(program, folder, user)
        server.start()
        try:
            yield server
        finally:
            server.stop()


@pytest.fixture(scope="session")
def mariadb_server() -> Iterator[str]:
    """What `mariadb` makes databases in: an address without a scheme and a database; skipped where there is none."""
    given = os.environ.get("MARIADB_URL")
    if given:
        yield make_url(given).set(database="").render_as_string(hide_password=False).partition(":")[2]
        return
    if installed() is None:
        pytest.skip("MariaDB is not installed: apt-get install mariadb-server, or name one by MARIADB_URL")
    with mariadb() as server:
        yield f"//root@localhost/?unix_socket={server.socket}"


@pytest.fixture(scope="module", name="mariadb")
def mariadb_database(mariadb_server: str, request: pytest.FixtureRequest) -> str:
    """The address of a database for the tests of a module, empty at first, without a scheme."""
    url = make_url(f"mariadb+pymysql:{mariadb_server}")
    database = request.module.__name__.replace(".", "_")
    how: dict[str, Any] = {"host": url.host, "port": url.port or 3306, "user": url.username}  # Any: as pymysql takes it
    with pymysql.connect(**how, password=url.password or "", **url.query) as connection:
        connection.cursor().execute(f"CREATE OR REPLACE DATABASE {database}")
    return url.set(database=database).render_as_string(hide_password=False).partition(":")[2]
