"""The ear of `hermetic run`: takes the connections of all processes below it, each on a thread, and passes on what they say."""

from __future__ import annotations

import hmac
import os
import secrets
import shutil
import socket
import socketserver
import tempfile
import threading
import time
from pathlib import Path
from typing import Protocol

from ..seen import Seen
from ..settings import Settings
from .address import Address
from .pulse import Pulse
from .wire import LONGEST, Hello, understood

NOTES = "notes"
"""The folder in which every Python process that starts leaves a file, whether or not it can be watched."""

_LONGEST_PATH = 90
"""Bytes of a socket's path that every system takes; macOS has room for 103."""

_LAST_ROUND_S = 0.05


class Hears(Protocol):
    """What is told of every process, in the order in which it says it, from several threads at once."""

    def began(self, hello: Hello) -> None: ...
    def changed(self, hello: Hello) -> None: ...
    def saw(self, hello: Hello, seen: Seen) -> None: ...
    def pulsed(self, hello: Hello, pulse: Pulse) -> None: ...
    def left(self, hello: Hello) -> None: ...


class Several:
    """Passes on what is told to several, in their order."""

    def __init__(self, *hears: Hears) -> None:
        self._hears = hears

    def began(self, hello: Hello) -> None:
        for each in self._hears:
            each.began(hello)

    def changed(self, hello: Hello) -> None:
        for each in self._hears:
            each.changed(hello)

    def saw(self, hello: Hello, seen: Seen) -> None:
        for each in self._hears:
            each.saw(hello, seen)

    def pulsed(self, hello: Hello, pulse: Pulse) -> None:
        for each in self._hears:
            each.pulsed(hello, pulse)

    def left(self, hello: Hello) -> None:
        for each in self._hears:
            each.left(hello)


class Ear:
    """A private folder with a socket in it, open from `__enter__` to `__exit__`; processes find it by `folder`."""

    def __init__(self, settings: Settings, hears: Hears, *, by_port: bool = False) -> None:
        self._settings = settings
        self.hears = hears
        self._by_port = by_port or not hasattr(socket, "AF_UNIX")

    def __enter__(self) -> Ear:
        self.folder = Path(tempfile.mkdtemp(prefix="hermetic-"))
        try:
            (self.folder / NOTES).mkdir()
            (self.folder / "settings.json").write_text(self._settings.to_json(), encoding="utf-8")
            self._server = self._listening()
        except BaseException:
            shutil.rmtree(self.folder, ignore_errors=True)
            raise
        threading.Thread(target=self._server.serve_forever, args=(0.1,), name="hermetic-ear", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def hear_out(self, patience_s: float) -> None:
        """Take what is on its way, until every process has hung up or patience is at its end."""
        self._server.shutdown()
        until = time.monotonic() + patience_s
        while self._server.takes_one() or (self._server.connected and time.monotonic() < until):
            pass

    def _listening(self) -> _Server:
        path = str(self.folder / "ear")
        if self._by_port or len(os.fsencode(path)) > _LONGEST_PATH:
            token = secrets.token_hex()
            server = _Server(("127.0.0.1", 0), self.hears, token)
            Address(port=server.server_address[1], token=token).write(str(self.folder))
            return server
        server = _SocketServer(path, self.hears)
        os.chmod(path, 0o600)
        Address(path=path).write(str(self.folder))
        return server


class _Server(socketserver.ThreadingTCPServer):
    """Counts its connections, and can be asked for one more when it has stopped."""

    daemon_threads = True
    request_queue_size = 128
    timeout = _LAST_ROUND_S

    def __init__(self, address: tuple[str, int] | str, hears: Hears, token: str = "") -> None:
        self.hears = hears
        self.token = token
        self.connected = 0
        self._lock = threading.Lock()
        self._timed_out = False
        super().__init__(address, _Handler)  # type: ignore[arg-type]  # a path, for the kind of socket below

    def takes_one(self) -> bool:
        """Take one more connection, if there is any within the timeout; whether there was."""
        self._timed_out = False
        self.handle_request()
        return not self._timed_out

    def handle_timeout(self) -> None:
        self._timed_out = True

    def process_request(self, request: object, client_address: object) -> None:
        self.counted(1)
        super().process_request(request, client_address)  # type: ignore[arg-type]  # passed on as it came

    def shutdown_request(self, request: object) -> None:
        super().shutdown_request(request)  # type: ignore[arg-type]  # passed on as it came
        self.counted(-1)

    def counted(self, change: int) -> None:
        """Count one more or one less."""
        with self._lock:
            self.connected += change


class _SocketServer(_Server):
    address_family = getattr(socket, "AF_UNIX", socket.AF_INET)


class _Handler(socketserver.StreamRequestHandler):
    """Hears one process from its hello until it hangs up."""

    def handle(self) -> None:
        server = self.server
        if not isinstance(server, _Server) or not self._is_let_in(server.token):
            return
        hello: Hello | None = None
        hears = server.hears
        try:
            while text := self.rfile.readline(LONGEST):
                message = understood(text)
                if message is None:
                    continue
                if message.hello is not None:
                    (hears.began if hello is None else hears.changed)(message.hello)
                    hello = message.hello
                if message.seen is not None and hello is not None:
                    hears.saw(hello, message.seen)
                if message.pulse is not None and hello is not None:
                    hears.pulsed(hello, message.pulse)
        except OSError:
            pass
        finally:
            if hello is not None:
                hears.left(hello)

    def _is_let_in(self, token: str) -> bool:
        if not token:
            return True
        message = understood(self.rfile.readline(LONGEST))
        return message is not None and hmac.compare_digest(message.token or "", token)
