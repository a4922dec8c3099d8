"""The dashboard as people see it: in a browser, while a program runs below it."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.watch.running import answer, argv, free_port

from .conftest import Obedient, looked_at

pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

from playwright.sync_api import expect

if TYPE_CHECKING:
    from playwright.sync_api import Page

PATIENCE_MS = 30_000
expect.set_options(timeout=PATIENCE_MS)

PAGE = Path(__file__).resolve().parents[2] / "src" / "hermetic" / "_dashboard" / "page"


def choose(page: Page, *keys: str) -> None:
    """Go from transaction to transaction by keys."""
    page.locator("#scroller").focus()
    for key in keys:
        page.keyboard.press(key)


def test_who_holds_a_connection(page: Page, program: Obedient) -> None:
    """The thread, since when, and the line that took it; it is gone when it is given back."""
    page.goto(program.address)
    held = page.locator("#connections tbody")
    expect(held).to_have_text("No connection is out of its pool.")
    program.do("hold clerk", "hold cashier")
    expect(held.locator("tr")).to_have_count(2)
    expect(held.locator("tr").first).to_contain_text("clerk")
    expect(held.locator("tr").first).to_contain_text('session.execute(text("SELECT count(*) FROM orders"))')
    expect(held.locator("tr").first).to_contain_text("obedient.py:57 in hold.work")
    expect(page.locator("#connection-count")).to_have_text("2")
    program.do("release clerk")

    expect(held.locator("tr")).to_have_count(1)
    expect(held).to_contain_text("cashier")


def test_a_finding_and_its_statements(page: Page, program: Obedient) -> None:
    """As it happens, with its count and its story; the group of statements is on top of the others."""
    page.goto(program.address)
    expect(page.locator("#finding-list")).to_have_text("Nothing was found so far.")
    program.do("names", "names")
    found = page.locator(".finding")
    expect(found).to_have_count(1)
    expect(found.locator(".often")).to_have_text("20 ×")
    found.locator("summary").click()
    expect(found.locator(".story")).to_contain_text(
        "return [order.customer.name for order in session.scalars(select(Order))]"
    )
    expect(found).to_contain_text("hermetic explain n-plus-one")
    worst = page.locator("#statements tbody tr").first

    expect(worst).to_contain_text("N+1: up to 10 times in one transaction")
    expect(worst).to_contain_text("FROM customers WHERE")
    expect(worst.locator("td").first).to_have_text("20")


def test_the_chosen_transaction(page: Page, program: Obedient) -> None:
    """Keys go from one to the next, and what is known of it is told, while it is open and after."""
    page.goto(program.address)
    program.do("hold clerk")
    expect(page.locator("#connections tbody")).to_contain_text("clerk")
    choose(page, "ArrowDown", "ArrowDown", "ArrowRight")
    chosen = page.locator("#chosen")
    expect(chosen).to_contain_text("clerk (thread) of pid")
    expect(chosen).to_contain_text("open, begun at obedient.py:57")
    program.do("release clerk")

    expect(chosen).to_contain_text("closed after")
    choose(page, "Escape")
    expect(chosen).to_be_empty()


def test_looking_back(page: Page, program: Obedient) -> None:
    """What was so some seconds ago is shown as it was, and the present goes on behind it."""
    page.goto(program.address)
    held = page.locator("#connections tbody")
    program.do("hold clerk")
    expect(held).to_contain_text("clerk")
    page.keyboard.press("Space")
    expect(page.locator("#state")).to_have_text("paused")
    program.do("release clerk", "names")
    expect(held).to_contain_text("clerk")
    expect(page.locator("#finding-count")).to_have_text("0")
    page.get_by_role("button", name="Back to now").click()
    expect(held).to_have_text("No connection is out of its pool.")
    expect(page.locator("#finding-count")).to_have_text("1")
    page.locator("#scrub").focus()
    for _ in range(60):
        page.keyboard.press("ArrowLeft")

    expect(page.locator("#scrubbed")).to_have_text("12 s ago")
    expect(page.locator("#state")).to_have_text("paused")


def test_a_process_that_is_killed(page: Page, program: Obedient) -> None:
    """Its lanes end where it ended, and the page says how the program ended."""
    page.goto(program.address)
    program.do("hold clerk")
    expect(page.locator("#connections tbody")).to_contain_text("clerk")
    program.die()
    expect(page.locator("#state")).to_have_text("ended with exit code 137")
    expect(page.locator("#connection-count")).to_have_text("0")
    choose(page, "ArrowDown", "ArrowDown", "ArrowRight")

    expect(page.locator("#chosen")).to_contain_text("process ended after")


def test_workers(page: Page, tmp_path: Path) -> None:
    """Every worker has lanes of its own; a request is named by its method and path."""
    port = free_port()
    command = argv(f"uvicorn api:app --workers 2 --port {port}")
    with looked_at(tmp_path, *command) as program:
        page.goto(program.address)
        answer(f"http://127.0.0.1:{port}/names")
        expect(page.locator("#process-count")).to_have_text("2")
        expect(page.locator("#finding-count")).to_have_text("1")
        expect(page.locator("#slowest tbody")).to_contain_text("GET /names")
        program.run.ended(signal.SIGTERM)

        expect(page.locator("#state")).to_contain_text("ended with exit code")


def test_reload(page: Page, tmp_path: Path) -> None:
    """A server that reloads is one process after the other, and the page stays what it is."""
    port = free_port()
    command = argv(f"uvicorn api:app --reload --port {port}")
    with looked_at(tmp_path, *command) as program:
        page.goto(program.address)
        before = answer(f"http://127.0.0.1:{port}/names")[-1]
        expect(page.locator("#finding-count")).to_have_text("1")
        (tmp_path / "api.py").write_text((tmp_path / "api.py").read_text("utf-8") + "\n# edited\n", "utf-8")
        program.run.line("watching pid")
        program.run.line("watching pid")
        after = answer(f"http://127.0.0.1:{port}/names")[-1]
        expect(page.locator(".often")).to_have_text("10 ×")
        program.run.ended(signal.SIGTERM)

    assert before != after


def test_what_to_do_where_nothing_is_seen(page: Page, tmp_path: Path) -> None:
    """Before there is a process to watch, and before it uses a session."""
    wait = "input(); import sqlalchemy.orm; input()"
    with looked_at(tmp_path, sys.executable, "-c", wait) as program:
        page.goto(program.address)
        title = page.locator("#empty-title")
        expect(title).to_have_text("Waiting for a Python that imports SQLAlchemy")
        assert program.run.process.stdin
        program.run.process.stdin.write("\n")
        program.run.process.stdin.flush()

        expect(title).to_have_text("Watching; no session was used so far")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everybody_can_use_it(
    page: Page,
    phone: Page,
    program: Obedient,
    accessible: Callable[[Page], None],
    picture: Callable[..., None],
    scheme: str,
) -> None:
    """In both schemes, on a desk and on a phone: axe finds nothing to say, and nothing is wider than the screen."""
    program.do("hold clerk", "names", "names")
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]  # one of the two that there are
    page.goto(program.address)
    expect(page.locator(".finding")).to_have_count(1)
    page.locator(".finding summary").click()
    choose(page, "ArrowDown", "ArrowDown", "ArrowRight")
    expect(page.locator("#chosen")).to_contain_text("clerk")
    accessible(page)
    phone.context.add_cookies(page.context.cookies())  # type: ignore[arg-type]  # as they came
    phone.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]  # see above
    phone.goto(program.address.partition("?")[0])
    expect(phone.locator(".finding")).to_have_count(1)
    accessible(phone)
    if scheme == "dark":
        picture(phone, "dashboard-phone-dark.png")

    assert [390, 1280] == [each.evaluate("document.documentElement.scrollWidth") for each in (phone, page)]


def test_a_hostile_name_stays_a_name(page: Page, tmp_path: Path) -> None:
    """What a program is called, or a thread in it, is text on the page and nothing else."""
    with looked_at(tmp_path, sys.executable, "obedient.py", "<img/src=x/onerror=alert(1)>") as program:
        program.do("stock", "hold <b>clerk</b>")
        page.goto(program.address)
        expect(page.locator("#connections tbody")).to_contain_text("<b>clerk</b>")

        expect(page.locator("#command")).to_contain_text("<img/src=x/onerror=alert(1)>")
        expect(page.locator("main b").filter(has_text="clerk")).to_have_count(0)


def test_nothing_is_fetched_from_elsewhere() -> None:
    """The page is files of the wheel: no address of anywhere else is in them."""
    told = [line for file in PAGE.iterdir() for line in file.read_text("utf-8").splitlines() if "//" in line]

    assert [] == [
        line for line in told if "http:" in line.replace('xmlns="http://www.w3.org/2000/svg"', "") or "https:" in line
    ]
