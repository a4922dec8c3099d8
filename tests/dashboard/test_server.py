"""Who may look at the dashboard: the person who got the address, in one browser, and nobody by another way."""

from __future__ import annotations

import asyncio
import http.client
from collections.abc import Iterator
from contextlib import closing
from urllib.parse import urlsplit

import pytest

from hermetic._dashboard.facts import Facts
from hermetic._dashboard.sending import WAITING, Sending
from hermetic._dashboard.server import Dashboard


@pytest.fixture
def dashboard() -> Iterator[Dashboard]:
    """A dashboard of a run that has not begun."""
    with Dashboard(Facts(), "python app.py") as dashboard:
        yield dashboard


def asked(dashboard: Dashboard, path: str, *, method: str = "GET", **headers: str) -> http.client.HTTPResponse:
    """The head of what the server answers, of which some goes on for ever."""
    port = urlsplit(dashboard.address).port
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
        connection.request(method, path, headers=headers)
        with closing(connection.getresponse()) as response:
            return response


def visited(dashboard: Dashboard) -> http.client.HTTPResponse:
    """The first visit by the address that was printed."""
    return asked(dashboard, f"/?{urlsplit(dashboard.address).query}")


def test_the_token_is_good_for_one_visit(dashboard: Dashboard) -> None:
    """It is changed for a cookie that no script and no other site gets; whoever comes second with it gets nothing."""
    first, second = visited(dashboard), visited(dashboard)
    cookie = first.getheader("Set-Cookie", "")
    again = asked(dashboard, "/", Cookie=cookie.partition(";")[0])

    assert (303, "/", 403, 200) == (first.status, first.getheader("Location"), second.status, again.status)
    assert {"HttpOnly", "SameSite=strict"} <= {part.strip() for part in cookie.split(";")}


@pytest.mark.parametrize(
    ("path", "status"), [("/", 403), ("/frames", 403), ("/main.js", 404), ("/?token=guessed", 403)]
)
@pytest.mark.parametrize("cookie", ["", "guessed", "gu\xe9ssed"])
def test_strangers_get_nothing(dashboard: Dashboard, path: str, status: int, cookie: str) -> None:
    """Neither the page nor what goes on, with no cookie or a wrong one."""
    assert status == asked(dashboard, path, Cookie=f"{dashboard.cookie}={cookie}").status


@pytest.mark.parametrize(
    ("host", "status"), [("127.0.0.1", 200), ("localhost", 200), ("evil.example", 400), ("127.0.0.1.evil.example", 400)]
)
def test_other_names_are_refused(dashboard: Dashboard, host: str, status: int) -> None:
    """A page that has pointed its own name at this machine cannot reach the dashboard by it, whatever it knows."""
    cookie = visited(dashboard).getheader("Set-Cookie", "").partition(";")[0]
    port = urlsplit(dashboard.address).port

    assert status == asked(dashboard, "/frames", Cookie=cookie, Host=f"{host}:{port}").status


@pytest.mark.parametrize("path", ["/", "/frames", "/main.js"])
def test_there_is_nothing_to_write(dashboard: Dashboard, path: str) -> None:
    """It can be looked at, and no more."""
    cookie = visited(dashboard).getheader("Set-Cookie", "").partition(";")[0]

    assert [405, 405, 405] == [
        asked(dashboard, path, method=each, Cookie=cookie).status for each in ("POST", "PUT", "DELETE")
    ]


def test_nothing_beside_the_page_is_given_out(dashboard: Dashboard) -> None:
    """No file outside of its folder, however it is spelt; what is given may not be kept or framed, nor run what is not its own."""
    cookie = visited(dashboard).getheader("Set-Cookie", "").partition(";")[0]
    beside = ["/..%2Fserver.py", "/%2e%2e", "/../server.py", "/page/main.js"]
    page = asked(dashboard, "/main.js", Cookie=cookie)

    assert [404, 404, 404, 404] == [asked(dashboard, path, Cookie=cookie).status for path in beside]
    assert (200, "no-store") == (page.status, page.getheader("Cache-Control"))
    assert {"default-src 'none'", "script-src 'self'", "frame-ancestors 'none'"} <= {
        part.strip() for part in page.getheader("Content-Security-Policy", "").split(";")
    }


def test_a_browser_that_is_too_slow_is_sent_away() -> None:
    """What waits for it is bounded; it comes back by itself, and begins with the last minute."""

    async def looked() -> list[bytes]:
        sending = Sending()
        for number in range(300):
            sending.put(b"past %d" % number)
        events = aiter(sending)
        got = [await anext(events) for _ in range(300)]
        for number in range(WAITING + 2):
            sending.put(b"frame %d" % number)
        return got + [each async for each in events]

    assert [b"past %d" % number for number in range(300)] == asyncio.run(looked())
