"""What the endpoints work with, in one place."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request

from hermetic import AsyncDatabase
from hermetic.integrations.starlette import Host
from hermetic.scopes import AsyncScopeSession

from .answers import Answers
from .model.said import Model
from .service import ChatService
from .tools.toolbox import Toolbox


@dataclass(frozen=True, slots=True)
class Rooms:
    """What the endpoints work with."""

    db: AsyncDatabase[AsyncScopeSession]
    host: Host[AsyncScopeSession]
    chat: ChatService
    answers: Answers
    toolbox: Toolbox
    model: Model


def rooms(request: Request) -> Rooms:
    """What an endpoint works with."""
    found = request.app.state.rooms
    assert isinstance(found, Rooms)
    return found
