"""A small server that speaks the protocol of OpenAI's chat completions over real HTTP, as its tests tell it to."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

Delta = dict[str, Any]


def said(*pieces: str) -> list[Delta]:
    """The deltas of an answer in words."""
    return [{"content": piece} for piece in pieces]


def asked_for(*calls: tuple[str, str]) -> list[Delta]:
    """The deltas of a request for tools, whose arguments come in fragments as from a real endpoint."""
    deltas: list[Delta] = []
    for index, (name, arguments) in enumerate(calls):
        deltas.append(
            {"tool_calls": [{"index": index, "id": f"call-{index}", "function": {"name": name, "arguments": ""}}]}
        )
        deltas += [
            {"tool_calls": [{"index": index, "function": {"arguments": arguments[at : at + 5]}}]}
            for at in range(0, len(arguments), 5)
        ]
    return deltas


Script = Callable[[dict[str, Any]], Sequence[Delta] | Response]


@dataclass
class Endpoint:
    """What the server says to a request, and the requests that it has had."""

    script: Script = lambda _asked: said("Hello", " there")
    requests: list[dict[str, Any]] = field(default_factory=list)
    url: str = ""
    before_first: Callable[[], Any] | None = None
    """Awaited before anything of an answer is sent."""

    async def complete(self, request: Request) -> Response:
        """Answer as the protocol has it."""
        asked = await request.json()
        self.requests.append(asked)
        answer = self.script(asked)
        if isinstance(answer, Response):
            return answer
        return StreamingResponse(self._streamed(answer), media_type="text/event-stream")

    async def _streamed(self, deltas: Sequence[Delta]) -> AsyncIterator[str]:
        if self.before_first is not None:
            await self.before_first()
        for delta in deltas:
            chunk = {
                "id": "one",
                "object": "chat.completion.chunk",
                "created": 0,
                "model": "test",
                "choices": [{"index": 0, "delta": delta, "finish_reason": None}],
            }
            yield f"data: {json.dumps(chunk)}\n\n"
            await asyncio.sleep(0)
        yield "data: [DONE]\n\n"


def refusal(status: int) -> Response:
    """What an endpoint says that does not want to."""
    return JSONResponse({"error": {"message": "no such model", "type": "invalid_request_error"}}, status)


@contextmanager
def serving(app: Any) -> Iterator[str]:
    """Serve an ASGI app on a port of its own; gives its address."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started and thread.is_alive():
            thread.join(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()


@contextmanager
def endpoint() -> Iterator[Endpoint]:
    """The server, on a port of its own."""
    speaking = Endpoint()
    app = Starlette(routes=[Route("/v1/chat/completions", speaking.complete, methods=["POST"])])
    with serving(app) as address:
        speaking.url = f"{address}/v1"
        yield speaking
