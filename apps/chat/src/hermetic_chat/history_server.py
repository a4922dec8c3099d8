"""The chat's own MCP server: search in one's own history, over stdio or HTTP, in whichever MCP host one likes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Annotated, Literal

from fastmcp import Context, FastMCP
from fastmcp.exceptions import ToolError
from mcp.types import ToolAnnotations
from pydantic import BaseModel, Field

from hermetic import AsyncDatabase
from hermetic.integrations.fastmcp import attach
from hermetic.scopes import AsyncScopeSession

from .identity import Identity
from .naming import key_of
from .service import USER_BY_KEY, ChatService

READS = ToolAnnotations(read_only_hint=True, open_world_hint=False)
Limit = Annotated[int, Field(ge=1, le=50, description="How many at most")]


class Found(BaseModel):
    """A message that was found, and the chat it is in."""

    chat: str
    chat_id: int
    said_by: str
    said_at: datetime
    text: str


class Chat(BaseModel):
    """A chat of the user."""

    chat_id: int
    title: str
    last_message_at: datetime


class Asker:
    """Tells for whom a call is made: by the signed note of the chat, else as the server was started for."""

    def __init__(self, db: AsyncDatabase[AsyncScopeSession], identity: Identity, username: str | None) -> None:
        self._db = db
        self._identity = identity
        self._username = username

    async def of(self, context: Context) -> tuple[int, int | None]:
        """The user's id, and the message that is being answered. Raises ToolError where nobody is named."""
        request = context.request_context
        known = self._identity.read(dict(request.meta or {}) if request is not None else {})
        if known is not None:
            return known
        if self._username is not None:
            async with self._db.read() as session:
                user = await USER_BY_KEY.first(session, {"key": key_of(self._username)})
            if user is not None:
                return user.id, None
        raise ToolError("This server answers the chat, or the user that it was started for with --user NAME.")


def history_server(
    db: AsyncDatabase[AsyncScopeSession], identity: Identity, username: str | None = None
) -> FastMCP[None]:
    """The server; each call reads in a scope of its own, and sees one user's chats only."""

    @asynccontextmanager
    async def lifespan(_server: FastMCP[None]) -> AsyncIterator[None]:
        async with db:
            yield

    server: FastMCP[None] = FastMCP("history", mask_error_details=True, lifespan=lifespan)
    attach(server, db)
    asker, chat = Asker(db, identity, username), ChatService(db)

    @server.tool(annotations=READS)
    async def search_history(
        query: Annotated[str, Field(description="Words that the messages hold, all of them", min_length=1)],
        context: Context,
        said_by: Annotated[Literal["user", "assistant", "anyone"], Field(description="Whose messages")] = "user",
        limit: Limit = 10,
    ) -> list[Found]:
        """Search the user's own chat history: what was said, asked, told or answered before. Newest first."""
        user_id, before = await asker.of(context)
        speaker = None if said_by == "anyone" else said_by
        found = await chat.search_messages(user_id, query, limit, said_by=speaker, before=before)
        return [
            Found(
                chat=each.session.title,
                chat_id=each.session.id,
                said_by=each.message_type,
                said_at=each.created_at,
                text=each.content,
            )
            for each in found
        ]

    @server.tool(annotations=READS)
    async def list_chats(context: Context, limit: Limit = 10) -> list[Chat]:
        """List the user's own recent chats (conversations) with their titles, newest first."""
        user_id, _ = await asker.of(context)
        chats = await chat.get_user_sessions(user_id)
        return [Chat(chat_id=each.id, title=each.title, last_message_at=each.updated_at) for each in chats[:limit]]

    return server
