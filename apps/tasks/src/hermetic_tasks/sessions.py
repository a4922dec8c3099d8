"""The session of a request as a dependency: one that changes things, and one that reads."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends
from sqlmodel import Session
from starlette.requests import HTTPConnection

from hermetic import Database
from hermetic.integrations.fastapi import Host

Db = Database[Session]


async def unit(connection: HTTPConnection) -> Session:
    """The request's unit of work: committed before the response starts, rolled back when it tells of an error."""
    host: Host[Session] = connection.app.state.host
    return await host.begin(connection)


async def reader(connection: HTTPConnection) -> Session:
    """A session that refuses to write."""
    host: Host[Session] = connection.app.state.host
    return await host.read(connection)


async def database(connection: HTTPConnection) -> Db:
    """The database itself, for an endpoint that opens its scopes by hand."""
    db: Db = connection.app.state.db
    return db


Unit = Annotated[Session, Depends(unit)]
Reader = Annotated[Session, Depends(reader)]
Scopes = Annotated[Db, Depends(database)]


async def secret(connection: HTTPConnection) -> str:
    """What the cursors of pages are signed with."""
    signed_with: str = connection.app.state.secret
    return signed_with


Secret = Annotated[str, Depends(secret)]
