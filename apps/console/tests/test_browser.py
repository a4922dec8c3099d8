"""The document's testing checklist and the pages as people use them, in a real browser, with the watcher looking on."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

import pytest

from hermetic_console.settings import DEMO_PASSWORD

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

Check = Callable[["Page"], None]

PAGES = [
    "/",
    "/servers",
    "/servers/new",
    "/servers/1/edit",
    "/servers/1/remove",
    "/admin",
    "/admin/users",
    "/admin/users/new",
    "/admin/users/2/edit",
    "/admin/audit",
    "/profile",
    "/profile/edit",
    "/profile/password",
    "/nothing/here",
]


DEMO = {"CONSOLE_DEMO": "1", "CONSOLE_SAMPLE": "2000"}

Serving = Callable[..., AbstractContextManager[str]]


@pytest.fixture(scope="module")
def address(serve: Serving) -> Iterator[str]:
    """A console as users start it, a demo with a short audit log; the watcher's findings fail the tests."""
    with serve(["hermetic_console"], env=DEMO, ready="/health") as address:
        yield address


@pytest.fixture(scope="module")
def on_postgres(serve: Serving, postgres: str) -> Iterator[str]:
    """The same on PostgreSQL."""
    with serve(
        ["hermetic_console"], env={**DEMO, "DATABASE_URL": f"postgresql:{postgres}"}, ready="/health"
    ) as address:
        yield address


@pytest.fixture(params=["address", "on_postgres"], ids=["sqlite", "postgresql"])
def either(request: pytest.FixtureRequest) -> str:
    """The one, then the other."""
    return str(request.getfixturevalue(request.param))


def log_in(page: Page, address: str, name: str = "admin") -> None:
    page.goto(f"{address}/login")
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(DEMO_PASSWORD)
    page.get_by_role("button", name="Log in").click()


def heading(page: Page) -> str:
    return page.get_by_role("heading", level=1).inner_text()


def test_first_login_attempt_works_without_error(page: Page, either: str) -> None:
    """Checklist: first login attempt works without error."""
    log_in(page, either)

    assert ("Overview", f"{either}/") == (heading(page), page.url)


def test_second_login_attempt_works(page: Page, either: str) -> None:
    """Checklist: second login attempt works."""
    log_in(page, either)
    page.get_by_role("button", name="Log out").click()
    told = page.get_by_role("status").inner_text()
    log_in(page, either)

    assert ("You are logged out.", "Overview") == (told, heading(page))


def test_admin_page_loads_without_detached_instance_error(page: Page, either: str) -> None:
    """Checklist: admin page loads without DetachedInstanceError, and shows whom each entry of the log is by."""
    log_in(page, either)
    page.get_by_role("link", name="Administration").click()

    assert "Administration" == heading(page)
    assert page.get_by_role("cell", name="Administrator admin").count() > 0


def test_user_profile_page_loads_correctly(page: Page, either: str) -> None:
    """Checklist: user profile page loads correctly; it is edited and shows what was saved."""
    log_in(page, either, "olga")
    page.get_by_role("link", name="Olga Petrova").click()
    page.get_by_role("link", name="Edit").click()
    page.get_by_label("Full name").fill("Olga S. Petrova")
    page.get_by_role("button", name="Save").click()
    seen = page.get_by_role("definition").all_inner_texts()
    page.get_by_role("link", name="Edit").click()
    page.get_by_label("Full name").fill("Olga Petrova")
    page.get_by_role("button", name="Save").click()

    assert (["olga", "Olga S. Petrova", "olga@example.com", "operator"], "Profile") == (seen[:4], heading(page))


def test_server_management_operations_work(page: Page, either: str) -> None:
    """Checklist: server management operations work: add, check with progress, edit, filter, remove."""
    port = either.rpartition(":")[2]
    log_in(page, either)
    page.goto(f"{either}/servers/new")
    page.get_by_label("Name").fill("night-shift")
    page.get_by_label("Host").fill("127.0.0.1")
    page.get_by_label("Port").fill(port)
    page.get_by_label("Path").fill("/health")
    page.get_by_role("button", name="Add").click()
    page.get_by_role("button", name="Check night-shift").click()
    row = page.get_by_role("row").filter(has_text="night-shift")
    row.get_by_text("answers 200 OK").wait_for()
    page.get_by_role("link", name="Edit night-shift").click()
    page.get_by_label("Note").fill("Nobody is there")
    page.get_by_role("button", name="Save").click()
    page.get_by_role("searchbox").press_sequentially("nobody is")
    page.get_by_text("1 servers").wait_for(state="attached")
    page.get_by_role("link", name="Remove night-shift").click()
    page.get_by_role("button", name="Remove").click()

    assert "night-shift is removed." == page.locator(".note").inner_text()
    assert 0 == row.count()


def test_check_of_all_shows_progress(page: Page, address: str) -> None:
    """The button begins a check in the background; the table fills in without a reload."""
    log_in(page, address)
    page.goto(f"{address}/servers")
    page.evaluate("window.isStillHere = true")
    page.get_by_role("button", name="Check all").click()
    page.get_by_text(re.compile(r"Checked 13 of 13")).wait_for()
    statuses = page.locator("tbody .state").all_inner_texts()

    assert (13, True) == (len(statuses), page.evaluate("window.isStillHere"))
    assert {"up", "down", "blocked"} == set(statuses)


def test_error_is_told_as_a_page(page: Page, browser: Browser, address: str) -> None:
    """What HTMX cannot do replaces the content with a sentence: here somebody else has removed the server meanwhile."""
    log_in(page, address)
    page.goto(f"{address}/servers/new")
    page.get_by_label("Name").fill("short-lived")
    page.get_by_label("Host").fill("127.0.0.1")
    page.get_by_label("Port").fill("1")
    page.get_by_role("button", name="Add").click()
    context = browser.new_context(storage_state=page.context.storage_state())
    other = context.new_page()
    other.goto(page.url)
    other.get_by_role("link", name="Remove short-lived").click()
    other.get_by_role("button", name="Remove").click()
    other.get_by_text("short-lived is removed.").wait_for()
    context.close()
    page.get_by_role("button", name="Check short-lived").click()
    page.get_by_role("heading", name="Not found").wait_for()

    assert "This server is not there any more." in page.locator("main").inner_text()


def test_audit_log_is_searched_and_paged(page: Page, either: str) -> None:
    """Search, filters and pages change the table and the address, and the button for going back brings them back."""
    log_in(page, either)
    page.goto(f"{either}/admin/audit")
    first = page.locator("tbody tr").first.inner_text()
    page.get_by_role("link", name="Older").click()
    page.wait_for_url("**cursor=**")
    second = page.locator("tbody tr").first.inner_text()
    page.go_back()
    page.locator("a[rel=prev]").wait_for(state="detached")
    page.get_by_label("What").select_option("log-in failed")
    page.wait_for_url("**action=log-in+failed**")
    kinds = set(page.locator("td[data-label=What]").all_inner_texts())

    assert (False, {"log-in failed"}) == (first == second, kinds)


def test_everything_works_by_keyboard(page: Page, address: str) -> None:
    """Log in and reach the content with the keyboard alone; the focus is seen."""
    page.goto(f"{address}/login")
    page.keyboard.type("admin")
    page.keyboard.press("Tab")
    page.keyboard.type(DEMO_PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(f"{address}/")
    page.keyboard.press("Tab")
    skip = page.evaluate("document.activeElement.textContent")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")

    assert ("Skip to the content", "solid") == (skip, outline)


def test_pages_work_without_scripts(browser: Browser, address: str) -> None:
    """Without a script everything is there: forms are sent, and a check shows its progress by reloading."""
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    log_in(page, address)
    page.goto(f"{address}/servers?q=billing")
    page.get_by_role("button", name="Check billing-api").click()
    url = page.url
    context.close()

    assert re.fullmatch(rf"{address}/servers/checks/\d+", url)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_are_accessible(page: Page, address: str, accessible: Check, scheme: str) -> None:
    """Axe finds nothing on any page, in the light and in the dark."""
    page.emulate_media(color_scheme=scheme)
    page.goto(f"{address}/login")
    accessible(page)
    log_in(page, address)
    for path in PAGES:
        page.goto(address + path)
        accessible(page)


def test_pages_fit_a_phone(phone: Page, address: str, accessible: Check) -> None:
    """At a width of 390 pixels nothing sticks out to the side, on any page."""
    log_in(phone, address)
    wide = []
    for path in PAGES:
        phone.goto(address + path)
        if phone.evaluate("document.documentElement.scrollWidth") > 390:
            wide.append(path)

    assert [] == wide


def test_wrong_form_is_told_beside_the_field(page: Page, address: str, accessible: Check) -> None:
    """A field that is wrong says why, for those who hear the page too."""
    log_in(page, address)
    page.goto(f"{address}/servers/new")
    page.get_by_label("Name").fill("x")
    page.get_by_label("Host").fill("http://x")
    page.get_by_label("Port").fill("99999")
    page.get_by_role("button", name="Add").click()
    told = page.locator("#port-error").inner_text()
    accessible(page)

    assert ("Write a number up to 65535.", "port-error") == (
        told,
        page.get_by_label("Port").get_attribute("aria-describedby"),
    )


def test_pictures(page: Page, phone: Page, address: str, picture: Callable[..., None]) -> None:
    """The pictures of the README are what the pages look like now."""
    page.goto(f"{address}/login")
    picture(page, "log-in.png")
    log_in(page, address)
    page.goto(f"{address}/servers")
    page.get_by_role("button", name="Check all").click()
    page.get_by_text("Checked 13 of 13").wait_for()
    picture(page, "servers.png", full=True)
    page.goto(address)
    picture(page, "overview.png", full=True)
    page.goto(f"{address}/admin/audit?q=db")
    picture(page, "audit.png")
    page.emulate_media(color_scheme="dark")
    page.goto(f"{address}/admin/users")
    picture(page, "users-dark.png")
    log_in(phone, address)
    phone.goto(f"{address}/servers")
    picture(phone, "servers-phone.png")

    assert "Servers" == heading(phone)
