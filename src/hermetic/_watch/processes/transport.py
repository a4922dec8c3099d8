"""Carries what one process saw to `hermetic run`, without ever keeping the program waiting.

The program's threads do nothing for it: a daemon thread asks for the findings in rounds, and sends those of which there is
something new. What waits is bounded, because it is the watcher's own table of findings and one batch on its way. The thread
starts with the first finding and ends before the process forks, so that a program without findings, and every forked child,
has no thread of ours. By hand, because `logging.handlers.SocketHandler` sends in the caller's thread, and queues of
`multiprocessing` need the parent's context, which spawned workers and reloaded servers do not have.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial

from ..seen import Seen
from .address import Address
from .pulse import Pulses
from .wire import Hello, identity, line, placed

ROUND_S = 0.1
"""So much of the end of a process that is killed may be lost."""

LIVE_ROUND_S = 0.2
"""A round where somebody looks on: five pictures a second are all that a person can follow."""

_SHARE = 20
"""A round takes at most one part in so many of the processor: where there are thousands of findings, rounds are rare."""

LAST_WORDS_S = 1.0
"""How long a process that ends may take to send what is left."""


class Connection:
    """A way to the run that is opened when it is needed, and again when it breaks; on each, a hello comes first.

    The hello is said again when it has changed.
    """

    def __init__(self, address: Address, hello: Callable[[], Hello]) -> None:
        self._address = address
        self._hello = hello
        self._socket: socket.socket | None = None
        self._unsent = memoryview(b"")
        self._said: Hello | None = None

    @property
    def is_busy(self) -> bool:
        """Whether something is still on its way, because the reader takes its time."""
        return bool(self._unsent)

    def open(self) -> None:
        """Connect and say hello, as far as that is not done; raises OSError."""
        hello, token = self._hello(), b""
        if self._socket is None:
            self._socket, self._said = self._address.connect(), None
            token = line(token=self._address.token) if self._address.token else b""
        if hello != self._said:
            self._said = hello
            self.send(token + line(hello=hello))

    def send(self, batch: bytes) -> None:
        """Send after what is on its way as much of the batch as is taken now; raises OSError where nobody listens."""
        self._unsent = memoryview(bytes(self._unsent) + batch)
        try:
            with suppress(TimeoutError, BlockingIOError):
                while self._unsent and self._socket is not None:
                    self._unsent = self._unsent[self._socket.send(self._unsent) :]
        except OSError:
            self.close()
            raise

    def close(self) -> None:
        """Hang up; in a forked child this leaves its parent's connection alone."""
        if self._socket is not None:
            self._socket.close()
        self._socket, self._unsent = None, memoryview(b"")


class Sender:
    """Sends one process's findings, as often as there is something new; `findings` gives all of them, with their counts.

    `base` is the folder from which they name their files. Where somebody looks on, `pulses` go with them.
    """

    def __init__(
        self, address: Address, hello: Callable[[], Hello], findings: Callable[[], Iterable[Seen]], base: str
    ) -> None:
        self._address = address
        self._hello = hello
        self._findings = findings
        self._base = base
        self.pulses: Pulses | None = None
        self._begin()

    def _begin(self) -> None:
        """Start with nothing told: in a new process, or in a forked child."""
        self._connection = Connection(self._address, self._hello)
        self._told: dict[tuple[object, ...], int] = {}
        self._stop = threading.Event()
        self._starting, self._sending = threading.Lock(), threading.Lock()
        self._thread: threading.Thread | None = None
        self._is_over = False

    def greet(self) -> None:
        """Say hello at once, so that the user knows that this process is watched."""
        with suppress(OSError), self._sending:
            self._connection.open()

    def ring(self, _seen: Seen | None = None) -> None:
        """Have what is new sent from now on; waits for nobody, wherever it is called, be it in the garbage collector."""
        if self._thread is not None or self._is_over or not self._starting.acquire(blocking=False):
            return
        try:
            rounds = partial(self._rounds, self._stop)
            self._thread = threading.Thread(target=rounds, name="hermetic", daemon=True)
            self._thread.start()
        except RuntimeError:  # no thread can start any more; `end` sends what there is
            pass
        finally:
            self._starting.release()

    def rest(self) -> None:
        """End the thread, if there is one, until the next ring."""
        thread = self._thread
        if thread is not None and thread.is_alive():
            self._stop.set()
            thread.join(LAST_WORDS_S)
        self._thread, self._stop = None, threading.Event()

    def end(self) -> None:
        """Send what is left, within `LAST_WORDS_S`, and hang up."""
        self.rest()
        until = time.monotonic() + LAST_WORDS_S
        if not self._sending.acquire(timeout=LAST_WORDS_S):
            return
        try:
            while self._send() and time.monotonic() < until:
                pass
        except OSError:
            pass
        finally:
            self._connection.close()
            self._sending.release()

    def forked(self) -> None:
        """Begin anew in a forked child: the connection and the thread are its parent's."""
        self._connection.close()
        self._begin()
        if self.pulses is not None:
            self.pulses.renew()
        self.greet()

    def _rounds(self, stop: threading.Event) -> None:
        """What the thread does, until it is told to end or the run is over."""
        while True:
            began = time.thread_time()
            try:
                with self._sending:
                    self._send()
            except (FileNotFoundError, ConnectionRefusedError):
                self._thread, self._is_over = None, True
                return
            except OSError:  # the run is slow to answer, or this connection broke
                self._told.clear()
                if self.pulses is not None:
                    self.pulses.again()
            round_s = ROUND_S if self.pulses is None else LIVE_ROUND_S
            if stop.wait(max(round_s, _SHARE * (time.thread_time() - began))):
                return

    def _send(self) -> bool:
        """Send what is new, unless a batch is still on its way; whether there is more to do. Raises OSError."""
        self._connection.open()
        if self._connection.is_busy:
            self._connection.send(b"")
            return True
        new = {identity(each.finding): each for each in self._findings()}
        new = {key: each for key, each in new.items() if self._told.get(key) != each.count}
        batch = [line(seen=placed(each, self._base)) for each in new.values()]
        batch += [line(pulse=each) for each in (() if self.pulses is None else self.pulses.taken())]
        self._connection.send(b"".join(batch))
        self._told |= {key: each.count for key, each in new.items()}
        return bool(new) or (self.pulses is not None and self.pulses.has_more)
