"""What hosts that answer requests agree on: whose session it is, and when the work is kept."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from typing import Any, Literal, Protocol, TypeVar

from .._scopes.home import Room
from .._scopes.replicas import Carried
from .._scopes.scope import Kind
from .._where import Site
from ..errors import HooksFailed

_logger = logging.getLogger("hermetic")

S = TypeVar("S")
S_co = TypeVar("S_co", covariant=True)

Work = Callable[..., Any]  # Any: awaited or not, as the Database is
"""What runs in a unit of its own: a function of a session and of what else it is given."""


Carrier = Literal["cookie", "header"]
"""In what a client carries to its next request what its reads have to see: browsers a cookie, programs a header."""

TOKEN = "hermetic-token"
"""The name of that cookie or header."""

CARRIED_S = 600
"""How long a browser keeps the cookie: longer than replicas are behind that are read at all."""


class Lent(Protocol[S_co]):
    """A block that a host enters and leaves."""

    @property
    def is_idle(self) -> bool: ...
    def enter(self) -> S_co: ...
    def widen(self) -> None: ...


class Lender(Protocol[S_co]):
    """A Database or an AsyncDatabase, by the class of its sessions."""

    @property
    def carries(self) -> bool: ...
    def carry(self, token: str) -> Carried | None: ...
    def room(self, owner: object = None) -> Room: ...
    def lend(self, kind: Kind, opened: Site, room: Room) -> Lent[S_co]: ...
    def begin(self) -> Any: ...  # Any: a block of either kind
    def read(self) -> Any: ...  # Any: a block of either kind
    def dispose(self) -> Any: ...  # Any: awaited or not, as the work is
    def run(self, work: Any, /, *args: Any, **kwargs: Any) -> Any: ...  # Any: awaited or not, as the work is


class NotKept(Exception):
    """Tells a scope to roll back where no exception left it."""


def is_success(status: int) -> bool:
    """Whether a response says that what was asked for is done: every status below 400."""
    return status < 400


def header_for(carried: Carried, carrier: Carrier, *, is_secure: bool) -> tuple[str, str] | None:
    """The header of a response that gives its client something to carry; None when there is nothing new."""
    token = carried.token()
    if not token:
        return None
    if carrier == "header":
        return TOKEN, token
    only = "; Secure" if is_secure else ""
    return "set-cookie", f"{TOKEN}={token}; Max-Age={CARRIED_S}; Path=/; HttpOnly; SameSite=Lax{only}"


def tell_of(failed: HooksFailed) -> None:
    """Log what was to follow the work of a request and failed: the work is kept, and an error would tell that it is not."""
    _logger.error("%s", failed, exc_info=failed.failures[0])


def called_from() -> Site:
    """The line that attaches a host: two calls up."""
    frame = sys._getframe(2)
    return frame.f_code, frame.f_lasti
