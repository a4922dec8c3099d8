"""What leaves the service: plain data, complete when it is made."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, JsonValue

MessageType = Literal["user", "assistant"]
Status = Literal["ok", "failed"]


class Read(BaseModel):
    """A record; it cannot be changed, so nothing that was fetched can be mistaken for something that will be kept."""

    model_config = ConfigDict(frozen=True)


class UserRead(Read):
    """A user as the pages show them."""

    id: int
    username: str
    display_name: str
    email: str | None
    created_at: datetime

    @property
    def shown_name(self) -> str:
        """The name to greet by."""
        return self.display_name or self.username


class ChatSessionRead(Read):
    """A chat in the list of chats."""

    id: int
    user_id: int
    title: str
    is_active: bool
    created_at: datetime
    updated_at: datetime


class MessageRead(Read):
    """A message by itself."""

    id: int
    session_id: int
    user_id: int
    message_type: MessageType
    content: str
    message_metadata: dict[str, JsonValue]
    created_at: datetime


class ToolUsageRead(Read):
    """A call of a tool: what it was given, what it gave, and how long it took."""

    id: int
    message_id: int
    server: str
    tool_name: str
    arguments: dict[str, JsonValue]
    result: str
    status: Status
    duration_ms: int
    created_at: datetime


class HistoryMessage(MessageRead):
    """A message with the tools that were called to answer it."""

    tool_usages: list[ToolUsageRead]


class SessionHistory(ChatSessionRead):
    """A chat from its beginning."""

    messages: list[HistoryMessage]


class FoundChat(Read):
    """The chat that a found message is in."""

    id: int
    title: str


class FoundMessage(Read):
    """A message that a search found."""

    message_type: MessageType
    content: str
    created_at: datetime
    session: FoundChat


class UserChange(BaseModel):
    """What a form says of a user: a field that it does not name stays as it is."""

    display_name: str = ""
    email: str | None = None
