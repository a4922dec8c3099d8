"""Serves the dashboard to one person's browser on this machine, and to nobody else.

It listens on loopback only. The address that is printed holds a token that is good for one visit, which leaves a cookie
behind that no script can read; whoever has neither gets nothing. A request by another name than this machine's own is
refused, so that no page of another origin can reach it by a name that it has pointed here. There is nothing to write.
"""

from __future__ import annotations

import asyncio
import secrets
import socket
import threading
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from .facts import LOOKED_BACK_S, Facts
from .sending import Sending, event

PAGE = Path(__file__).parent / "page"

HOST = "127.0.0.1"

FRAME_S = 0.2
"""So often a frame is made and sent."""

PATIENCE_S = 5.0
"""So long the server may take to start, and to end."""

HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self';"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}

USED = """This address was used already: its token is good for one visit.
Open the dashboard in the browser that used it, or start the run again.
"""


class Dashboard:
    """As a context manager it serves from `__enter__` to `__exit__`; `command` is what the page has for a title."""

    def __init__(self, facts: Facts, command: str) -> None:
        self.facts = facts
        self.command = command
        self._token = secrets.token_urlsafe()
        self._pass = secrets.token_urlsafe()
        self._past: deque[str] = deque(maxlen=int(LOOKED_BACK_S / FRAME_S))
        self._viewers: set[Sending] = set()
        self._told = 0
        self._is_over = threading.Event()

    def __enter__(self) -> Dashboard:
        self._socket = socket.create_server((HOST, 0))
        self._port: int = self._socket.getsockname()[1]
        config = uvicorn.Config(
            self._app(),
            log_level="error",
            access_log=False,
            ws="none",
            timeout_graceful_shutdown=1,
            server_header=False,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(
            target=self._server.run, args=([self._socket],), name="hermetic-dashboard", daemon=True
        )
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._thread.join(PATIENCE_S)
        self._server.should_exit = True
        self._thread.join(PATIENCE_S)
        self._socket.close()

    @property
    def address(self) -> str:
        """The address for one visit."""
        return f"http://{HOST}:{self._port}/?token={self._token}"

    @property
    def cookie(self) -> str:
        """The name of the cookie: cookies know no ports, and there may be other runs."""
        return f"hermetic-{self._port}"

    def _app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/", self._index),
                Route("/frames", self._frames),
                Route("/{name}", self._file),
            ],
            middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=[HOST, "localhost"], www_redirect=False)],
            lifespan=self._living,
        )

    @asynccontextmanager
    async def _living(self, _app: Starlette) -> AsyncIterator[None]:
        task = asyncio.create_task(self._frame_by_frame())
        yield
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

    async def _frame_by_frame(self) -> None:
        """Send frames until the run is over; the last one goes out whole before the server ends."""
        while not self._is_over.is_set():
            self._send()
            await asyncio.sleep(FRAME_S)
        self._send()
        for viewer in self._viewers:
            viewer.end()
        while self._viewers:
            await asyncio.sleep(FRAME_S)
        self._server.should_exit = True

    def _send(self) -> None:
        """Make a frame, and hand it with what was found since the one before to every viewer."""
        found = self.facts.findings(after=self._told)
        self._told += len(found)
        frame = self.facts.frame().to_json()
        self._past.append(frame)
        for viewer in list(self._viewers):
            for finding in found:
                viewer.put(event("finding", finding))
            viewer.put(event("frame", frame))

    def _is_let_in(self, request: Request) -> bool:
        return secrets.compare_digest(request.cookies.get(self.cookie, "").encode(), self._pass.encode())

    async def _index(self, request: Request) -> Response:
        given = request.query_params.get("token")
        if given is not None and self._token and secrets.compare_digest(given.encode(), self._token.encode()):
            self._token = ""
            response = RedirectResponse("/", 303, HEADERS)
            response.set_cookie(self.cookie, self._pass, httponly=True, samesite="strict")
            return response
        if not self._is_let_in(request):
            return PlainTextResponse(USED, 403, HEADERS)
        if given is not None:
            return RedirectResponse("/", 303, HEADERS)
        return FileResponse(PAGE / "index.html", headers=HEADERS)

    async def _file(self, request: Request) -> Response:
        """A file of the page."""
        file = PAGE / request.path_params["name"]
        if not self._is_let_in(request) or file.parent != PAGE or not file.is_file():
            return PlainTextResponse("", 404, HEADERS)
        return FileResponse(file, headers=HEADERS)

    async def _frames(self, request: Request) -> Response:
        """The last minute, then what comes, as server-sent events."""
        if not self._is_let_in(request):
            return PlainTextResponse(USED, 403, HEADERS)
        viewer = Sending()
        viewer.put(event("run", {"command": self.command, "lookedBack": LOOKED_BACK_S}))
        for finding in self.facts.findings()[: self._told]:
            viewer.put(event("finding", finding))
        for frame in self._past:
            viewer.put(event("past", frame))
        viewer.put(event("now", {}))
        self._viewers.add(viewer)
        return StreamingResponse(self._sent(viewer), media_type="text/event-stream", headers=HEADERS)

    async def _sent(self, viewer: Sending) -> AsyncIterator[bytes]:
        try:
            async for batch in viewer:
                yield batch
        finally:
            self._viewers.discard(viewer)
