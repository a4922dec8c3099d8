"""What is seen while a program runs bears the fingerprint by which a check knows it again."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import ModuleType

import pytest

from hermetic._catalogue import Finding
from hermetic._check.engine import analyze
from hermetic._check.source.discover import SourceFile, discover
from hermetic._check.telling.fingerprints import Places, fingerprinted
from hermetic._watch import Watch

ORDERS = """
from shop import Order, SessionLocal


class Desk:
    def place(self) -> None:
        with SessionLocal() as session:
            session.add(Order(customer_id=1))
            session.flush()
"""


def checked(name: str) -> Finding:
    """The one finding of a check of a file."""
    files = [each for each in discover([name, "shop.py"]) if isinstance(each, SourceFile)]
    (found,) = (each for each in fingerprinted(analyze(files).findings, Places(files)) if each.file == name)
    return found


@pytest.mark.parametrize("moved", ["", "import os  # new\n\n\n"])
def test_fingerprints_are_those_of_a_check(
    shop: ModuleType, watch: Watch, monkeypatch: pytest.MonkeyPatch, moved: str
) -> None:
    """Of the function and of the statement; lines that have moved since make no other of them."""
    Path("shop.py").write_text(Path(str(shop.__file__)).read_text("utf-8"), "utf-8")
    file = Path("orders.py")
    file.write_text(ORDERS, "utf-8")
    monkeypatch.syspath_prepend(str(Path.cwd()))
    monkeypatch.delitem(sys.modules, "orders", raising=False)
    importlib.import_module("orders").Desk().place()
    (seen,) = (each.finding for each in watch.findings())
    file.write_text(moved + ORDERS, "utf-8")
    found = checked("orders.py")

    assert ("lost-write", "Desk.place") == (seen.slug, seen.function)
    assert (found.slug, found.function, found.fingerprint) == (seen.slug, seen.function, seen.fingerprint)


def test_typed_in_code_has_no_fingerprint(shop: ModuleType, watch: Watch) -> None:
    """Where there is no source there is nothing to know it by."""
    exec(compile(ORDERS + "\nDesk().place()\n", "<stdin>", "exec"), {"__name__": "typed"})

    assert [("lost-write", "")] == [(each.finding.slug, each.finding.fingerprint) for each in watch.findings()]
