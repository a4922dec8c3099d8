"""Where a run listens and how a process below it gets there: a socket in a private folder, else a port with a token."""

from __future__ import annotations

import os
import socket
from typing import NamedTuple

PATIENCE_S = 0.2
"""How long one call on a process's end of the connection may take."""

_BESIDE = "address"


class Address(NamedTuple):
    """The path of a socket, or a port of this machine with the token that it asks for."""

    path: str = ""
    port: int = 0
    token: str = ""

    def write(self, folder: str) -> None:
        """Leave the address in the run's folder."""
        with open(os.path.join(folder, _BESIDE), "w", encoding="utf-8") as file:
            file.write(f"{self.path}\n{self.port}\n{self.token}\n")

    @classmethod
    def read(cls, folder: str) -> Address:
        """The address in a run's folder; raises OSError where the run is over."""
        with open(os.path.join(folder, _BESIDE), encoding="utf-8") as file:
            path, port, token = file.read().split("\n")[:3]
        return cls(path, int(port), token)

    def connect(self) -> socket.socket:
        """A connection on which no call takes longer than `PATIENCE_S`; raises OSError."""
        connection = socket.socket(socket.AF_UNIX if self.path else socket.AF_INET, socket.SOCK_STREAM)
        try:
            connection.settimeout(PATIENCE_S)
            connection.connect(self.path or ("127.0.0.1", self.port))
        except OSError:
            connection.close()
            raise
        return connection
