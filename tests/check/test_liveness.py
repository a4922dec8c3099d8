"""What a function still asks for after each of its statements."""

from __future__ import annotations

import ast
from textwrap import dedent

import pytest

from hermetic._check.program.shapes import shape_of


def asked_after(text: str, line: int, *, failed: bool = False) -> set[str]:
    """What is asked for after the statement that begins on a line, or where its failure leads to."""
    body = ast.parse(dedent(text).strip()).body
    found = {node.lineno: after for node, after in shape_of(body).after.items()}
    return set(found[line].failed if failed else found[line].done)


def test_a_name_is_asked_for_until_its_last_use() -> None:
    """After the last statement that reads a name, nobody asks for it any more."""
    text = """
        total = price()
        tax = total * rate
        send(tax)
    """

    assert [{"total", "rate", "send"}, {"tax", "send"}, set()] == [asked_after(text, line) for line in (1, 2, 3)]


def test_what_is_bound_again_is_not_asked_for_before() -> None:
    """A value that is overwritten before anybody reads it is not worth remembering."""
    text = """
        order = first()
        order = second()
        send(order)
    """

    assert asked_after(text, 1) == {"second", "send"}


def test_a_turn_of_a_loop_remembers_what_the_next_one_reads() -> None:
    """The end of a loop's body leads to its beginning: a running total lives on, the turn's own variable does not."""
    text = """
        for row in rows:
            share = row.price
            total = total + share
        send(total)
    """

    assert asked_after(text, 3) == {"total", "send"}


def test_a_failure_asks_for_what_its_handler_reads() -> None:
    """A statement of a `try` block leads to the handlers when it fails, and to what comes after them."""
    text = """
        try:
            step = work(order)
            publish(step)
        except ValueError:
            log(order)
        finally:
            close(session)
    """

    assert asked_after(text, 2) == {"publish", "step", "ValueError", "log", "order", "close", "session"}
    assert asked_after(text, 3, failed=True) == {"ValueError", "log", "order", "close", "session"}


def test_a_return_asks_for_what_finally_reads() -> None:
    """What stands behind a `return` is not reached from it, its `finally` is."""
    text = """
        try:
            return order
        finally:
            close(session)
        send(order)
    """

    assert {"close", "session"} <= asked_after(text, 2)


@pytest.mark.parametrize("jump", ["break", "continue"])
def test_a_jump_asks_for_what_it_leads_to(jump: str) -> None:
    """`break` leads behind its loop, `continue` to the next turn."""
    text = f"""
        while more():
            if found:
                {jump}
            found = look()
        send(result)
    """
    ahead = {"send", "result"} | ({"more", "found", "look"} if jump == "continue" else set())

    assert ahead == asked_after(text, 3)


def test_names_of_inner_functions_are_asked_for_always() -> None:
    """Nobody knows when a lambda or a nested function runs: what it reads lives to the end."""
    text = """
        order = load()
        later(lambda: order.total)
        done()
    """

    assert asked_after(text, 3) == {"order"}


def test_a_condition_is_remembered_until_it_is_asked_again() -> None:
    """Between two questions for the same thing the answer is known; behind the second it is of no use to anybody."""
    text = """
        if owner is None:
            open_one()
        work()
        if owner is None:
            close_one()
        done()
    """

    assert ["(owner) is None" in asked_after(text, line) for line in (3, 4, 6)] == [True, False, False]


def test_an_answer_does_not_outlive_its_name() -> None:
    """When the name of a condition is bound again, its old answer says nothing."""
    text = """
        if left:
            use()
        left = count()
        if left:
            use()
    """

    assert "(left)" not in asked_after(text, 1)
