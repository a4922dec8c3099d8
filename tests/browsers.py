"""A real browser for tests: Debian's Chromium, driven by Playwright, with pages of a desk's and of a phone's width."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

QUIET = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"]
QUIET += ["--disable-component-update", "--disable-sync", "--no-first-run"]
DESK = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 844}


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of Debian's Chromium, which is installed where that is possible."""
    if shutil.which("chromium") is None and shutil.which("apt-get") and os.geteuid() == 0:
        subprocess.run(["apt-get", "install", "--yes", "--quiet", "chromium"], stdout=subprocess.DEVNULL, check=False)
    found = shutil.which("chromium") or shutil.which("google-chrome")
    if found is None:
        pytest.skip("there is no Chromium here, and it cannot be installed: apt-get install chromium")
    return found


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    """A browser for the tests of a module.

    Playwright's loop is the thread's running one while it lives: no test that needs a loop of its own is in such a module.
    """
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=QUIET)
        yield browser
        browser.close()


@contextmanager
def opened(browser: Browser, viewport: dict[str, int]) -> Iterator[Page]:
    """A page of its own, without cookies; an error in its scripts fails the test."""
    context = browser.new_context(viewport=viewport, locale="en-GB", reduced_motion="reduce")
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    context.close()

    assert [] == errors


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page of a desk's width."""
    with opened(browser, DESK) as page:
        yield page


@pytest.fixture
def phone(browser: Browser) -> Iterator[Page]:
    """A page of a phone's width."""
    with opened(browser, PHONE) as page:
        yield page


@pytest.fixture
def accessible() -> Callable[..., None]:
    """`accessible(page)` fails the test when axe finds a violation on the page as it is shown.

    `accessible(page, but=["rule"])` is for what a framework's own markup breaks, and no page of ours can mend.
    """
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()

    def check(page: Page, but: Sequence[str] = ()) -> None:
        violations = [it for it in axe.run(page).response["violations"] if it["id"] not in but]

        found = [f"{it['id']}: {node['html']}" for it in violations for node in it["nodes"]]

        assert [] == found, "\n".join(found)

    return check
