"""ChatService: everything the chat does with its database, one short unit of work for each verb."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from pydantic import JsonValue
from sqlalchemy import ColumnElement, bindparam, case, delete, select, update
from sqlalchemy.exc import IntegrityError

from hermetic import AsyncDatabase, Projection
from hermetic.scopes import AsyncScopeSession

from .naming import key_of, tidy
from .records import (
    ChatSessionRead,
    FoundMessage,
    MessageRead,
    MessageType,
    SessionHistory,
    Status,
    ToolUsageRead,
    UserChange,
    UserRead,
)
from .tables import ChatSession, Message, ToolUsage, User, now

T = TypeVar("T")

TITLE_LENGTH = 60

OWN = (ChatSession.id == bindparam("session"), ChatSession.user_id == bindparam("user"))
USER = Projection(UserRead, User).query(select(User).where(User.id == bindparam("id")))
USER_BY_KEY = Projection(UserRead, User).query(select(User).where(User.key == bindparam("key")))
CHAT = Projection(ChatSessionRead, ChatSession).query(select(ChatSession).where(*OWN))
CHATS = Projection(ChatSessionRead, ChatSession).query(
    select(ChatSession)
    .where(ChatSession.user_id == bindparam("user"))
    .order_by(ChatSession.updated_at.desc(), ChatSession.id.desc())
)
ACTIVE = Projection(ChatSessionRead, ChatSession).query(
    select(ChatSession)
    .where(ChatSession.user_id == bindparam("user"), ChatSession.is_active)
    .order_by(ChatSession.updated_at.desc(), ChatSession.id.desc())
    .limit(1)
)
MESSAGE = Projection(MessageRead, Message).query(select(Message).where(Message.id == bindparam("id")))
MESSAGES = Projection(MessageRead, Message).query(
    select(Message).join(Message.session).where(*OWN).order_by(Message.id)
)
HISTORY = Projection(SessionHistory, ChatSession).query(select(ChatSession).where(*OWN))
TOOL_USAGE = Projection(ToolUsageRead, ToolUsage).query(select(ToolUsage).where(ToolUsage.id == bindparam("id")))
FOUND = Projection(FoundMessage, Message)


class NoSuchChat(LookupError):
    """There is no such chat, or it is somebody else's; whoever asks cannot tell which."""


class NoSuchUser(LookupError):
    """There is no such user."""


class ChatService:
    """Users, chats, messages and tool usages.

    Each verb is a unit of its own, or a part of the unit it is called in. What it gives is a record of `records.py`.
    """

    def __init__(self, db: AsyncDatabase[AsyncScopeSession]) -> None:
        self._db = db

    async def get_or_create_user(self, username: str, email: str | None = None) -> UserRead:
        """The user of that name, whatever its case; a new one the first time. Raises ValueError for a name of nothing.

        Two who come with one new name at once get the same user: the second insert is refused, and then it is there.
        """
        key = key_of(username)
        try:
            async with self._db.begin() as session:
                found = await USER_BY_KEY.first(session, {"key": key})
                if found is None:
                    session.add(User(username=tidy(username), key=key, email=email))
                    await session.flush()
                    found = await USER_BY_KEY.one(session, {"key": key})
                return found
        except IntegrityError:
            async with self._db.read() as session:
                return await USER_BY_KEY.one(session, {"key": key})

    async def get_user(self, user_id: int) -> UserRead | None:
        """The user, if there still is one."""
        async with self._db.read() as session:
            return await USER.first(session, {"id": user_id})

    async def update_user(self, user_id: int, change: UserChange) -> UserRead:
        """Change what the form names, and nothing else. Raises NoSuchUser.

        `merge` takes over each attribute that was set, so only those that the form holds are set; and it would insert a
        row that is not there, so the row is asked for first.
        """
        async with self._db.begin() as session:
            if await session.get(User, user_id, with_for_update=True) is None:
                raise NoSuchUser(user_id)
            await session.merge(User(id=user_id, **change.model_dump(exclude_unset=True)))
            await session.flush()
            return await USER.one(session, {"id": user_id})

    async def create_chat_session(self, user_id: int, title: str = "") -> ChatSessionRead:
        """A new chat."""
        async with self._db.begin() as session:
            chat = ChatSession(user_id=user_id, title=tidy(title)[:TITLE_LENGTH])
            session.add(chat)
            await session.flush()
            return await CHAT.one(session, {"session": chat.id, "user": user_id})

    async def get_active_session(self, user_id: int) -> ChatSessionRead | None:
        """The chat that was written in last and is not archived."""
        async with self._db.read() as session:
            return await ACTIVE.first(session, {"user": user_id})

    async def get_user_sessions(self, user_id: int) -> list[ChatSessionRead]:
        """The user's chats, archived ones too, the one written in last first."""
        async with self._db.read() as session:
            return await CHATS.all(session, {"user": user_id})

    async def get_chat_session(self, session_id: int, user_id: int) -> ChatSessionRead:
        """A chat of the user. Raises NoSuchChat."""
        async with self._db.read() as session:
            found = await CHAT.first(session, {"session": session_id, "user": user_id})
        return _there(found, session_id)

    async def change_chat_session(
        self, session_id: int, user_id: int, *, title: str | None = None, is_active: bool | None = None
    ) -> ChatSessionRead:
        """Rename a chat, archive it or take it out of the archive. Raises NoSuchChat."""
        given = {"title": tidy(title or "")[:TITLE_LENGTH] or None, "is_active": is_active}
        values = {name: value for name, value in given.items() if value is not None}
        async with self._db.begin() as session:
            if values:
                await session.execute(update(ChatSession).where(*_own(session_id, user_id)).values(values))
            found = await CHAT.first(session, {"session": session_id, "user": user_id})
        return _there(found, session_id)

    async def delete_chat_session(self, session_id: int, user_id: int) -> None:
        """Delete a chat with everything in it. Raises NoSuchChat."""
        async with self._db.begin() as session:
            deleted = await session.execute(
                delete(ChatSession).where(*_own(session_id, user_id)).returning(ChatSession.id)
            )
            _there(deleted.scalar(), session_id)

    async def add_message(
        self,
        session_id: int,
        user_id: int,
        message_type: MessageType,
        content: str,
        metadata: Mapping[str, JsonValue] | None = None,
    ) -> MessageRead:
        """Keep what was said; the chat moves to the top, and is named after the first message. Raises NoSuchChat."""
        title = tidy(content)[:TITLE_LENGTH]
        async with self._db.begin() as session:
            moved = await session.execute(
                update(ChatSession)
                .where(*_own(session_id, user_id))
                .values(updated_at=now(), title=case((ChatSession.title == "", title), else_=ChatSession.title))
                .returning(ChatSession.id)
            )
            _there(moved.scalar(), session_id)
            message = Message(
                session_id=session_id,
                user_id=user_id,
                message_type=message_type,
                content=content,
                message_metadata=dict(metadata or {}),
            )
            session.add(message)
            await session.flush()
            return await MESSAGE.one(session, {"id": message.id})

    async def get_session_messages(self, session_id: int, user_id: int) -> list[MessageRead]:
        """What was said in a chat of the user, oldest first; nothing where the chat is somebody else's."""
        async with self._db.read() as session:
            return await MESSAGES.all(session, {"session": session_id, "user": user_id})

    async def add_tool_usage(
        self,
        message_id: int,
        server: str,
        tool_name: str,
        arguments: Mapping[str, JsonValue],
        result: str,
        *,
        status: Status = "ok",
        duration_ms: int = 0,
    ) -> ToolUsageRead:
        """Keep that a tool was called for the answer to a message."""
        async with self._db.begin() as session:
            usage = ToolUsage(
                message_id=message_id,
                server=server,
                tool_name=tool_name,
                arguments=dict(arguments),
                result=result,
                status=status,
                duration_ms=duration_ms,
            )
            session.add(usage)
            await session.flush()
            return await TOOL_USAGE.one(session, {"id": usage.id})

    async def get_session_history(self, session_id: int, user_id: int) -> SessionHistory:
        """A chat with its messages and the tools called for each: three queries, however long it is. Raises NoSuchChat."""
        async with self._db.read() as session:
            found = await HISTORY.first(session, {"session": session_id, "user": user_id})
        return _there(found, session_id)

    async def search_messages(
        self,
        user_id: int,
        query: str,
        limit: int = 10,
        *,
        said_by: MessageType | None = None,
        before: int | None = None,
    ) -> list[FoundMessage]:
        """Messages in the user's chats that hold every word of the query, whatever their case, newest first.

        `said_by` leaves out what the other one said, and `before` that message and those after it.
        """
        wanted = [Message.folded.contains(word, autoescape=True) for word in query.casefold().split()]
        if said_by is not None:
            wanted.append(Message.message_type == said_by)
        if before is not None:
            wanted.append(Message.id < before)
        found = (
            select(Message)
            .join(Message.session)
            .where(ChatSession.user_id == user_id, *wanted)
            .order_by(Message.id.desc())
            .limit(limit)
        )
        async with self._db.read() as session:
            return await FOUND.query(found).all(session)


def _own(session_id: int, user_id: int) -> tuple[ColumnElement[bool], ...]:
    return ChatSession.id == session_id, ChatSession.user_id == user_id


def _there(found: T | None, session_id: int) -> T:
    if found is None:
        raise NoSuchChat(session_id)
    return found
