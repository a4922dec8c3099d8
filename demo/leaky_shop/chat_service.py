"""Conversations of the assistant with a customer."""

import logging

from sqlalchemy import select

from .database import get_db
from .models import ChatSession, Message

logger = logging.getLogger(__name__)


class ChatService:
    def open_chat(self, customer_id: int) -> ChatSession:
        with get_db() as session:
            chat = ChatSession(customer_id=customer_id)
            session.add(chat)
            session.commit()
            return chat

    def add_message(self, session_id: int, role: str, content: str) -> Message:
        with get_db() as session:
            message = Message(session_id=session_id, role=role, content=content)
            session.add(message)
            session.commit()
            session.refresh(message)
            return message

    def active_chat(self, customer_id: int) -> ChatSession | None:
        with get_db() as session:
            chat = session.scalars(
                select(ChatSession).where(ChatSession.customer_id == customer_id, ChatSession.is_active)
            ).first()
            if chat:
                session.expunge(chat)
            return chat

    def close_chat(self, customer_id: int) -> None:
        chat = self.active_chat(customer_id)
        if chat is None:
            return
        with get_db() as session:
            session.merge(chat)
            chat.is_active = False
            session.commit()


chat_service = ChatService()


def greet(customer_id: int) -> int:
    chat = chat_service.open_chat(customer_id)
    logger.info("chat %s opened", chat.id)
    message = chat_service.add_message(chat.id, "assistant", "How can I help?")
    return message.id


def transcript(customer_id: int) -> str:
    chat = chat_service.active_chat(customer_id)
    if chat is None:
        return ""
    return "\n".join(f"{message.role}: {message.content}" for message in chat.messages)
