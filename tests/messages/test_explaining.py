"""`hermetic explain` of an error's text: what it is, where, and what cures it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from hermetic._messages.explaining import explained
from hermetic._messages.pages import pages
from tests.cli.running import run

TRACEBACK = """\
Traceback (most recent call last):
  File "/srv/shop/mail.py", line 12, in send
    print(order.customer.name)
          ^^^^^^^^^^^^^^
  File "/srv/venv/lib/python3.12/site-packages/sqlalchemy/orm/attributes.py", line 569, in __get__
    return self.impl.get(state, dict_)
  File "/srv/venv/lib/python3.12/site-packages/sqlalchemy/orm/strategies.py", line 958, in _load_for_state
    raise orm_exc.DetachedInstanceError(
sqlalchemy.orm.exc.DetachedInstanceError: Parent instance <Order at 0x7f8796175510> is not bound to a Session; lazy load operation of attribute 'customer' cannot proceed (Background on this error at: https://sqlalche.me/e/20/bhk3)
"""
PYTEST = """\
    def test_mail():
>       send(order)
E       sqlalchemy.exc.MissingGreenlet: greenlet_spawn has not been called; can't call await_only() here. Was IO attempted in an unexpected place? (Background on this error at: https://sqlalche.me/e/20/xd2s)

/srv/venv/lib/python3.12/site-packages/sqlalchemy/util/concurrency.py:123: MissingGreenlet
tests/test_mail.py:31: in test_mail
"""


def test_a_traceback_tells_the_line_and_the_cure() -> None:
    """The innermost line that is the user's own, and the names that the message gives."""
    (found,) = explained(TRACEBACK)

    assert found.page is not None
    assert ("detached-lazy-load", "/srv/shop/mail.py:12 in send") == (found.page.slug, str(found.frame))
    assert "joinedload(Order.customer)" in found.cure
    assert ("detached-access",) == found.hazards


def test_a_report_of_pytest_is_read_too() -> None:
    """With its margins, and its places below the message."""
    (found,) = explained(PYTEST)

    assert found.page is not None
    assert ("missing-greenlet", "tests/test_mail.py:31 in test_mail") == (found.page.slug, str(found.frame))


def test_the_error_that_was_raised_last_comes_first() -> None:
    """What it was raised from follows."""
    first = "sqlalchemy.exc.TimeoutError: QueuePool limit of size 5 overflow 10 reached, connection timed out, timeout 30.00"
    last = "sqlalchemy.exc.PendingRollbackError: Can't reconnect until invalid transaction is rolled back."
    found = explained(f"{first}\n\nDuring handling of the above exception, another exception occurred:\n\n{last}\n")

    assert ["reconnect-until-rollback", "pool-limit"] == [each.page and each.page.slug for each in found]


@pytest.mark.parametrize("version", ["20", "21"])
def test_a_code_is_enough(version: str) -> None:
    """Where the text is another one, the code that SQLAlchemy gives it tells the page."""
    (found,) = explained(f"something new (Background on this error at: https://sqlalche.me/e/{version}/3o7r)")

    assert "pool-limit" == (found.page and found.page.slug)


@pytest.mark.parametrize("text", ["", "ValueError: invalid literal for int()", "all is well"])
def test_other_texts_are_left_alone(text: str) -> None:
    """Nothing is made up."""
    assert [] == explained(text)


def test_no_two_pages_claim_one_message() -> None:
    """Each title is known as its own page, and as no other."""
    assert [[page.slug] for page in pages()] == [
        [each.page.slug for each in explained(page.title.replace("…", "7f1")) if each.page] for page in pages()
    ]


def test_the_command_explains_a_text() -> None:
    """Given as one argument; with what to read next."""
    told = run("explain", "sqlalchemy.exc.InvalidRequestError: A transaction is already begun on this Session.")

    assert 0 == told.exit_code
    assert "cure: An earlier statement has begun the transaction" in told.stdout
    assert told.stdout.endswith("hermetic explain already-begun\n")


def test_the_command_explains_what_is_piped_in() -> None:
    """`python app.py 2>&1 | hermetic explain`."""
    command = [sys.executable, "-m", "hermetic", "explain"]
    told = subprocess.run(command, input=TRACEBACK, capture_output=True, text=True, timeout=60, check=True).stdout

    assert "in your line: /srv/shop/mail.py:12 in send\n    print(order.customer.name)\n" in told
    assert told.endswith("hermetic explain detached-lazy-load\nhermetic explain detached-access\n")


def test_a_page_of_a_message_is_printed_by_its_name() -> None:
    """As the page of a hazard is."""
    assert run("explain", "pool-limit").stdout.startswith("# QueuePool limit of size 5 overflow 10 reached")


def test_a_text_that_is_not_known_ends_with_2() -> None:
    """With a next step."""
    told = run("explain", "ValueError: no such thing")

    assert (2, "") == (told.exit_code, told.stdout)
    assert "holds no message that is known here" in told.stderr
