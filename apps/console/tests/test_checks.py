"""Checks of servers: real connections on the loopback interface, in the background, and nowhere that is not allowed."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_network
from threading import Event, Thread

import pytest

from hermetic_console.models import Kind, Status
from hermetic_console.probe import Seen, Target, probe
from hermetic_console.settings import LOOPBACK

from .conftest import Browser

ENDS_WITHIN_S = 60


class Answers(BaseHTTPRequestHandler):
    """A web server that is well at `/up`, broken at `/broken`, and sends whoever asks for `/away` to another host."""

    def do_GET(self) -> None:
        self.send_response({"/up": 200, "/broken": 503, "/away": 302}.get(self.path, 404))
        if self.path == "/away":
            self.send_header("Location", "http://169.254.169.254/secrets")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def web_port() -> Iterator[int]:
    """The port of a web server."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


@contextmanager
def closed_port() -> Iterator[int]:
    """A port that nobody listens at, and that nobody else gets meanwhile."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        yield holder.getsockname()[1]


def seen(kind: Kind, host: str, port: int, path: str = "/", **more: object) -> tuple[Status, str]:
    """What a check sees, its latency left out."""
    found = asyncio.run(probe(Target(1, kind, host, port, path), **{"networks": LOOPBACK, **more}))
    return found.status, found.told


def test_http_server_that_is_up(web_port: int) -> None:
    """A real request gets a real answer, and the time that it took."""
    found = asyncio.run(probe(Target(1, Kind.HTTP, "localhost", web_port, "/up"), LOOPBACK))

    assert (Status.UP, "answers 200 OK") == (found.status, found.told)
    assert found.latency_ms is not None


@pytest.mark.parametrize(
    ("path", "status", "told"),
    [
        ("/broken", Status.DOWN, "answers 503 Service Unavailable"),
        ("/nothing", Status.DOWN, "answers 404 Not Found"),
        ("/away", Status.UP, "answers 302 Found"),
    ],
)
def test_http_answers(web_port: int, path: str, status: Status, told: str) -> None:
    """An answer of an error is one; a redirection is an answer that is not followed, wherever it leads."""
    assert (status, told) == seen(Kind.HTTP, "127.0.0.1", web_port, path)


def test_tcp_server_that_is_up(web_port: int) -> None:
    """A connection is opened and closed."""
    assert (Status.UP, "accepts connections") == seen(Kind.TCP, "127.0.0.1", web_port)


@pytest.mark.parametrize("kind", Kind)
def test_server_that_is_down(kind: Kind) -> None:
    """Nobody listens."""
    with closed_port() as port:
        assert (Status.DOWN, "connection refused") == seen(kind, "127.0.0.1", port)


def test_server_that_says_nothing() -> None:
    """A server that takes the connection and never answers is down when the time is over."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]

        assert (Status.DOWN, "no answer within 0.2 s") == seen(Kind.HTTP, "127.0.0.1", port, timeout_s=0.2)


def test_certificate_that_nobody_trusts(web_port: int) -> None:
    """HTTPS with a server that speaks none is down, in words."""
    assert Status.DOWN == seen(Kind.HTTPS, "127.0.0.1", web_port)[0]


@pytest.mark.parametrize(
    "host",
    ["10.0.0.1", "169.254.169.254", "192.168.0.1", "8.8.8.8", "0.0.0.0", "::ffff:10.0.0.1", "fd00::1", "2130706434.5"],
)
def test_only_what_is_allowed_is_reached(host: str) -> None:
    """By default a check reaches the loopback interface only: no cloud's metadata, nobody's inner network."""
    assert seen(Kind.HTTP, host, 80)[0] in (Status.BLOCKED, Status.DOWN)
    assert host == "2130706434.5" or seen(Kind.TCP, host, 80)[0] is Status.BLOCKED


def test_loopback_by_another_name_is_known(web_port: int) -> None:
    """An address of IPv4 inside of one of IPv6 is the address of IPv4."""
    assert Status.UP == seen(Kind.TCP, "::ffff:127.0.0.1", web_port)[0]


def test_networks_are_configured(web_port: int) -> None:
    """What CONSOLE_PROBE names is reached, and nothing else."""
    elsewhere = {"networks": (ip_network("10.0.0.0/8"),)}

    assert Status.BLOCKED == seen(Kind.TCP, "127.0.0.1", web_port, **elsewhere)[0]


def test_name_that_nobody_has() -> None:
    """A name that leads nowhere is told as such."""
    assert (Status.DOWN, "the name is not known") == seen(Kind.TCP, "no-such-host.invalid", 80)


def progress(browser: Browser, path: str) -> str:
    """The progress of a check, when it is over."""
    deadline = time.monotonic() + ENDS_WITHIN_S
    while time.monotonic() < deadline:
        page = browser.get(path, headers={"HX-Request": "true"}).text
        if "aria-busy" not in page:
            return page.split('<label for="progress">')[1].split("<")[0]
    raise AssertionError("the check does not end")


def test_check_server(admin: Browser, web_port: int) -> None:
    """One server is checked in the background; the row has what was seen, and nobody's edit was made void by it."""
    admin.rows(f"UPDATE servers SET port = {web_port}, path = '/up' WHERE name = 'docs'")
    row, version = admin.rows("SELECT id, version FROM servers WHERE name = 'docs'")[0]
    answer = admin.post(f"/servers/{row}/check", seen="/")
    told = progress(admin, answer.headers["location"])

    assert (303, "Checked 1 of 1") == (answer.status_code, told)
    assert [("up", "answers 200 OK", version)] == admin.rows(
        f"SELECT status, told, version FROM servers WHERE id = {row}"
    )


def test_check_all_servers(admin: Browser) -> None:
    """All are checked, some at a time; each gets a status, and the log says who asked."""
    answer = admin.post("/servers/check", seen="/")
    told = progress(admin, answer.headers["location"])

    assert "Checked 13 of 13" == told
    assert 0 == admin.value("SELECT count(*) FROM servers WHERE status = 'unknown' OR checked_at IS NULL")
    assert [("blocked",)] == admin.rows("SELECT status FROM servers WHERE name = 'ledger-db'")


def test_progress_is_seen_while_it_happens(admin: Browser) -> None:
    """Half-way the page says so; no connection is held by those that wait for an answer."""
    proceed, pool, held = Event(), admin.console.db.engine.pool, []

    async def slow(target: Target) -> Seen:
        held.append(pool.checkedout())
        while target.id > 5 and not proceed.is_set():
            await asyncio.sleep(0.01)
        return Seen(Status.UP, "well", 1)

    with_probe(admin, slow)
    path = admin.post("/servers/check", seen="/").headers["location"]
    page = ""
    deadline = time.monotonic() + ENDS_WITHIN_S
    while "Checking: 5 of 13" not in page and time.monotonic() < deadline:
        page = admin.get(path).text
    idle = pool.checkedout()
    proceed.set()
    over = progress(admin, path)

    assert ("Checking: 5 of 13" in page, 'hx-trigger="every 400ms"' in page, 0) == (True, True, idle)
    assert "Checked 13 of 13" == over


def test_broken_check_is_told(admin: Browser) -> None:
    """A fault in a check ends the run, which says that it was interrupted; nothing waits for ever."""

    async def broken(target: Target) -> Seen:
        raise RuntimeError(target.host)

    with_probe(admin, broken)
    path = admin.post("/servers/check", seen="/").headers["location"]

    assert "The check was interrupted at 0 of 13" == progress(admin, path)


def test_check_starts_when_its_row_is_kept(admin: Browser) -> None:
    """A check that could not be written down is not begun."""
    begun = []

    async def noting(target: Target) -> Seen:
        begun.append(target.id)
        return Seen(Status.UP, "well", 1)

    with_probe(admin, noting)
    answers = [admin.post("/servers/999/check", seen="/").status_code, admin.get("/servers/checks/999").status_code]

    assert ([404, 404], []) == (answers, begun)


def with_probe(browser: Browser, look: object) -> None:
    """Let the checks of a console look in another way."""
    browser.console.checker.look = look
