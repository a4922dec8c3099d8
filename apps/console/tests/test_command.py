"""The command: it starts with nothing said, says how to log in once, and says what is wrong in a sentence."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from hermetic_console.settings import LOOPBACK, BadSettings, from_environment

ENDS_WITHIN_S = 90
SMALL = {"CONSOLE_SAMPLE": "50"}


@contextmanager
def started(folder: Path, env: Mapping[str, str] = {}) -> Iterator[tuple[subprocess.Popen[str], list[str]]]:
    """The command, started in a folder, with the line that it prints when it listens; the others come at its end."""
    command = [sys.executable, "-m", "hermetic_console", "--port", "0"]
    environ = {**os.environ, **SMALL, **env}
    with subprocess.Popen(
        command, cwd=folder, env=environ, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline()]
        urllib.request.urlopen(lines[0].split()[-1] + "/health", timeout=60).close()
        yield process, lines
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        lines += process.stdout.read().splitlines()
        process.wait(ENDS_WITHIN_S)


def refused(folder: Path, env: Mapping[str, str], *options: str) -> tuple[int, str]:
    """How the command ends that cannot start: its exit code, and what it says."""
    command = [sys.executable, "-m", "hermetic_console", "--port", "0", *options]
    done = subprocess.run(
        command, cwd=folder, env={**os.environ, **SMALL, **env}, text=True, capture_output=True, timeout=120
    )
    return done.returncode, done.stderr


def test_first_start_tells_a_password_once(tmp_path: Path) -> None:
    """The first start makes the database in the folder and a password up; the second start says nothing of it."""
    with started(tmp_path) as (_, first):
        pass
    with started(tmp_path) as (_, second):
        pass

    assert (tmp_path / "console.db").exists()
    assert re.fullmatch(r"First start: log in as admin with the password (\w{4}-){4}\w{4}", first[1])
    assert [] == [line for line in second if "password" in line]


def test_password_from_the_environment_is_not_told(tmp_path: Path) -> None:
    """Who names the administrator and the password knows them."""
    with started(tmp_path, {"CONSOLE_ADMIN": "root", "CONSOLE_ADMIN_PASSWORD": "seven green bottles"}) as (_, lines):
        pass

    assert ("First start: log in as root with CONSOLE_ADMIN_PASSWORD.", False) == (lines[1], "bottles" in str(lines))


@pytest.mark.parametrize(("number", "codes"), [(signal.SIGTERM, {-signal.SIGTERM, 0}), (signal.SIGINT, {0})])
def test_signals_end_it_clean(tmp_path: Path, number: signal.Signals, codes: set[int]) -> None:
    """SIGTERM and Ctrl-C end it without a traceback."""
    with started(tmp_path) as (process, lines):
        process.send_signal(number)
        process.wait(ENDS_WITHIN_S)

    assert (True, []) == (process.returncode in codes, [line for line in lines if "Traceback" in line])


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("nonsense", "DATABASE_URL is no address of a database"),
        ("oracle://host/db", "names a driver that is not for asyncio|needs the package|cannot be used"),
        ("sqlite:////no/such/folder/console.db", "cannot be used: unable to open database file"),
        ("postgresql://me:hush@127.0.0.1:1/db", "cannot be used: connection"),
    ],
)
def test_wrong_database_is_told(tmp_path: Path, url: str, told: str) -> None:
    """A wrong address and a dead server get one sentence and the exit code 2; no traceback, no password."""
    code, said = refused(tmp_path, {"DATABASE_URL": url})

    assert (2, True, False, False, 1) == (
        code,
        bool(re.search(told, said)),
        "Traceback" in said,
        "hush" in said,
        len(said.strip().splitlines()),
    ), said


def test_port_that_is_taken_is_told(tmp_path: Path) -> None:
    """So does a port that somebody else listens at."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        code, said = refused(tmp_path, {}, "--port", str(other.getsockname()[1]))

    assert (2, True) == (code, "cannot be used: Address already in use" in said)


def test_environment_is_read() -> None:
    """Every setting has a name in the environment, and a safe default."""
    told = from_environment(
        {
            "DATABASE_URL": "postgresql://me@host/db",
            "CONSOLE_PROBE": "10.1.0.0/16, 127.0.0.1",
            "CONSOLE_HTTPS": "1",
            "CONSOLE_HOSTS": "console.example.com",
        }
    )
    default = from_environment({})

    assert ("postgresql+psycopg://me@host/db", True, "console.example.com") == (
        told.database_url,
        told.is_https,
        told.hosts[-1],
    )
    assert ["10.1.0.0/16", "127.0.0.1/32"] == [str(network) for network in told.probe_networks]
    assert (LOOPBACK, False, "") == (default.probe_networks, default.is_demo, default.admin_password)


@pytest.mark.parametrize("env", [{"CONSOLE_PROBE": "everywhere"}, {"CONSOLE_SAMPLE": "many"}])
def test_wrong_setting_is_told(env: dict[str, str]) -> None:
    """What cannot be used is told by name."""
    with pytest.raises(BadSettings, match=next(iter(env))):
        from_environment(env)
