"""Answers that are being written: each in a task of its own, whoever looks on, and kept when it is complete."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from pydantic import JsonValue
from sqlalchemy.exc import SQLAlchemyError

from .identity import Identity
from .language import catalogue
from .model.said import Answered, Asked, Model, ModelFailed, Returned, Said
from .records import MessageRead, ToolUsageRead
from .service import ChatService, NoSuchChat
from .tools.offered import Call, Outcome
from .tools.toolbox import Toolbox

logger = logging.getLogger(__name__)

State = Literal["writing", "complete", "stopped", "failed"]
MOST_ROUNDS = 8
REMEMBERED = 40
"""Messages of the chat that the model is told, at most."""


@dataclass(eq=False, slots=True)
class Answer:
    """What there is of an answer so far; `version` counts its changes."""

    question: MessageRead
    language: str
    text: str = ""
    tools: list[ToolUsageRead] = field(default_factory=list)
    calling: dict[str, str] = field(default_factory=dict)
    notices: list[str] = field(default_factory=list)
    state: State = "writing"
    version: int = 0
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    def touch(self) -> None:
        """Tell everybody who looks on that something changed."""
        self.version += 1
        self._changed.set()
        self._changed = asyncio.Event()

    async def newer_than(self, version: int) -> int:
        """Wait until there is more than what that version had; gives the version that there is."""
        while self.version <= version and self.state == "writing":
            await self._changed.wait()
        return self.version

    def notice(self, text: str) -> None:
        """Tell the user something that is not the model's."""
        self.notices.append(text)
        self.touch()


class Answers:
    """Writes answers. No connection to the database is held while the model or a tool is waited for."""

    def __init__(self, chat: ChatService, model: Model, toolbox: Toolbox, identity: Identity) -> None:
        self._chat = chat
        self._model = model
        self._toolbox = toolbox
        self._identity = identity
        self._writing: dict[int, tuple[Answer, asyncio.Task[None]]] = {}

    def start(self, question: MessageRead, language: str) -> Answer:
        """Begin an answer to a question that is kept already; it waits for the one before it in the same chat."""
        answer = Answer(question, language)
        before = self._writing.get(question.session_id)
        writing = self._write(answer, before[1] if before is not None else None)
        task = asyncio.create_task(writing, name=f"answer to message {question.id}")
        self._writing[question.session_id] = answer, task
        return answer

    def in_chat(self, session_id: int) -> Answer | None:
        """The answer that is being written in a chat."""
        found = self._writing.get(session_id)
        return found[0] if found is not None else None

    async def stop(self, session_id: int) -> None:
        """End the answer that is being written in a chat; what there is of it is kept."""
        found = self._writing.get(session_id)
        if found is not None:
            found[1].cancel()
            await asyncio.wait([found[1]])

    async def close(self) -> None:
        """End all answers, and keep what there is of them."""
        tasks = [task for _, task in self._writing.values()]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    async def _write(self, answer: Answer, before: asyncio.Task[None] | None) -> None:
        """Write an answer and keep it, however it ends."""
        state: State = "complete"
        texts = catalogue(answer.language)
        try:
            if before is not None:
                await asyncio.wait([before])
            await self._converse(answer)
            if not answer.text and not answer.notices:
                answer.notice(texts.gettext("The model said nothing."))
        except asyncio.CancelledError:
            state = "stopped"
        except ModelFailed as error:
            state = "failed"
            answer.notice(texts.gettext("The model did not answer: %(why)s") % {"why": error})
        except NoSuchChat:
            state = "stopped"
        except Exception:
            logger.exception("An answer could not be written")
            state = "failed"
            answer.notice(texts.gettext("The answer could not be written; the log tells why."))
        await self._keep(answer, state)

    async def _keep(self, answer: Answer, state: State) -> None:
        """Store what there is, and only then say that it is complete."""
        question = answer.question
        metadata: dict[str, JsonValue] = {"model": self._model.name, "state": state, "notices": [*answer.notices]}
        metadata["question"] = question.id
        try:
            await self._chat.add_message(question.session_id, question.user_id, "assistant", answer.text, metadata)
        except NoSuchChat:
            logger.info("The chat %s is gone, and so is the answer in it", question.session_id)
        except SQLAlchemyError:
            logger.exception("An answer could not be kept")
        finally:
            if self.in_chat(question.session_id) is answer:
                del self._writing[question.session_id]
            answer.state = state
            answer.calling.clear()
            answer.touch()

    async def _converse(self, answer: Answer) -> None:
        """Ask the model, call the tools it asks for, and ask again, until it asks for none."""
        texts = catalogue(answer.language)
        await self._toolbox.connect()
        known = await self._said_before(answer.question)
        for server in self._toolbox.down:
            told = texts.gettext("The tools of “%(server)s” are not there (%(why)s); I go on without them.")
            told %= {"server": server.name, "why": server.problem}
            if not any(told in _notices(each) for each in known):
                answer.notice(told)
        conversation: list[Said] = [_as_said(each) for each in known]
        for _ in range(MOST_ROUNDS):
            said = await self._listen(answer, conversation)
            if not said.calls:
                return
            conversation.append(said)
            conversation += await asyncio.gather(*(self._call(answer, call) for call in said.calls))
        answer.notice(texts.gettext("I stopped after %(count)s rounds of tools.") % {"count": MOST_ROUNDS})

    async def _said_before(self, question: MessageRead) -> list[MessageRead]:
        """What was said in the chat, up to the question; answers that it had to wait for are before it."""
        said = await self._chat.get_session_messages(question.session_id, question.user_id)
        before = [each for each in said if each.message_type == "assistant" or each.id < question.id]
        return [*before, question][-REMEMBERED:]

    async def _listen(self, answer: Answer, conversation: Sequence[Said]) -> Answered:
        """One reply of the model; its text is in the answer as it comes."""
        texts, calls = list[str](), list[Call]()
        if answer.text:
            answer.text += "\n\n"
        async for piece in self._model.reply(conversation, self._toolbox.tools):
            if isinstance(piece, Call):
                calls.append(piece)
                continue
            texts.append(piece)
            answer.text += piece
            answer.touch()
        return Answered("".join(texts), tuple(calls))

    async def _call(self, answer: Answer, call: Call) -> Returned:
        """Call a tool, and keep that it was called."""
        answer.calling[call.id] = call.tool.replace("__", ": ")
        answer.touch()
        try:
            tool, outcome = await self._toolbox.call(
                call, self._identity.note(answer.question.user_id, answer.question.id)
            )
        finally:
            answer.calling.pop(call.id, None)
        await self._record(answer, tool.server, tool.name, call, outcome)
        if outcome.failed:
            self._tell_if_down(answer, tool.server)
        return Returned(call, outcome)

    async def _record(self, answer: Answer, server: str, tool: str, call: Call, outcome: Outcome) -> None:
        usage = await self._chat.add_tool_usage(
            answer.question.id,
            server,
            tool,
            call.arguments,
            outcome.text,
            status="failed" if outcome.failed else "ok",
            duration_ms=outcome.duration_ms,
        )
        answer.tools.append(usage)
        answer.touch()

    def _tell_if_down(self, answer: Answer, name: str) -> None:
        """Say so when a server died while it was asked."""
        for server in self._toolbox.down:
            if server.name == name:
                texts = catalogue(answer.language)
                answer.notice(
                    texts.gettext("The server “%(server)s” stopped answering (%(why)s); I go on without it.")
                    % {"server": name, "why": server.problem}
                )


def _as_said(message: MessageRead) -> Said:
    """A message as the model is told it."""
    return Asked(message.content) if message.message_type == "user" else Answered(message.content)


def _notices(message: MessageRead) -> list[object]:
    """What the user was told beside an answer."""
    told = message.message_metadata.get("notices")
    return [*told] if isinstance(told, list) else []
