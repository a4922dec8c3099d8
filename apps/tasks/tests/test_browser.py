"""The pages as people see them, in a browser, from an application that runs under watch."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

expect = pytest.importorskip("playwright.sync_api", reason="playwright is not installed").expect

COLUMN = "#tasks .task"


@pytest.fixture(scope="module")
def address(serve: Callable[..., Any]) -> Iterator[str]:
    """The application on a database of its own."""
    with serve(["hermetic_tasks"], env={"DATABASE_URL": "sqlite:///browser.db"}) as address:
        yield address


def test_landing_page(page: Any, address: str, accessible: Any, picture: Any) -> None:
    """It tells what this is, and shows the newest tasks with their owners."""
    page.goto(address)
    expect(page.locator(COLUMN)).to_have_count(8)
    expect(page.locator("#live")).to_have_text("live")
    expect(page.locator(COLUMN).nth(1)).to_contain_text("Compare the prices of the two text message services")
    expect(page.locator(COLUMN).nth(1)).to_contain_text("Ingrid Vogel")
    accessible(page)
    picture(page, "landing.png", full=True)

    assert "Hermetic tasks" == page.title()


def test_phone(phone: Any, address: str, accessible: Any, picture: Any) -> None:
    """Nothing sticks out of a phone's width."""
    phone.goto(address)
    expect(phone.locator(COLUMN)).to_have_count(8)
    accessible(phone)
    picture(phone, "phone.png", full=True)

    assert phone.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_dark(browser: Any, address: str, accessible: Any, picture: Any) -> None:
    """Who prefers dark gets it, legibly."""
    context = browser.new_context(color_scheme="dark", viewport={"width": 1280, "height": 800}, reduced_motion="reduce")
    page = context.new_page()
    page.goto(address)
    expect(page.locator(COLUMN)).to_have_count(8)
    accessible(page)
    picture(page, "dark.png", full=True)
    context.close()


def test_add_and_finish(page: Any, address: str) -> None:
    """A task is added and finished with the keyboard alone, and the list follows."""
    page.goto(address)
    page.get_by_label("New task").focus()
    page.keyboard.type("Water the plants")
    page.keyboard.press("Enter")
    expect(page.locator("#notice")).to_have_text("Added “Water the plants”.")
    box = page.get_by_label("Water the plants", exact=True)
    box.focus()
    page.keyboard.press("Space")
    expect(page.locator(COLUMN).first).to_have_class(re.compile("is-done"))
    page.get_by_role("button", name="Done").click()
    expect(page.locator(COLUMN).first).to_contain_text("Water the plants")

    assert "done" == page.request.get(f"{address}/tasks/pages?size=1").json()["items"][0]["status"]


def test_a_taken_title_is_told(page: Any, address: str) -> None:
    """An error is told in words, where it happened."""
    page.goto(address)
    page.get_by_label("New task").fill("Order chairs for the new room")
    page.get_by_role("button", name="Add task").click()

    expect(page.locator("#notice.bad")).to_contain_text("There is one already")


def test_somebody_was_faster(page: Any, address: str) -> None:
    """What another one has changed meanwhile is not overwritten: it is told, and shown as it is now."""
    page.goto(address)
    expect(page.locator(COLUMN)).to_have_count(8)
    page.evaluate("document.hidden || Object.defineProperty(document, 'hidden', {value: true})")
    key = page.locator(COLUMN).nth(4).get_attribute("data-key")
    change = {"title": "Changed by somebody else"}
    page.request.patch(f"{address}/tasks/{key}", data=change, headers={"If-Match": "*"})
    page.locator(f"#task-{key}").click()
    expect(page.locator("#notice.bad")).to_contain_text("It was changed meanwhile")

    expect(page.locator(f"[data-key='{key}'] label")).to_have_text("Changed by somebody else")


def test_more_and_none(page: Any, address: str, picture: Any) -> None:
    """There is more on demand, a list without tasks says so, and so does a service that does not answer."""
    page.goto(address)
    page.get_by_role("button", name="Show more").click()
    expect(page.locator(COLUMN)).not_to_have_count(8)
    page.route("**/tasks/pages?*", lambda route: route.fulfill(json={"items": [], "next": None, "previous": None}))
    page.get_by_role("button", name="In progress").click()
    expect(page.locator("#empty")).to_be_visible()
    page.route("**/tasks/pages?*", lambda route: route.abort())
    page.get_by_role("button", name="To do").click()
    expect(page.locator("#live")).to_have_text("not answering")
    expect(page.locator("#notice.bad")).to_contain_text("does not answer")


def test_reference(page: Any, address: str, accessible: Any, picture: Any) -> None:
    """The reference of the API comes from the application alone, and can be tried."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{address}/docs")
    expect(page.locator(".opblock").first).to_be_visible()
    expect(page.get_by_role("region", name="About this API")).to_be_visible()
    accessible(page)
    picture(page, "reference.png")

    assert [] == [url for url in asked if not url.startswith((address, "data:"))]
