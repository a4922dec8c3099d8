"""Errors as the client gets them (RFC 9457): a fixed text for each, which tells nothing of the database."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from http import HTTPStatus

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm.exc import StaleDataError
from starlette.exceptions import HTTPException
from starlette.requests import Request

from hermetic.errors import BadCursor
from hermetic.scopes import PoolTimeout

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_S = 1

log = logging.getLogger("hermetic_tasks")


class Misfit(BaseModel):
    """A place in what was sent, and what is wrong with it."""

    at: str = Field(examples=["body.title"])
    detail: str = Field(examples=["Field required"])


class Problem(BaseModel):
    """What went wrong (RFC 9457)."""

    type: str = Field(examples=["urn:hermetic-tasks:duplicate"])
    title: str = Field(examples=["There is one already"])
    status: int = Field(examples=[409])
    detail: str = Field(examples=["Something else has a name or title that only one can have."])
    instance: str = Field(examples=["/tasks"])
    errors: list[Misfit] = []


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of problem, by its last name in `type`."""

    status: int
    slug: str
    title: str
    detail: str


DUPLICATE = Kind(409, "duplicate", "There is one already", "Something else has a name or title that only one can have.")
UNKNOWN = Kind(422, "unknown-reference", "It refers to nothing", "The author it is to belong to does not exist.")
IN_USE = Kind(409, "in-use", "It is in use", "Tasks or posts belong to it. Give them to somebody else first.")
REFUSED = Kind(422, "refused", "It cannot be kept", "A value is not among those that are allowed.")
INVALID = Kind(422, "invalid", "What was sent is not right", "`errors` tells where.")
MISSING = Kind(404, "not-found", "There is no such thing", "It has been deleted, or it never was.")
CHANGED = Kind(412, "changed", "It was changed meanwhile", "Read it again, and send your change with its new ETag.")
UNCONDITIONAL = Kind(428, "unconditional", "Say which version", "Send If-Match with the ETag that you have read.")
CONFLICT = Kind(409, "conflict", "Another change came in between", "Nothing of yours was kept. Try again.")
BAD_CURSOR = Kind(400, "bad-cursor", "No page begins there", "Follow `next` and `previous` as they were given.")
UNREADABLE = Kind(400, "unreadable", "It cannot be read", "The body is no JSON in UTF-8.")
BUSY = Kind(503, "busy", "The service is busy", "Try again in a moment.")
BROKEN = Kind(500, "broken", "Something went wrong here", "It has been noted. Try again later.")

KINDS = [
    DUPLICATE, UNKNOWN, IN_USE, REFUSED, INVALID, MISSING, CHANGED, UNCONDITIONAL, CONFLICT, BAD_CURSOR, UNREADABLE, BUSY, BROKEN,
]  # fmt: skip

# SQLSTATE of PostgreSQL (https://www.postgresql.org/docs/current/errcodes-appendix.html), sqlite_errorname of SQLite.
OF_DATABASE = {
    "23505": DUPLICATE,
    "SQLITE_CONSTRAINT_UNIQUE": DUPLICATE,
    "23503": UNKNOWN,
    "23001": IN_USE,
    "SQLITE_CONSTRAINT_FOREIGNKEY": UNKNOWN,
    "SQLITE_CONSTRAINT_TRIGGER": IN_USE,
    "23514": REFUSED,
    "SQLITE_CONSTRAINT_CHECK": REFUSED,
    "23502": REFUSED,
    "SQLITE_CONSTRAINT_NOTNULL": REFUSED,
    "40001": CONFLICT,
    "40P01": CONFLICT,
    "SQLITE_BUSY": BUSY,
}


class Refusal(HTTPException):
    """Leaves an endpoint with a problem for the client."""

    def __init__(self, kind: Kind) -> None:
        super().__init__(kind.status, kind.detail)
        self.kind = kind


def answer(request: Request, kind: Kind, *, errors: list[Misfit] | None = None) -> JSONResponse:
    """The response that tells of a problem."""
    problem = Problem(
        type=f"urn:hermetic-tasks:{kind.slug}" if kind.slug else "about:blank",
        title=kind.title,
        status=kind.status,
        detail=kind.detail,
        instance=request.url.path,
        errors=errors or [],
    )
    headers = {"Retry-After": str(RETRY_AFTER_S)} if kind.status == HTTPStatus.SERVICE_UNAVAILABLE else None
    return JSONResponse(problem.model_dump(), kind.status, headers, MEDIA_TYPE)


def kind_of(error: DBAPIError, *, deletes: bool) -> Kind:
    """The problem that an error of the database is to a client; BROKEN for one that nobody foresaw."""
    code = getattr(error.orig, "sqlstate", None) or getattr(error.orig, "sqlite_errorname", None)
    kind = OF_DATABASE.get(str(code), BUSY if error.connection_invalidated else BROKEN)
    return IN_USE if kind is UNKNOWN and deletes else kind


async def of_database(request: Request, error: Exception) -> JSONResponse:
    """The answer to an error of the database; what it says goes into the log."""
    assert isinstance(error, DBAPIError)
    kind = kind_of(error, deletes=request.method == "DELETE")
    if kind is CONFLICT and "if-match" in request.headers:
        kind = CHANGED
    if kind in (BROKEN, BUSY):
        log.error("%s %s: %s", request.method, request.url.path, error.orig)
    return answer(request, kind)


async def of_http(request: Request, error: Exception) -> JSONResponse:
    """The answer to what an endpoint, or the routing, refuses."""
    assert isinstance(error, HTTPException)
    if isinstance(error, Refusal):
        return answer(request, error.kind)
    unnamed = Kind(error.status_code, "", HTTPStatus(error.status_code).phrase, error.detail)
    kind = {MISSING.status: MISSING, UNREADABLE.status: UNREADABLE}.get(error.status_code, unnamed)
    response = answer(request, kind)
    response.headers.update(error.headers or {})
    return response


async def of_validation(request: Request, error: Exception) -> JSONResponse:
    """The answer to what does not fit the schema: where, and why, and nothing of what was sent."""
    assert isinstance(error, RequestValidationError)
    misfits = [Misfit(at=".".join(map(str, one["loc"])), detail=one["msg"]) for one in error.errors()]
    return answer(request, INVALID, errors=misfits)


async def of_stale(request: Request, error: Exception) -> JSONResponse:
    """The answer to a change of a version that is not there any more."""
    return answer(request, CHANGED)


async def of_cursor(request: Request, error: Exception) -> JSONResponse:
    """The answer to a cursor that was not given out here."""
    return answer(request, BAD_CURSOR)


async def of_pool(request: Request, error: Exception) -> JSONResponse:
    """The answer when no connection was free for long."""
    log.error("%s %s: %s", request.method, request.url.path, error)
    return answer(request, BUSY)


async def of_anything(request: Request, error: Exception) -> JSONResponse:
    """The answer to what nobody foresaw; the server logs it."""
    return answer(request, BROKEN)


def answer_problems(app: FastAPI) -> None:
    """Let an app answer every error as a problem."""
    app.add_exception_handler(HTTPException, of_http)
    app.add_exception_handler(RequestValidationError, of_validation)
    app.add_exception_handler(DBAPIError, of_database)
    app.add_exception_handler(StaleDataError, of_stale)
    app.add_exception_handler(BadCursor, of_cursor)
    app.add_exception_handler(PoolTimeout, of_pool)
    app.add_exception_handler(Exception, of_anything)
