"""No connection is held while a model or a tool answers, however many chats wait; and an answer outlives whoever asked."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Any

import pytest
from sqlalchemy import URL, func, select

from apps.chat.tests.conftest import SECRET
from apps.chat.tests.meeting import Meeting, waiting_room
from apps.chat.tests.speaking import Endpoint, asked_for, endpoint, said, serving
from hermetic import AsyncDatabase
from hermetic.scopes import AsyncScopeSession, PoolTimeout
from hermetic_chat.answers import Answer, Answers
from hermetic_chat.database import connect
from hermetic_chat.identity import Identity
from hermetic_chat.model.endpoint import EndpointModel
from hermetic_chat.pages.chats import written
from hermetic_chat.records import MessageRead
from hermetic_chat.service import ChatService
from hermetic_chat.tables import User, now
from hermetic_chat.tools.configured import Remote
from hermetic_chat.tools.toolbox import Toolbox

CHATS, POOL = 50, 5


@pytest.fixture(scope="module")
def speaking() -> Iterator[Endpoint]:
    with endpoint() as running:
        yield running


@pytest.fixture(scope="module")
def meeting() -> Meeting:
    """Where models and tools wait for each other."""
    return Meeting()


@pytest.fixture(scope="module")
def waiting(meeting: Meeting) -> Iterator[Remote]:
    """An MCP server over HTTP whose tool waits until everybody is there."""
    with serving(waiting_room(meeting).http_app()) as address:
        yield Remote(url=f"{address}/mcp")


class Chats:
    """What a running chat is made of, without its pages."""

    def __init__(self, db: AsyncDatabase[AsyncScopeSession], speaking: Endpoint, servers: dict[str, Remote]) -> None:
        self.db = db
        self.chat = ChatService(db)
        self.toolbox = Toolbox(servers)
        self.model = EndpointModel("test", speaking.url, None)
        self.answers = Answers(self.chat, self.model, self.toolbox, Identity(SECRET))

    async def ask(self, name: str) -> MessageRead:
        """Let a user begin a chat."""
        user = await self.chat.get_or_create_user(name)
        chat = await self.chat.create_chat_session(user.id)
        question = await self.chat.add_message(chat.id, user.id, "user", "What now?")
        self.answers.start(question, "en")
        return question

    async def told(self, question: MessageRead) -> list[str]:
        """What stands in the chat of a question when nothing is being written in it any more."""
        while (answer := self.answers.in_chat(question.session_id)) is not None:
            await answer.newer_than(answer.version)
        kept = await self.chat.get_session_messages(question.session_id, question.user_id)
        return [each.content for each in kept[1:]]


def with_chats(
    url: URL,
    speaking: Endpoint,
    servers: dict[str, Remote],
    work: Callable[[Chats], Awaitable[Any]],
) -> Any:
    """What the work gives, with chats on a pool of five connections. Any: whatever it is."""

    async def working() -> Any:
        async with connect(url, pool_size=POOL) as db:
            chats = Chats(db, speaking, servers)
            try:
                return await work(chats)
            finally:
                await chats.answers.close()
                await chats.toolbox.close()
                await chats.model.close()

    return asyncio.run(working())


def script(asked: dict[str, Any]) -> Sequence[dict[str, Any]]:
    """Ask for the tool that waits, and then answer."""
    if asked["messages"][-1]["role"] == "user":
        return asked_for(("waiting__wait", "{}"))
    return said("All were ", "there.")


def test_fifty_chats_wait_without_a_connection(url: URL, speaking: Endpoint, meeting: Meeting, waiting: Remote) -> None:
    """Fifty answers wait at the same time, on a pool of five, first for the model, then for a tool: nobody holds one.

    The model goes on when all fifty have asked it, and the tool when all fifty have called it, so this ends only if
    waiting costs no connection. The watcher, under which these tests run, sees no long transaction either.
    """
    speaking.script, speaking.before_first = script, meeting.of(CHATS, "model")
    meeting.of(CHATS, "tool")

    async def work(chats: Chats) -> tuple[dict[str, int], list[list[str]]]:
        meeting.look = lambda: chats.db.engine.pool.checkedout()
        questions = [await chats.ask(f"user {number}") for number in range(CHATS)]
        told = await asyncio.gather(*(chats.told(question) for question in questions))
        return dict(meeting.held), told

    held, told = with_chats(url, speaking, {"waiting": waiting}, work)

    assert {"model": 0, "tool": 0} == held
    assert [["All were there."]] * CHATS == told


@pytest.mark.hermetic(allow=["long-transaction", "session-leak"])
def test_a_transaction_around_the_model_stops_everybody(url: URL, speaking: Endpoint, meeting: Meeting) -> None:
    """Bad: the model is asked inside of a unit of work. Five chats hold the five connections, and the sixth has none."""
    speaking.script, speaking.before_first = script, meeting.of(POOL, "model", stay=True)

    async def bad(db: AsyncDatabase[AsyncScopeSession], model: EndpointModel) -> None:
        async with db.read() as session:
            await session.scalar(select(func.count(User.id)))
            async for _ in model.reply([], []):  # hermetic: allow[long-transaction] the bad form, on purpose
                pass

    async def work() -> int:
        model = EndpointModel("test", speaking.url, None)
        async with AsyncDatabase(url, pool_size=POOL, pool_timeout_s=0.2) as db:
            five = [asyncio.create_task(bad(db, model)) for _ in range(POOL)]
            await meeting.everybody_is_there("model")
            held = db.engine.pool.checkedout()
            with pytest.raises(PoolTimeout):
                await bad(db, model)
            meeting.let_go("model")
            await asyncio.gather(*five)
        await model.close()
        return held

    speaking.script = lambda _asked: said("Hello")

    assert POOL == asyncio.run(work())


def test_what_there_is_of_an_answer_is_kept_when_it_is_stopped(
    sqlite_url: URL, speaking: Endpoint, meeting: Meeting
) -> None:
    """The user stops it, or the server ends: the question and the words so far are in the chat."""
    speaking.script, speaking.before_first = lambda _asked: said("Never", " said"), meeting.of(1, "model", stay=True)

    async def work(chats: Chats) -> list[tuple[str, Any]]:
        question = await chats.ask("Ada")
        await meeting.everybody_is_there("model")
        answer = chats.answers.in_chat(question.session_id)
        assert answer is not None
        answer.text = "Words so far"
        await chats.answers.stop(question.session_id)
        meeting.let_go("model")
        kept = await chats.chat.get_session_messages(question.session_id, question.user_id)
        return [(each.content, each.message_metadata.get("state")) for each in kept]

    assert [("What now?", None), ("Words so far", "stopped")] == with_chats(sqlite_url, speaking, {}, work)


def test_questions_in_one_chat_are_answered_in_turn(sqlite_url: URL, speaking: Endpoint) -> None:
    """A second question waits for the answer to the first, and its model knows that answer."""
    speaking.script, speaking.before_first = lambda asked: said(f"Answer {len(asked['messages'])}"), None

    async def work(chats: Chats) -> list[str]:
        question = await chats.ask("Ada")
        again = await chats.chat.add_message(question.session_id, question.user_id, "user", "And then?")
        chats.answers.start(again, "en")
        return await chats.told(again)

    assert ["And then?", "Answer 2", "Answer 4"] == with_chats(sqlite_url, speaking, {}, work)


def test_a_chat_that_is_deleted_takes_its_answer_along(sqlite_url: URL, speaking: Endpoint, meeting: Meeting) -> None:
    """The answer ends without an error, and nothing of it is kept."""
    speaking.script, speaking.before_first = lambda _asked: said("Late"), meeting.of(1, "model", stay=True)

    async def work(chats: Chats) -> list[str]:
        question = await chats.ask("Ada")
        await meeting.everybody_is_there("model")
        await chats.chat.delete_chat_session(question.session_id, question.user_id)
        meeting.let_go("model")
        return await chats.told(question)

    assert [] == with_chats(sqlite_url, speaking, {}, work)


def test_an_answer_comes_as_events() -> None:
    """Each event has all of the answer so far as HTML, so that one may come late; the last says that it is complete."""
    question = MessageRead(
        id=1, session_id=1, user_id=1, message_type="user", content="?", message_metadata={}, created_at=now()
    )

    async def follow() -> list[tuple[str | None, str, str]]:
        answer, seen = Answer(question, "en"), []
        async for event in written(answer, "en"):
            data = json.loads(str(event.data))
            seen.append((event.event, data["state"], data["text"]))
            if answer.text:
                answer.state = "complete"
            answer.text += "*Two* "
            answer.touch()
        return seen

    seen = asyncio.run(follow())

    assert [("answer", "writing"), ("answer", "writing"), ("done", "complete")] == [each[:2] for each in seen]
    assert "Thinking" in seen[0][2]
    assert "<p><em>Two</em></p>" in seen[1][2]
    assert "<p><em>Two</em> <em>Two</em></p>" in seen[2][2]
