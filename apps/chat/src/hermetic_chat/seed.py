"""What an empty database is given, so that the first look at the chat shows what it does; the same every time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from .naming import key_of
from .tables import ChatSession, Message, ToolUsage, User

BEGAN = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
PLANNED = {"model": "planner"}


def seed(session: Session) -> None:
    """Two users with a few chats; nothing where there is a user already."""
    if session.scalar(select(User.id).limit(1)) is not None:
        return
    ada, boris = _user("Ada", "Ada Lovelace", "ada@example.org"), _user("Борис", "Борис Житков", "boris@example.org")
    session.add_all([ada, boris])
    session.flush()
    session.add_all(_chat(ada, day, title, said) for day, (title, said) in enumerate(ADA))
    session.add_all(_chat(boris, day, title, said) for day, (title, said) in enumerate(BORIS))


def _user(name: str, shown: str, email: str) -> User:
    return User(username=name, key=key_of(name), display_name=shown, email=email, created_at=BEGAN)


Said = list[tuple[str, str, dict[str, str]]]
"""Questions, their answers, and what a search of the history found for them by what was looked for."""


def _chat(user: User, day: int, title: str, said: Said) -> ChatSession:
    """A chat on a day, a question and its answer a minute apart."""
    start = BEGAN + timedelta(days=day)
    messages = []
    for turn, (question, answer, searches) in enumerate(said):
        at = start + timedelta(minutes=2 * turn)
        asked = Message(user_id=user.id, message_type="user", content=question, created_at=at)
        asked.tool_usages = [_looked(*search, at + timedelta(seconds=1)) for search in searches.items()]
        messages += [
            asked,
            Message(
                user_id=user.id,
                message_type="assistant",
                content=answer,
                message_metadata=PLANNED,
                created_at=at + timedelta(seconds=2),
            ),
        ]
    return ChatSession(
        user_id=user.id, title=title, created_at=start, updated_at=messages[-1].created_at, messages=messages
    )


def _looked(query: str, result: str, at: datetime) -> ToolUsage:
    return ToolUsage(
        server="history",
        tool_name="search_history",
        arguments={"query": query},
        result=result,
        status="ok",
        duration_ms=14,
        created_at=at,
    )


ADA: list[tuple[str, Said]] = [
    (
        "Plan for the spring release",
        [
            (
                "Write down: the spring release needs release notes, a migration guide and one week of testing.",
                "I have no tool that keeps notes, but this chat does: ask *what did I say about the spring release* later.",
                {},
            ),
        ],
    ),
    (
        "What did I say about the release?",
        [
            (
                "What did I say about the spring release?",
                "I searched your history for **spring release** and found one message:\n\n"
                "> the spring release needs release notes, a migration guide and one week of testing.",
                {
                    "spring release": (
                        '[{"chat": "Plan for the spring release", "said_by": "user", "text": "Write down: the spring '
                        'release needs release notes, a migration guide and one week of testing."}]'
                    )
                },
            ),
        ],
    ),
]

BORIS: list[tuple[str, Said]] = [
    (
        "Список для поездки",
        [
            (
                "Запомни: в поездку взять паспорт, зарядку и тёплую куртку.",
                "Отдельных заметок у меня нет, но чат сохранён: спросите потом, *что я говорил про поездку*.",
                {},
            ),
        ],
    ),
]
