"""What strangers, other sites and the curious cannot do."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from hermetic_console.csrf import local_path
from hermetic_console.settings import DEMO_PASSWORD

from .conftest import HOST, Browser, Opening

PUBLIC = {"/login", "/logout", "/health"}

STATUS_OF = {
    "viewer": {"/": 200, "/servers": 200, "/servers/new": 403, "/admin": 403, "/admin/users": 403, "/admin/audit": 403},
    "operator": {
        "/": 200,
        "/servers": 200,
        "/servers/new": 200,
        "/admin": 403,
        "/admin/users": 403,
        "/admin/audit": 403,
    },
    "admin": {"/": 200, "/servers": 200, "/servers/new": 200, "/admin": 200, "/admin/users": 200, "/admin/audit": 200},
}
SOMEBODY = {"viewer": "victor", "operator": "olga", "admin": "admin"}


def routes(app: FastAPI, method: str) -> list[str]:
    """The paths that an application answers, with numbers in them."""
    paths = [path for path, methods in app.openapi()["paths"].items() if method.lower() in methods]
    return sorted(path.replace("{server_id}", "1").replace("{user_id}", "2").replace("{run_id}", "1") for path in paths)


@pytest.mark.parametrize("role", STATUS_OF)
def test_roles(browser_of: Callable[[str], Browser], role: str) -> None:
    """Viewers look, operators look after servers, administrators do everything."""
    browser = browser_of(SOMEBODY[role])

    assert STATUS_OF[role] == {path: browser.get(path).status_code for path in STATUS_OF[role]}


def test_viewers_change_nothing(browser_of: Callable[[str], Browser]) -> None:
    """A form that a viewer's pages do not have is refused when they send it all the same."""
    browser = browser_of("victor")
    asked = [
        "/servers/new",
        "/servers/1/edit",
        "/servers/1/remove",
        "/servers/check",
        "/admin/users/new",
        "/admin/users/2/password",
    ]

    assert dict.fromkeys(asked, 403) == {path: browser.post(path, seen="/").status_code for path in asked}


def test_strangers_see_the_log_in_page_only(opening: Opening) -> None:
    """Every page but the public ones leads whoever is not logged in to the log-in page."""
    browser = opening()
    paths = [path for path in routes(browser.client.app, "GET") if path not in PUBLIC]

    assert len(paths) > 10
    assert dict.fromkeys(paths, (303, "/login")) == {
        path: (answer.status_code, answer.headers.get("location", "").partition("?")[0])
        for path in paths
        if (answer := browser.get(path))
    }


@pytest.mark.parametrize("sent", [{}, {"csrf_token": ""}, {"csrf_token": "made up"}], ids=["none", "empty", "made up"])
def test_forms_of_other_sites_are_refused(admin: Browser, sent: dict[str, str]) -> None:
    """Whatever changes something wants the token of our own forms."""
    paths = routes(admin.client.app, "POST")
    answers = {path: admin.client.post(path, data=sent).status_code for path in paths}

    assert len(paths) > 9
    assert dict.fromkeys(paths, 403) == answers


def test_browsers_tell_where_a_form_comes_from(admin: Browser) -> None:
    """A form with the right token is refused when the browser says that another site sent it."""
    answer = admin.post("/servers/1/remove", seen="/", headers={"Sec-Fetch-Site": "cross-site"})

    assert (403, 1) == (answer.status_code, admin.value("SELECT count(*) FROM servers WHERE id = 1"))


def test_token_of_another_browser_is_refused(admin: Browser, opening: Opening) -> None:
    """A token is good for the browser that it was made for."""
    opening().get("/login")
    other = opening()
    theirs = other.get("/login").text.split('csrf_token" value="')[1].split('"')[0]

    assert 403 == admin.client.post("/servers/1/remove", data={"csrf_token": theirs}).status_code


def test_session_starts_anew_at_the_log_in(opening: Opening) -> None:
    """A cookie that was planted before the log-in is not logged in after it: no fixation."""
    browser = opening()
    browser.get("/login")
    planted = browser.client.cookies["console"]
    browser.log_in()
    attacker = opening()
    attacker.client.cookies.set("console", planted)

    assert planted != browser.client.cookies["console"]
    assert 303 == attacker.get("/").status_code


def test_changed_cookie_is_refused(admin: Browser) -> None:
    """The cookie is signed: one other letter in it, and nobody is logged in."""
    cookie = admin.client.cookies["console"]
    admin.client.cookies.clear()
    admin.client.cookies.set("console", ("x" if cookie[0] != "x" else "y") + cookie[1:])

    assert 303 == admin.get("/").status_code


def test_cookie_is_out_of_reach(opening: Opening) -> None:
    """Scripts cannot read the cookie, and other sites' forms do not send it; the database knows its hash only."""
    browser = opening()
    flags = browser.log_in().headers["set-cookie"].lower()

    assert ("httponly" in flags, "samesite=lax" in flags) == (True, True)
    assert 64 == len(browser.value("SELECT token_hash FROM sign_ins"))


@pytest.mark.parametrize(
    ("asked", "led_to"),
    [
        ("/servers?q=1", "/servers?q=1"),
        ("https://evil.example", "/"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("\\\\evil.example", "/"),
        ("/a\\b", "/"),
        ("/\t/evil.example", "/"),
        ("javascript:alert(1)", "/"),
        ("servers", "/"),
        ("", "/"),
    ],
)
def test_log_in_leads_nowhere_else(asked: str, led_to: str) -> None:
    """The address to go on to is a path of the console, or the first page: no open redirection."""
    assert led_to == local_path(asked)


def test_no_open_redirection(opening: Opening) -> None:
    """The same through the form, and for whoever is logged in already."""
    browser = opening()
    answer = browser.log_in(next="//evil.example")

    assert ("/", "/") == (
        answer.headers["location"],
        browser.get("/login?next=https://evil.example").headers["location"],
    )


@pytest.mark.parametrize("path", ["/", "/login", "/nothing/here", "/static/console.css", "/health", "/servers"])
def test_every_answer_has_the_headers(opening: Opening, path: str) -> None:
    """No answer leaves without a policy that allows no inline script or style, no frames, no guessing of types."""
    headers = opening().get(path).headers
    policy = headers["content-security-policy"]

    assert ("default-src 'none'" in policy, "unsafe" in policy, "frame-ancestors 'none'" in policy) == (
        True,
        False,
        True,
    )
    assert ("nosniff", "DENY", "same-origin") == (
        headers["x-content-type-options"],
        headers["x-frame-options"],
        headers["referrer-policy"],
    )


def test_other_host_names_are_refused(opening: Opening) -> None:
    """A name of somebody else that leads to the console's address is refused: no DNS rebinding."""
    assert 400 == opening().get("/login", headers={"Host": "evil.example"}).status_code


def test_huge_form_is_refused(opening: Opening) -> None:
    """Nobody fills the memory with one form."""
    browser = opening()

    assert 413 == browser.client.post("/login", data={"name": "x" * 100_000}).status_code


def test_what_people_type_is_text(admin: Browser) -> None:
    """Markup in a name is shown, not obeyed."""
    script = "<script>alert(1)</script>"
    admin.post("/servers/new", seen="/", name=script, kind="tcp", host="127.0.0.1", port=1)
    page = admin.get("/servers").text

    assert (False, True) == (script in page, "&lt;script&gt;alert(1)" in page)


def test_fault_tells_nothing(opening: Opening) -> None:
    """A fault of the console is told as one: no traceback, no SQL, and the headers are there."""
    browser = opening()

    @browser.client.app.get("/fault")
    async def fault() -> None:
        raise RuntimeError("SELECT value FROM kept")

    answer = TestClient(browser.client.app, base_url=HOST, raise_server_exceptions=False).get("/fault")

    assert (500, False) == (answer.status_code, "SELECT" in answer.text)
    assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_framework_tells_nothing(opening: Opening) -> None:
    """There is no description of the API, and an unknown address is told in a sentence."""
    browser = opening()
    answers = [browser.get(path) for path in ("/docs", "/openapi.json", "/redoc", "/nothing")]

    assert [404] * 4 == [answer.status_code for answer in answers]
    assert "There is nothing at this address." in answers[0].text


def test_password_stays_in_the_database(admin: Browser) -> None:
    """No page shows a password or its hash."""
    pages = [admin.get(path).text for path in ("/admin/users", "/profile", "/admin/users/2/edit", "/admin/audit")]

    assert [] == [page for page in pages if "argon2" in page or DEMO_PASSWORD in page]
