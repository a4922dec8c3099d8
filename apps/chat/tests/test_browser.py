"""The chat in a real browser: by mouse and keyboard, on a desk and a phone, in both languages, by day and night."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from apps.chat.tests.conftest import SECRET

if TYPE_CHECKING:
    from playwright.sync_api import Page

ELSEWHERE = re.compile(r"^(?!http://127\.0\.0\.1[:/]|data:)")
NASTY = "<img src=x onerror=document.title='owned'> **bold** [x](javascript:alert(1))"


@pytest.fixture(scope="module")
def address(
    serve: Callable[..., AbstractContextManager[str]], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The chat as users start it, under watch, with its own history and a server that is not there."""
    folder = tmp_path_factory.mktemp("chat")
    url = f"sqlite:///{folder / 'chat.db'}"
    environment = {
        "DATABASE_URL": url,
        "CHAT_SECRET": SECRET,
        "CHAT_START_TIMEOUT_S": "300",
        "PYTHONPATH": ":".join(it for it in sys.path if it),
    }
    own = {"command": sys.executable, "args": ["-m", "hermetic_chat", "mcp"], "env": environment, "identify": True}
    diary = {"command": sys.executable, "args": [str(Path(__file__).with_name("diary.py"))]}
    gone = {"url": "http://127.0.0.1:9/mcp"}
    servers = folder / "servers.json"
    servers.write_text(json.dumps({"mcpServers": {"history": own, "diary": diary, "calendar": gone}}), "utf-8")
    with serve(["hermetic_chat", "--servers", str(servers)], env=environment, ready="/health") as address:
        yield address


def sign_in(page: Page, address: str, name: str) -> Page:
    """Sign in with the keyboard."""
    page.set_default_timeout(60_000)
    page.goto(address)
    page.get_by_label(re.compile("Your name|Ваше имя")).fill(name)
    page.keyboard.press("Enter")
    page.locator("#text").wait_for()
    return page


def ask(page: Page, question: str) -> None:
    """Ask with the keyboard, and wait for the answer."""
    before = page.locator(".message.assistant:not([aria-busy])").count()
    page.locator("#text").fill(question)
    page.keyboard.press("Enter")
    page.locator(".message.assistant:not([aria-busy])").nth(before).wait_for()
    page.locator("#live").wait_for(state="detached")


def test_a_first_look(
    page: Page, address: str, accessible: Callable[[Page], None], picture: Callable[..., None]
) -> None:
    """One signs in by a name, and finds the chat that is going on, with the tools that were called for it."""
    page.goto(address)
    picture(page, "sign-in.png")
    accessible(page)
    sign_in(page, address, "Ada")
    accessible(page)

    assert "What did I say about the release?" == page.get_by_role("heading", level=1).inner_text()
    assert 1 == page.get_by_text("history · search_history").count()


def test_asking(page: Page, address: str, accessible: Callable[[Page], None], picture: Callable[..., None]) -> None:
    """A question is answered on the spot by a tool, the call can be opened, and all of it is there when loaded anew."""
    sign_in(page, address, "Ada")
    page.get_by_role("link", name="New chat").click()
    picture(page, "new-chat.png")
    accessible(page)
    page.get_by_role("button", name="What did I say about the spring release?").click()
    page.wait_for_url(re.compile(r"/chats/\d+"))
    page.locator(".message.assistant:not([aria-busy])").wait_for()
    ask(page, "Read the diary about the day 'Monday'")
    page.locator("summary", has_text="read_day").click()
    accessible(page)
    picture(page, "call.png")
    page.reload()

    assert 1 == page.get_by_text("The tools of “calendar” are not there").count()
    assert 1 == page.locator("blockquote", has_text="Monday: rested").count()
    assert 2 == page.locator("details.tool").count()


def test_the_keyboard_is_enough(page: Page, address: str) -> None:
    """Tab reaches the content first, focus is seen, Shift+Enter makes a line, Enter sends."""
    sign_in(page, address, "Grace")
    page.goto(f"{address}/chats/new")
    page.locator("#text").fill("one")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("two")
    lines = page.locator("#text").input_value()
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/chats/\d+"))
    page.locator("body").press("Tab")

    assert "one\ntwo" == lines
    assert "solid" == outline
    assert 1 == page.locator(".message.user", has_text="two").count()


def test_nothing_that_is_said_runs(page: Page, address: str) -> None:
    """What a user writes and a tool returns is shown as it is written, live and when loaded anew."""
    sign_in(page, address, "Eve")
    page.goto(f"{address}/chats/new")
    page.locator("#text").fill(NASTY)
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/chats/\d+"))
    page.locator(".message.assistant:not([aria-busy])").wait_for()
    ask(page, "Return markup")
    page.reload()
    links: list[Any] = page.eval_on_selector_all(".messages a", "all => all.map(each => each.protocol)")

    assert "owned" != page.title()
    assert 0 == page.locator(".messages img, .messages script").count()
    assert [] == [each for each in links if each not in ("http:", "https:")]
    assert NASTY == page.locator(".message.user").first.inner_text()


def test_two_users_see_their_own(page: Page, phone: Page, address: str) -> None:
    """What one says, the other's list, search and addresses do not show."""
    sign_in(page, address, "Alice")
    page.goto(f"{address}/chats/new")
    page.locator("#text").fill("my password is swordfish")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/chats/\d+"))
    secret = page.url
    sign_in(phone, address, "Mallory")
    phone.goto(f"{address}/search?q=swordfish")
    found = phone.locator(".found li").count()
    status = phone.goto(secret)

    assert 0 == found
    assert status is not None
    assert 404 == status.status
    assert 0 == phone.get_by_text("my password").count()


def test_a_phone_in_the_dark_in_russian(
    phone: Page, address: str, accessible: Callable[[Page], None], picture: Callable[..., None]
) -> None:
    """390 pixels are enough for every page, and the list of chats comes over it."""
    phone.emulate_media(color_scheme="dark")
    phone.goto(address)
    phone.get_by_role("button", name="Русский").click()
    sign_in(phone, address, "Борис")
    phone.goto(f"{address}/chats/new")
    phone.get_by_role("button", name="Что я говорил про поездку?").click()
    phone.wait_for_url(re.compile(r"/chats/\d+"))
    phone.locator(".message.assistant:not([aria-busy])").wait_for()
    picture(phone, "phone.png")
    widths = {}
    for path in ("/", "/chats/new", "/search?q=поездку", "/tools", "/profile"):
        phone.goto(address + path)
        accessible(phone)
        widths[path] = phone.evaluate("document.documentElement.scrollWidth")
    phone.get_by_role("button", name="Показать список чатов").click()
    accessible(phone)
    picture(phone, "phone-list.png")

    assert {390} == set(widths.values())
    assert phone.get_by_role("link", name="Новый чат").is_visible()


def test_a_chat_is_kept_in_order(page: Page, address: str, accessible: Callable[[Page], None]) -> None:
    """From its menu it is renamed, archived, taken back and deleted."""
    sign_in(page, address, "Linus")
    page.goto(f"{address}/chats/new")
    page.locator("#text").fill("Hello")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/chats/\d+"))
    menu = page.get_by_role("button", name="Rename, archive or delete this chat")
    menu.click()
    accessible(page)
    page.get_by_label("Title").fill("Renamed")
    page.get_by_role("button", name="Rename", exact=True).click()
    page.get_by_role("heading", name="Renamed").wait_for()
    menu.click()
    page.get_by_role("button", name="Archive this chat").click()
    page.get_by_text("Archive (1)").wait_for()
    menu.click()
    page.get_by_text("Delete this chat").click()
    page.get_by_role("button", name="Delete for ever").click()
    page.get_by_text("The chat was deleted.").wait_for()

    assert 0 == page.get_by_role("link", name="Renamed").count()


def test_the_other_pages(
    page: Page, address: str, accessible: Callable[[Page], None], picture: Callable[..., None]
) -> None:
    """Tools, search, profile and what is not there look finished, and ask nothing of anywhere else."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    sign_in(page, address, "Ada")
    for path, name in (("/tools", "tools.png"), ("/search?q=release", "search.png"), ("/profile", "profile.png")):
        page.goto(address + path)
        accessible(page)
        picture(page, name)
    page.goto(f"{address}/chats/4711")
    accessible(page)

    assert 1 == page.get_by_text("There is nothing here, or it is not yours.").count()
    assert [] == [url for url in asked if ELSEWHERE.search(url)]


def test_tasks_and_advisor_at_work(
    serve: Callable[..., AbstractContextManager[str]],
    tmp_path: Path,
    page: Page,
    accessible: Callable[[Page], None],
    picture: Callable[..., None],
) -> None:
    """As it comes, the chat works with the two other applications: it looks up, creates, completes and tells."""
    python = ":".join(it for it in sys.path if it)
    environment = {
        "DATABASE_URL": f"sqlite:///{tmp_path / 'chat.db'}",
        "PYTHONPATH": python,
        "CHAT_SECRET": SECRET,
        "CHAT_START_TIMEOUT_S": "300",
    }
    with serve(["hermetic_chat"], env=environment, ready="/health") as address:
        sign_in(page, address, "Grace")
        page.goto(f"{address}/chats/new")
        page.locator("#text").fill("Create a task 'Call Marek' with high priority")
        page.keyboard.press("Enter")
        page.wait_for_url(re.compile(r"/chats/\d+"))
        page.locator(".message.assistant:not([aria-busy])").wait_for()
        ask(page, "Complete the task 'Call Marek'")
        completed = page.locator(".message.assistant").last.inner_text()
        page.locator("summary", has_text="complete_task").click()
        ask(page, "Which goals does Marek have?")
        accessible(page)
        picture(page, "chat.png")

    assert "Status: done" in completed
    assert 1 == page.locator("th", has_text="Target").count()
    assert 2 == page.locator(".tool", has_text="get_").count()


def test_without_a_script_the_forms_do(browser: Any, address: str) -> None:
    """A browser that runs no scripts asks and is answered all the same. Any: Playwright's browser."""
    context = browser.new_context(java_script_enabled=False, locale="en-GB")
    page = sign_in(context.new_page(), address, "Plain")
    page.goto(f"{address}/chats/new")
    page.locator("#text").fill("Read the diary about the day 'Sunday'")
    page.get_by_role("button", name="Send").click()
    page.locator("blockquote", has_text="Sunday: rested").wait_for()
    shown = page.get_by_text("diary · read_day").count()
    context.close()

    assert 1 == shown
