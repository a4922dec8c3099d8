"""The pages in a real browser: the document's own steps, looks, keyboard, accessibility, and no request to elsewhere."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

PAGES = {
    "Overview": "",
    "Transactions": "transactions",
    "Goals": "goals",
    "Debts": "debts",
    "Advice": "advice",
    "Import": "statements",
    "Customer": "profile",
}
DESK = {"width": 1280, "height": 800}
PICTURE = {"width": 1280, "height": 960}
PHONE = {"width": 390, "height": 844}
WAIT_MS = 45_000


@pytest.fixture(scope="module")
def address(
    serve: Callable[..., AbstractContextManager[str]], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The advisor as users start it, under watch, with its first customers."""
    folder = tmp_path_factory.mktemp("advisor")
    with serve(["hermetic_advisor"], env={"DATABASE_URL": f"sqlite:///{folder}/advisor.db"}) as address:
        yield address


def visit(page: Page, address: str) -> Page:
    """A page that has run to its end, its charts drawn."""
    page.set_default_timeout(WAIT_MS)
    page.goto(address)
    page.get_by_role("heading", level=1).wait_for()
    return settled(page)


def settled(page: Page) -> Page:
    """The page when its script is done and nothing is loading any more."""
    page.wait_for_function(
        "document.querySelector('[data-test-script-state]')?.dataset.testScriptState === 'notRunning'"
    )
    page.wait_for_function("!document.querySelector('[data-testid=stSkeleton]')")
    return page


def test_create_a_customer(address: str, page: Page) -> None:
    """How to test, as the document has it: the sidebar, the form, the message, the selection."""
    visit(page, address)
    page.get_by_role("combobox", name="Customer").click()
    page.get_by_role("option", name="Create New Customer").click()
    page.get_by_role("textbox", name="Name").fill("![](http://evil.example/x.png) :red[*Zoe*]")
    page.get_by_role("textbox", name="Email").fill("zoe@example.org")
    page.get_by_role("textbox", name="Income").fill("2,400.50")
    asked = watch_requests(page)
    page.get_by_role("button", name="Create Customer").click()
    page.get_by_text("Customer created: ![](http://evil.example/x.png) :red[*Zoe*]").wait_for()
    settled(page)

    assert "![](http://evil.example/x.png) :red[*Zoe*]" == page.get_by_role("heading", level=1).inner_text()
    assert "![](http://evil.example/x.png) :red[*Zoe*]" == page.get_by_role("combobox", name="Customer").input_value()
    assert set() == {host for host in asked if not host.startswith("127.0.0.1")}


def watch_requests(page: Page) -> set[str]:
    """The hosts that a page asks from here on."""
    hosts: set[str] = set()
    page.on("request", lambda request: hosts.add(request.url.partition("://")[2].partition("/")[0]))
    return hosts


def test_every_page_is_accessible(address: str, page: Page, accessible: Callable[..., None]) -> None:
    """Axe finds nothing, nothing scrolls sideways at 390 pixels, and the page asks nobody but its own server.

    But for the drop zone of Streamlit's file uploader: it has a label and the role of a decoration at once.
    """
    asked = watch_requests(page)
    visit(page, f"{address}/?customer=1")
    widths = {}
    for name in PAGES:
        page.get_by_role("link", name=name).click()
        page.wait_for_url(re.compile(f"/{PAGES[name]}[?]"))
        settled(page)
        accessible(page, but=["presentation-role-conflict"] if name == "Import" else [])
        page.set_viewport_size(PHONE)
        widths[name] = page.evaluate("document.documentElement.scrollWidth")
        page.set_viewport_size(DESK)

    assert dict.fromkeys(PAGES, 390) == widths
    assert {address.removeprefix("http://")} == asked


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_colours_follow_the_system(address: str, browser: Browser, scheme: str) -> None:
    """Dark where the user's system is."""
    context = browser.new_context(color_scheme=scheme)  # type: ignore[arg-type]  # one of both
    page = visit(context.new_page(), address)
    red, *_ = map(
        int, re.findall(r"\d+", page.evaluate("getComputedStyle(document.querySelector('.stApp')).backgroundColor"))
    )
    context.close()

    assert (scheme == "dark") == (red < 128)


def test_the_keyboard_is_enough(address: str, page: Page) -> None:
    """A goal is added without a mouse, and what has the focus looks different."""
    visit(page, f"{address}/goals?customer=2")
    target = page.get_by_role("textbox", name="Target").last
    frame = "box => getComputedStyle(box.closest('[data-testid=stTextInputRootElement]')).borderColor"
    idle = target.evaluate(frame)
    page.get_by_role("textbox", name="Name").last.focus()
    page.keyboard.type("Piano")
    for _ in range(6):
        page.keyboard.press("Tab")
        if target.evaluate("box => box === document.activeElement"):
            break
    page.wait_for_function("document.getAnimations().every(each => each.playState !== 'running')")
    focused = target.evaluate(frame)
    page.keyboard.type("3000")
    page.keyboard.press("Enter")
    page.get_by_text("Goal added: Piano").wait_for()

    assert idle != focused


def test_a_statement_is_imported(address: str, page: Page, tmp_path: Path) -> None:
    """Bad lines are shown; mended, the file goes in, and is known when it comes again."""
    file = tmp_path / "october.csv"
    for text, answer in (
        ("2026-10-01,1.234,Lamp\n", "1 line cannot be read, so nothing is imported."),
        ("2026-10-01,-3.20,Lamp\n2026-10-02,-3.20,=Oil\n", "All 2 lines can be read."),
    ):
        file.write_text(f"date,amount,description\n{text}", encoding="utf-8")
        visit(page, f"{address}/statements?customer=3")
        page.locator("input[type=file]").set_input_files(file)
        page.get_by_text(answer).wait_for()
    page.get_by_role("button", name="Import 2 transactions").click()
    page.get_by_text("Imported october.csv: 2 added").wait_for()
    settled(page)
    page.get_by_role("button", name="Import 2 transactions").click()
    page.get_by_text("This file was imported on").wait_for()


def test_two_users_at_once(address: str, browser: Browser) -> None:
    """Two browsers with two customers: each stays with its own, and sees what the other added."""
    contexts = [browser.new_context() for _ in range(2)]
    one, other = (
        visit(each.new_page(), f"{address}/debts?customer={key}") for key, each in enumerate(contexts, start=1)
    )
    for page, name in ((one, "Loan one"), (other, "Loan two")):
        for label, text in (("Name", name), ("Balance", "100"), ("Percent a year", "3"), ("Minimum a month", "10")):
            page.get_by_role("textbox", name=label, exact=True).last.fill(text)
    for page in (one, other):
        page.get_by_role("button", name="Add debt").click()
    for page, name in ((one, "Loan one"), (other, "Loan two")):
        page.get_by_text(f"Debt added: {name}").wait_for()
    third = visit(contexts[0].new_page(), f"{address}/debts?customer=2")
    third.get_by_text("Loan two").wait_for()
    seen = [one.get_by_text("Loan two").count(), other.get_by_text("Loan one").count()]
    for each in contexts:
        each.close()

    assert [0, 0] == seen


def test_pictures(address: str, page: Page, phone: Page, picture: Callable[..., None]) -> None:
    """The pictures of the README: what a newcomer sees first."""
    visit(page, f"{address}/advice?customer=1")
    page.get_by_role("button", name="Get advice").click()
    page.get_by_text("Advice is ready").wait_for()
    page.set_viewport_size(PICTURE)
    page.get_by_text("Where these numbers come from").first.click()
    page.get_by_text("Share that is left").wait_for()
    page.wait_for_function("document.getAnimations().every(each => each.playState !== 'running')")
    picture(page, "advice.png")
    visit(page, f"{address}/?customer=1")
    page.locator("[data-testid=stVegaLiteChart] canvas, [data-testid=stVegaLiteChart] svg").nth(1).wait_for()
    picture(page, "overview.png")
    visit(phone, f"{address}/goals?customer=1")
    picture(phone, "phone.png")

    assert ["Ada Okafor", "Goals"] == [each.get_by_role("heading", level=1).inner_text() for each in (page, phone)]
