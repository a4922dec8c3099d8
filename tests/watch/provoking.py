"""How a page's code is made to do at run time what its hazard is about, where its cases do something else with it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import ModuleType
from typing import Any

from fastapi.testclient import TestClient
from sqlalchemy import event
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import OperationalError

from hermetic._watch.requests import REQUEST, Request

Provocation = Callable[[ModuleType], object]


@contextmanager
def serving() -> Iterator[None]:
    """What is done inside is done for a request."""
    token = REQUEST.set(Request("POST /"))
    try:
        yield
    finally:
        REQUEST.reset(token)


def share(page: ModuleType) -> None:
    """Two requests, one after the other."""
    with TestClient(page.app) as client:
        for _ in range(2):
            client.post("/customers/1/credit", params={"amount": 1})
    if hasattr(page, "session"):
        page.session.close()


def price(page: ModuleType) -> None:
    """Three calls."""
    for _ in range(3):
        page.price_of("TEA")
    if hasattr(page, "engine"):
        page.engine.dispose()


def move(page: ModuleType) -> None:
    """A request that succeeds."""
    with serving():
        page.move_stock(1, 2, 1)


def register(page: ModuleType) -> None:
    """A request that succeeds."""
    with TestClient(page.app) as client:
        client.post("/customers", params={"name": "Alan", "email": "alan@shop.example"})


def ship(page: ModuleType) -> None:
    """A courier who takes a while."""
    server = HTTPServer(("127.0.0.1", 0), Courier)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        with serving():
            page.ship(1, f"http://127.0.0.1:{server.server_port}/")
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def buy(page: ModuleType) -> None:
    """A commit that takes effect, and whose answer is lost; to the cure the order has a number of its own."""
    with losing_the_first_answer(page.shop.engine):
        page.buy(*((77, 1, 1) if page.__name__ == "cure" else (1, 1)))


def settle(page: ModuleType) -> None:
    """A payment that takes a while, in which somebody cancels the order."""

    def urlopen(_url: str) -> None:
        with page.shop.SessionLocal.begin() as session:
            session.get_one(page.Order, 1).status = "cancelled"
        threading.Event().wait(1)

    vars(page)["urlopen"] = urlopen
    page.settle(1, "https://pay.example")


@contextmanager
def losing_the_first_answer(engine: Engine) -> Iterator[None]:
    """The first COMMIT in the block takes effect, and its answer never comes."""
    answers = iter([False])

    def commit(connection: Connection) -> None:
        if not next(answers, True):
            connection.connection.commit()
            raise OperationalError("COMMIT", None, Exception("server closed the connection unexpectedly"))

    event.listen(engine, "commit", commit)
    try:
        yield
    finally:
        event.remove(engine, "commit", commit)


class Courier(BaseHTTPRequestHandler):
    """Answers every request after a second."""

    def do_GET(self) -> None:
        time.sleep(1)
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"label 7")

    # Any: what the server wants to log.
    def log_message(self, *_args: Any) -> None:
        """Nothing is logged."""


PROVOCATIONS: dict[str, Provocation] = {
    "shared-session": share,
    "engine-per-call": price,
    "partial-commit": move,
    "late-commit": register,
    "long-transaction": ship,
    "blind-retry": buy,
    "stale-read": settle,
}
