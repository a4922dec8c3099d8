"""Who is asking: the browser's cookie leads to a row of `sign_ins`, and that to somebody who may do something."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from fastapi import Depends, Request
from sqlalchemy import delete, select

from hermetic import fetch_one
from hermetic.scopes import AsyncScopeSession

from .console import Reader
from .models import Role, SignIn, User, now

LASTS = timedelta(hours=12)
CHANGE_PASSWORD = "/profile/password"


class NotSignedIn(Exception):
    """Nobody is logged in with this browser, or not any more."""


class NotAllowed(Exception):
    """Somebody is logged in who may not do this."""


class PasswordIsTemporary(Exception):
    """Somebody has to choose a password of their own before anything else."""


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody who is logged in; plain data, readable wherever it is carried."""

    id: int
    name: str
    full_name: str
    role: Role
    must_change_password: bool

    @property
    def is_admin(self) -> bool:
        return self.role is Role.ADMIN

    @property
    def is_operator(self) -> bool:
        return self.role in (Role.ADMIN, Role.OPERATOR)


@dataclass(frozen=True, slots=True)
class SignedIn:
    """What the cookie of a browser leads to."""

    user: Visitor


def fresh_token() -> str:
    """What a cookie carries."""
    return secrets.token_urlsafe(32)


def hash_of(token: str) -> str:
    """What the database knows of a token: who reads the table cannot make a cookie of it."""
    return hashlib.sha256(token.encode()).hexdigest()


async def visitor_or_none(request: Request, session: Reader) -> Visitor | None:
    """Who is logged in with this browser."""
    token = request.session.get("token")
    if not isinstance(token, str):
        return None
    is_theirs = (SignIn.token_hash == hash_of(token), SignIn.expires_at > now())
    statement = select(SignIn).join(SignIn.user).where(*is_theirs, User.is_active)
    found = await fetch_one(session, SignedIn, statement, default=None)
    return None if found is None else found.user


async def visitor(request: Request, found: Annotated[Visitor | None, Depends(visitor_or_none)]) -> Visitor:
    """Who is asking. Raises NotSignedIn, and PasswordIsTemporary everywhere but where that is changed."""
    if found is None:
        raise NotSignedIn
    if found.must_change_password and request.url.path != CHANGE_PASSWORD:
        raise PasswordIsTemporary
    return found


async def operator(found: Annotated[Visitor, Depends(visitor)]) -> Visitor:
    """Somebody who looks after servers. Raises NotAllowed."""
    if not found.is_operator:
        raise NotAllowed
    return found


async def admin(found: Annotated[Visitor, Depends(visitor)]) -> Visitor:
    """Somebody who may do everything. Raises NotAllowed."""
    if not found.is_admin:
        raise NotAllowed
    return found


MaybeAsking = Annotated[Visitor | None, Depends(visitor_or_none)]
Asking = Annotated[Visitor, Depends(visitor)]
Operating = Annotated[Visitor, Depends(operator)]
Administrating = Annotated[Visitor, Depends(admin)]


async def sign_out(session: AsyncScopeSession, user_id: int, *, but: str = "") -> None:
    """End somebody's log-ins everywhere, but for the browser with that token."""
    everywhere = delete(SignIn).where(SignIn.user_id == user_id)
    await session.execute(everywhere.where(SignIn.token_hash != hash_of(but)) if but else everywhere)
