"""What is answered when something cannot be done: a page that says so, and nothing of the inside."""

from __future__ import annotations

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm.exc import StaleDataError
from starlette.exceptions import HTTPException

from ..headers import ALWAYS
from ..log_in import TooManyTries
from ..visitor import CHANGE_PASSWORD, NotAllowed, NotSignedIn, PasswordIsTemporary
from .shown import go, is_partial, log_in_path, show

MEANWHILE = "Somebody else has changed this at the same moment. Go back, reload the page and try again."
TITLES = {
    400: "That did not work",
    403: "Not allowed",
    404: "Not found",
    405: "Not found",
    409: "Changed meanwhile",
    422: "That did not work",
    429: "Too many tries",
    503: "Out of order",
}
AT_ONCE = ("40001", "40P01")
"""What PostgreSQL calls two transactions that cannot both be kept: a serialization failure, a deadlock."""


def answer_errors(app: FastAPI) -> None:
    """Let an application answer errors with pages."""
    app.add_exception_handler(NotSignedIn, to_log_in)
    app.add_exception_handler(PasswordIsTemporary, to_password)
    app.add_exception_handler(NotAllowed, not_allowed)
    app.add_exception_handler(TooManyTries, too_many_tries)
    app.add_exception_handler(HTTPException, told)
    app.add_exception_handler(RequestValidationError, not_understood)
    app.add_exception_handler(StaleDataError, changed_meanwhile)
    app.add_exception_handler(IntegrityError, changed_meanwhile)
    app.add_exception_handler(DBAPIError, database_failed)
    app.add_exception_handler(Exception, broken)


async def to_log_in(request: Request, error: Exception) -> Response:
    """Nobody is logged in: log in first, and come back."""
    return go(request, log_in_path(request))


async def to_password(request: Request, error: Exception) -> Response:
    """The password was made up by an administrator: choose one first."""
    return go(request, CHANGE_PASSWORD, "Choose a password of your own before you go on.")


async def not_allowed(request: Request, error: Exception) -> Response:
    """Somebody asks for what their role does not have."""
    return page(request, 403, "Your role does not have this. Ask an administrator.")


async def too_many_tries(request: Request, error: Exception) -> Response:
    """Somebody guesses; they have to wait."""
    return page(request, 429, str(error))


async def told(request: Request, error: Exception) -> Response:
    """What the pages themselves refuse."""
    assert isinstance(error, HTTPException)
    sentence = (
        "There is nothing at this address." if error.status_code in (404, 405) and is_bare(error) else error.detail
    )
    return page(request, error.status_code, sentence)


def is_bare(error: HTTPException) -> bool:
    """Whether the framework raised it, in its own words."""
    return error.detail in ("Not Found", "Method Not Allowed")


async def not_understood(request: Request, error: Exception) -> Response:
    """An address or a form that no page of ours leads to."""
    return page(request, 422, "The console does not understand this address.")


async def changed_meanwhile(request: Request, error: Exception) -> Response:
    """Two have changed the same; the second is told."""
    return page(request, 409, MEANWHILE)


async def database_failed(request: Request, error: Exception) -> Response:
    """The database refused, or is gone. What it says stays here."""
    assert isinstance(error, DBAPIError)
    if getattr(error.orig, "sqlstate", None) in AT_ONCE:
        return page(request, 409, MEANWHILE)
    if not error.connection_invalidated and "locked" not in str(error.orig):
        raise error
    return page(request, 503, "The database does not answer. Try again in a moment.")


async def broken(request: Request, error: Exception) -> Response:
    """A fault of ours; the server's log has it."""
    answer = page(request, 500, "This is a fault of the console. It has been written to the log of the server.")
    answer.headers.update({**ALWAYS, "Cache-Control": "no-store"})
    return answer


def page(request: Request, status: int, sentence: str) -> Response:
    """The page of an error; where HTMX asked for a part, it replaces the content and not that part."""
    title = TITLES.get(status, "Error")
    answer = show(request, "error.html", status=status, code=status, title=title, sentence=sentence)
    if is_partial(request):
        answer.headers.update({"HX-Retarget": "#main", "HX-Reselect": "#main", "HX-Reswap": "outerHTML"})
    return answer
