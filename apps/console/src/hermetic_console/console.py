"""What the pages of one running console share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, cast

from fastapi import Depends
from starlette.requests import HTTPConnection

from hermetic import AsyncDatabase
from hermetic.integrations.fastapi import Host
from hermetic.scopes import AsyncScopeSession

if TYPE_CHECKING:
    from .checks import Checker
    from .log_in import Limits
    from .passwords import Passwords
    from .settings import Settings


@dataclass(frozen=True, slots=True)
class Console:
    """One console: its database, and what it is made of."""

    db: AsyncDatabase[AsyncScopeSession]
    host: Host[AsyncScopeSession]
    settings: Settings
    passwords: Passwords
    limits: Limits
    checker: Checker


def console_of(connection: HTTPConnection) -> Console:
    """The console that a request came to."""
    return cast("Console", connection.app.state.console)  # a State holds anything


async def unit_of(connection: HTTPConnection) -> AsyncScopeSession:
    """The session of the request's unit of work: committed before the response starts."""
    return await console_of(connection).host.begin(connection)


async def reader_of(connection: HTTPConnection) -> AsyncScopeSession:
    """The session of a read scope of the request."""
    return await console_of(connection).host.read(connection)


This = Annotated[Console, Depends(console_of)]
Unit = Annotated[AsyncScopeSession, Depends(unit_of)]
Reader = Annotated[AsyncScopeSession, Depends(reader_of)]
