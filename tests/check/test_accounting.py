"""What a check owns up to: the session providers it could not look into, and the functions it left before their end."""

from __future__ import annotations

from textwrap import dedent

import pytest

from hermetic._check.engine import Analysis, analyze
from hermetic._check.work import effort
from tests.check.building import source_file
from tests.hazards.cases import WORLD


def analyzed(text: str) -> Analysis:
    return analyze([source_file("app.py", dedent(text)), source_file("shop.py", WORLD.read_text("utf-8"))])


INJECTED = """
    from fastapi import APIRouter, Depends
    from platform_kit.db import get_session
    from sqlalchemy.orm import Session
    from shop import Order

    router = APIRouter()

    @router.get("/orders/{order_id}")
    def order(order_id: int, session: Session = Depends(get_session)):
        return session.get(Order, order_id)
"""

ENTERED = """
    from platform_kit.db import unit_of_work
    from shop import Order

    def order(order_id):
        with unit_of_work() as session:
            return session.get(Order, order_id).status
"""

NO_SESSION = """
    from platform_kit.files import opened
    from shop import Order, SessionLocal

    def names(path):
        with opened(path) as file, SessionLocal() as session:
            return file.read(), session.get(Order, 1).status
"""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (INJECTED, ("platform_kit.db.get_session",)),
        (ENTERED, ("platform_kit.db.unit_of_work",)),
        (NO_SESSION, ()),
    ],
)
def test_providers_out_of_sight_are_named(text: str, expected: tuple[str, ...]) -> None:
    """Whoever hands out a session and is not in the project is told by name; other unknown code is not."""
    assert expected == analyzed(text).unresolved


def test_functions_with_too_many_paths_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """A function that is left before its end is told by name and line."""
    monkeypatch.setattr(effort, "_WIDTHS", ((12, 12),))
    text = """
        from shop import SessionLocal

        def long():
            with SessionLocal() as session:
                session.commit()
                session.commit()
                session.commit()

        def short():
            return SessionLocal()
    """

    assert ("app.long:4",) == tuple(name for name in analyzed(text).given_up if name.startswith("app."))
