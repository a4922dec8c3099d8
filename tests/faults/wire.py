"""The messages of PostgreSQL and MariaDB, as far as one must know them to break a COMMIT at each of its bytes.

Source: "Message Formats" and "Message Flow" of PostgreSQL 18's documentation, chapter 54.
"""

from __future__ import annotations

from collections.abc import Iterator

_ASKS_FOR_ENCRYPTION = {80877103, 80877104}
"""SSLRequest and GSSENCRequest: the server answers with a single byte, and the startup message follows."""


class Talk:
    """One connection's two streams of messages."""

    def __init__(self) -> None:
        self._from_client = bytearray()
        self._from_server = bytearray()
        self._is_started = False
        self._bytes_owed = 0

    def sent(self, data: bytes) -> Iterator[bytes]:
        """The whole messages from the client that are complete with this data."""
        self._from_client += data
        while True:
            header = 1 if self._is_started else 0
            message = _taken(self._from_client, header)
            if message is None:
                return
            if not self._is_started:
                if int.from_bytes(message[4:8], "big") in _ASKS_FOR_ENCRYPTION:
                    self._bytes_owed += 1
                else:
                    self._is_started = True
            yield message

    def received(self, data: bytes) -> Iterator[bytes]:
        """The whole messages from the server that are complete with this data."""
        self._from_server += data
        while self._from_server:
            if self._bytes_owed:
                self._bytes_owed -= 1
                message = bytes(self._from_server[:1])
                del self._from_server[:1]
            else:
                message = _taken(self._from_server, 1)
            if message is None:
                return
            yield message

    @staticmethod
    def is_commit(message: bytes) -> bool:
        """Whether a message of the client is the query COMMIT; both drivers send it as a simple query."""
        return message[:1] == b"Q" and message[5:].rstrip(b"\0; ").upper() == b"COMMIT"

    @staticmethod
    def ends_answer(message: bytes) -> bool:
        """Whether a message of the server is ReadyForQuery, the last one of an answer."""
        return message[:1] == b"Z"


class MariaDBTalk:
    """The same of MariaDB; a message is a packet: three bytes of length, one that counts, and what it says.

    Source: "Client/Server Protocol" of MariaDB's documentation.
    """

    def __init__(self) -> None:
        self._from_client = bytearray()
        self._from_server = bytearray()

    def sent(self, data: bytes) -> Iterator[bytes]:
        """The whole packets from the client that are complete with this data."""
        self._from_client += data
        return iter(lambda: _packet(self._from_client), None)

    def received(self, data: bytes) -> Iterator[bytes]:
        """The whole packets from the server that are complete with this data."""
        self._from_server += data
        return iter(lambda: _packet(self._from_server), None)

    @staticmethod
    def is_commit(message: bytes) -> bool:
        """Whether a packet of the client is COM_QUERY with COMMIT."""
        return message[4:5] == b"\x03" and message[5:].upper() == b"COMMIT"

    @staticmethod
    def ends_answer(message: bytes) -> bool:
        """The answer to a COMMIT is a single packet, OK or an error."""
        return True


def _packet(buffer: bytearray) -> bytes | None:
    size = 4 + int.from_bytes(buffer[:3], "little")
    if len(buffer) < size:
        return None
    packet = bytes(buffer[:size])
    del buffer[:size]
    return packet


def _taken(buffer: bytearray, header: int) -> bytes | None:
    """The first message of a buffer, taken out of it, when it is there as a whole."""
    if len(buffer) < header + 4:
        return None
    size = header + int.from_bytes(buffer[header : header + 4], "big")
    if len(buffer) < size:
        return None
    message = bytes(buffer[:size])
    del buffer[:size]
    return message
