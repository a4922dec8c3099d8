"""Chats: the list, one chat with its history, what the user says in it, and the answer as it is written."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence

from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from ..answers import Answer
from ..guard import checked_form, text_of
from ..language import catalogue
from ..naming import readable
from ..records import MessageRead, SessionHistory, UserRead
from ..rooms import rooms
from ..shown import fragment, language_of, page
from ..tools.server import ToolServer
from .people import signed_in

LONGEST_MESSAGE = 8_000
BREATH_S = 0.04
"""Pieces that come within this time are shown together."""


async def first(request: Request) -> Response:
    """The chat that is going on, else an empty page to begin one on."""
    user = await signed_in(request)
    active = await rooms(request).chat.get_active_session(user.id)
    return RedirectResponse(f"/chats/{active.id}" if active is not None else "/chats/new", 303)


async def new(request: Request) -> Response:
    """An empty page to begin a chat on."""
    user = await signed_in(request)
    chats = await rooms(request).chat.get_user_sessions(user.id)
    return page(request, "chat.html", user=user, chats=chats, current=None, answer=None, room=rooms(request))


async def beginning(request: Request) -> Response:
    """Begin a chat with its first message: both are kept, or neither."""
    user = await signed_in(request)
    text = _said(await checked_form(request))
    if not text:
        return RedirectResponse("/chats/new", 303)
    room = rooms(request)
    session = await room.host.begin(request)
    chat = await room.chat.create_chat_session(user.id)
    question = await room.chat.add_message(chat.id, user.id, "user", text)
    session.after_commit(room.answers.start, question, language_of(request))
    return RedirectResponse(f"/chats/{chat.id}", 303)


async def one(request: Request) -> Response:
    """A chat with everything that was said in it, and the tools that were called."""
    user = await signed_in(request)
    room, session_id = rooms(request), request.path_params["session_id"]
    chats = await room.chat.get_user_sessions(user.id)
    answer = room.answers.in_chat(session_id)
    history = await room.chat.get_session_history(session_id, user.id)
    if answer is not None and answer.state != "writing":
        history, answer = await room.chat.get_session_history(session_id, user.id), None
    elif answer is not None and is_answered(history, answer.question.id):
        answer = None
    return page(request, "chat.html", user=user, chats=chats, current=history, answer=answer, room=room)


def is_answered(history: SessionHistory, question_id: int) -> bool:
    """Whether the answer to a question is in the history already."""
    return any(each.message_metadata.get("question") == question_id for each in history.messages)


async def saying(request: Request) -> Response:
    """Keep a message and begin its answer: the message is committed before anybody is told of it."""
    user = await signed_in(request)
    text = _said(await checked_form(request))
    room, session_id = rooms(request), request.path_params["session_id"]
    language = language_of(request)
    if room.answers.in_chat(session_id) is not None:
        await room.chat.get_chat_session(session_id, user.id)
        return _told(request, catalogue(language).gettext("Wait until the answer is complete, or stop it."), 409)
    if not text:
        return _told(request, catalogue(language).gettext("Write something first."), 422)
    session = await room.host.begin(request)
    question = await room.chat.add_message(session_id, user.id, "user", text)
    session.after_commit(room.answers.start, question, language)
    if _wants_json(request):
        return JSONResponse({"html": _question(question, user, language)}, 201)
    return RedirectResponse(f"/chats/{session_id}#end", 303)


async def watching(request: Request) -> Response:
    """The answer that is being written, as server-sent events: each has all of it so far, so one may come late."""
    user = await signed_in(request)
    room, session_id = rooms(request), request.path_params["session_id"]
    await room.chat.get_chat_session(session_id, user.id)
    answer = room.answers.in_chat(session_id)
    if answer is None:
        return Response(status_code=204)
    return EventSourceResponse(written(answer, language_of(request), room.toolbox.servers))


async def written(answer: Answer, language: str, servers: Sequence[ToolServer] = ()) -> AsyncIterator[ServerSentEvent]:
    """What there is of an answer, again whenever there is more."""
    version = -1
    while answer.state == "writing":
        version = await answer.newer_than(version)
        yield ServerSentEvent(_drawn(answer, language, servers), event="answer", id=str(version))
        await asyncio.sleep(BREATH_S)
    yield ServerSentEvent(_drawn(answer, language, servers), event="done", id=str(answer.version))


def _drawn(answer: Answer, language: str, servers: Sequence[ToolServer]) -> str:
    return json.dumps(
        {
            "tools": fragment("_tools.html", language, tools=answer.tools),
            "text": fragment("_answer.html", language, answer=answer),
            "servers": fragment("_servers.html", language, servers=servers),
            "state": answer.state,
        }
    )


async def stopping(request: Request) -> Response:
    """End the answer; what there is of it is kept."""
    user = await signed_in(request)
    await checked_form(request)
    room, session_id = rooms(request), request.path_params["session_id"]
    await room.chat.get_chat_session(session_id, user.id)
    await room.answers.stop(session_id)
    return RedirectResponse(f"/chats/{session_id}", 303)


async def changing(request: Request) -> Response:
    """Rename a chat, archive it or take it back."""
    user = await signed_in(request)
    form = await checked_form(request)
    session_id = request.path_params["session_id"]
    active = {"yes": True, "no": False}.get(str(form.get("active")))
    title = text_of(form, "title", longest=80) or None
    await rooms(request).chat.change_chat_session(session_id, user.id, title=title, is_active=active)
    return RedirectResponse(f"/chats/{session_id}", 303)


async def deleting(request: Request) -> Response:
    """Delete a chat with everything in it."""
    user = await signed_in(request)
    await checked_form(request)
    room, session_id = rooms(request), request.path_params["session_id"]
    await room.chat.get_chat_session(session_id, user.id)
    await room.answers.stop(session_id)
    await room.chat.delete_chat_session(session_id, user.id)
    request.session["notice"] = catalogue(language_of(request)).gettext("The chat was deleted.")
    return RedirectResponse("/", 303)


def _said(form: FormData) -> str:
    """What the user wrote."""
    return readable(str(form.get("text") or "")).strip()[:LONGEST_MESSAGE]


def _question(question: MessageRead, user: UserRead, language: str) -> str:
    return fragment("_question.html", language, message=question, user=user)


def _wants_json(request: Request) -> bool:
    return "application/json" in request.headers.get("accept", "")


def _told(request: Request, problem: str, status: int) -> Response:
    """A problem, for a script or for a reader without one."""
    if _wants_json(request):
        return JSONResponse({"detail": problem}, status)
    request.session["notice"] = problem
    return RedirectResponse(f"/chats/{request.path_params['session_id']}", 303)


ROUTES = [
    Route("/", first),
    Route("/chats/new", new),
    Route("/chats", beginning, methods=["POST"]),
    Route("/chats/{session_id:int}", one),
    Route("/chats/{session_id:int}", changing, methods=["POST"]),
    Route("/chats/{session_id:int}/messages", saying, methods=["POST"]),
    Route("/chats/{session_id:int}/answer", watching),
    Route("/chats/{session_id:int}/stop", stopping, methods=["POST"]),
    Route("/chats/{session_id:int}/delete", deleting, methods=["POST"]),
]
