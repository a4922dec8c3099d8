"""By what a finding is known again: the code around it, not its line."""

from __future__ import annotations

import ast
from pathlib import Path
from textwrap import dedent

import pytest

from hermetic._catalogue import Finding
from hermetic._check.source.discover import SourceFile
from hermetic._check.telling.fingerprints import Places, fingerprinted
from hermetic._fingerprints import HALF

TOTAL = """\
def total(order_id):
    with Session() as session:
        order = session.get(Order, order_id)
    return order.total
"""


def found(text: str, at: str = "order.total", file: str = "a.py", slug: str = "detached-access") -> Finding:
    """A finding on the first line that holds `at`."""
    text = dedent(text)
    line = next(number for number, line in enumerate(text.splitlines(), 1) if at in line)
    source = SourceFile(Path(file), file, file, text, ast.parse(text))
    given = Finding(slug, "HM301", "error", "proven", file, line, 1, line, 2, "it is read")
    (finding,) = fingerprinted([given], Places([source]))
    return finding


@pytest.mark.parametrize(
    "changed",
    [
        "import os\n\n\n" + TOTAL,
        TOTAL.replace("order_id):", "order_id):  # by its key"),
        TOTAL.replace("(order_id):", "(\n    order_id,\n):"),
        TOTAL.replace("Order, order_id", "\n            Order,\n            order_id,\n        "),
        TOTAL.replace("(order_id):\n", '(order_id):\n    """What an order costs."""\n', 1),
        TOTAL.replace("order.total", "(order.total)"),
        "class Orders:\n" + "".join(f"    {line}\n" for line in TOTAL.splitlines()),
    ],
    ids=["moved", "comment", "signature over lines", "call over lines", "docstring", "brackets", "into a class"],
)
def test_layout_and_place_do_not_count(changed: str) -> None:
    """Moving, reformatting, commenting and documenting a function leave its fingerprint alone."""
    assert found(TOTAL).fingerprint == found(changed).fingerprint


def test_another_file_does_not_count() -> None:
    """A function that moves to another file keeps its fingerprint."""
    assert found(TOTAL).fingerprint == found(TOTAL, file="b.py").fingerprint


@pytest.mark.parametrize(
    ("changed", "halves"),
    [
        (TOTAL.replace("get(", "get_one("), (False, True)),
        (TOTAL.replace("order.total", "round(order.total)"), (False, False)),
        (TOTAL.replace("Order, order_id", "Order, '1'"), (False, True)),
    ],
)
def test_an_edit_shows_in_the_half_it_concerns(changed: str, halves: tuple[bool, bool]) -> None:
    """An edit elsewhere in the function changes the first half only, one of the statement itself both."""
    before, after = found(TOTAL).fingerprint, found(changed).fingerprint

    assert halves == (before[:HALF] == after[:HALF], before[HALF:] == after[HALF:])


def test_a_number_is_not_its_text() -> None:
    """`get(Order, 1)` and `get(Order, "1")` are different code."""
    one, text = (found(TOTAL.replace("order_id)\n", f"{key})\n")) for key in ("1", '"1"'))

    assert one.fingerprint != text.fingerprint


def test_another_hazard_of_the_same_statement_has_a_fingerprint_of_its_own() -> None:
    """The hazard is part of the second half."""
    assert found(TOTAL).fingerprint != found(TOTAL, slug="n-plus-one").fingerprint


@pytest.mark.parametrize(
    ("text", "at", "function"),
    [
        ("def f():\n    def g():\n        read()\n", "read", "f.g"),
        ("class A:\n    class B:\n        async def f(self):\n            read()\n", "read", "A.B.f"),
        ("class A:\n    x = read()\n", "read", "A"),
        ("if x:\n    read()\n", "read", "<module>"),
        ("if x:\n    def f():\n        read()\n", "read", "f"),
        ("@read\ndef f():\n    pass\n", "read", "f"),
        ("def f():\n    class A:\n        x = read()\n", "read", "f"),
        ("match x:\n    case 1:\n        read()\n", "read", "<module>"),
        ("try:\n    x()\nexcept E:\n    read()\n", "read", "<module>"),
    ],
)
def test_the_function_is_named_as_python_does(text: str, at: str, function: str) -> None:
    """With the classes and functions around it; code outside of functions belongs to its class or module."""
    assert function == found(text, at).function


def test_the_rest_of_a_module_does_not_count() -> None:
    """A statement outside of functions has the fingerprint of itself, not of the whole module."""
    assert found("session = read()\n", "read").fingerprint == found("x = 1\nsession = read()\n", "read").fingerprint


def test_a_line_without_code_has_no_fingerprint() -> None:
    """Nothing is made up where no statement stands."""
    assert ("", "") == (found("# read\n", "read").function, found("# read\n", "read").fingerprint)


def test_deep_code_has_one_too() -> None:
    """An expression as deep as Python parses does not stop it."""
    text = "read(" + "-" * 900 + "1)\n"

    assert 2 * HALF == len(found(text, "read").fingerprint)
