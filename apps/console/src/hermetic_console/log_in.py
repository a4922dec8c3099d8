"""Log-in: a try is counted, then the password is verified with nothing held, then somebody is let in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from limits import RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import MovingWindowRateLimiter
from sqlalchemy import case, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from hermetic import AsyncDatabase, fetch_one
from hermetic.scopes import AsyncScopeSession

from .audit import record
from .models import LockOut, SignIn, User, now
from .passwords import Passwords
from .visitor import LASTS, fresh_token, hash_of

TRIES = 5
LOCKED_FOR = timedelta(minutes=15)
PER_MINUTE = 20


class LogInRefused(Exception):
    """Nobody is let in; the message is for whoever tried, and tells nothing of which names exist."""

    status = 401


class TooManyTries(LogInRefused):
    """Whoever tries has to wait."""

    status = 429


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a log-in is decided by."""

    id: int
    password_hash: str
    is_active: bool


@dataclass(frozen=True, slots=True)
class Attempt:
    """A try that was counted: the lock that it met, or what the name leads to."""

    is_locked: bool
    credentials: Credentials | None


class Limits:
    """How often somebody may try in a minute: one address at the log-in, whichever names it tries, or one user."""

    def __init__(self) -> None:
        self._limiter = MovingWindowRateLimiter(MemoryStorage())
        self._item = RateLimitItemPerMinute(PER_MINUTE)

    async def check(self, who: str) -> None:
        """Count a try of somebody. Raises TooManyTries."""
        if not await self._limiter.hit(self._item, "password", who):
            raise TooManyTries("Too many tries. Try again in a minute.")


async def log_in(
    db: AsyncDatabase[AsyncScopeSession], passwords: Passwords, name: str, password: str, address: str
) -> str:
    """Let somebody in; gives the token for their cookie. Raises LogInRefused.

    Two units of work with the slow part between them: no connection waits for Argon2, and a hundred guesses at once
    are a hundred tries.
    """
    name = name.strip().lower()[:40]
    attempt = await db.run(count_try, name, address, isolation_level=level_of_counting(db))
    if attempt.is_locked:
        raise TooManyTries("Too many tries. Log-in with this name is locked for up to 15 minutes.")
    kept = attempt.credentials
    if not await passwords.are_equal(password, kept.password_hash if kept else None) or kept is None:
        await db.run(note_failure, kept.id if kept else None, name, address)
        raise LogInRefused("The name or the password is wrong.")
    renewed = await passwords.hashed(password) if passwords.is_outdated(kept.password_hash) else None
    token = fresh_token()
    if not await db.run(admit, kept, token, address, renewed):
        raise LogInRefused("The name or the password is wrong.")
    return token


def level_of_counting(db: AsyncDatabase[AsyncScopeSession]) -> str | None:
    """PostgreSQL lets those who count at once wait for each other at this level, where it would refuse them otherwise."""
    return "READ COMMITTED" if db.engine.dialect.name == "postgresql" else None


async def count_try(session: AsyncScopeSession, name: str, address: str) -> Attempt:
    """Count a try before anything is verified."""
    user = select(User).where(User.name == name)
    credentials = await fetch_one(session, Credentials, user, default=None)
    tries = await counted(session, name, now())
    if tries <= TRIES:
        return Attempt(False, credentials)
    if tries == TRIES + 1:
        note(session, "log-in locked", credentials.id if credentials else None, name, address)
    return Attempt(True, None)


async def counted(session: AsyncScopeSession, name: str, moment: datetime) -> int:
    """How often a name was tried, this try among them; when the last lies too long back, the count starts anew.

    Tries that meet a lock do not make it longer: nobody can keep somebody else out for good.
    """
    await session.execute(delete(LockOut).where(LockOut.tried_at < moment - LOCKED_FOR))
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    first = insert(LockOut).values(name=name, tries=1, tried_at=moment)
    tried_at = case((LockOut.tries > TRIES, LockOut.tried_at), else_=moment)
    again = {"tries": LockOut.tries + 1, "tried_at": tried_at}
    row = first.on_conflict_do_update(index_elements=[LockOut.name], set_=again).returning(LockOut.tries)
    return (await session.scalars(row)).one()


async def note_failure(session: AsyncScopeSession, user_id: int | None, name: str, address: str) -> None:
    """Write down that a log-in failed."""
    note(session, "log-in failed", user_id, name, address)


def note(session: AsyncScopeSession, action: str, user_id: int | None, name: str, address: str) -> None:
    """An entry about a name; one that nobody has may be a password typed into the wrong field, and is not written."""
    record(session, action, name if user_id is not None else "(unknown name)", user_id=user_id, address=address)


async def admit(
    session: AsyncScopeSession, verified: Credentials, token: str, address: str, renewed_hash: str | None
) -> bool:
    """Note a log-in, unless the account has changed while its password was verified."""
    still = (User.is_active, User.password_hash == verified.password_hash)
    user = (await session.scalars(select(User).where(User.id == verified.id, *still).with_for_update())).one_or_none()
    if user is None:
        return False
    moment = now()
    user.last_login = moment
    if renewed_hash is not None:
        user.password_hash = renewed_hash
    await session.execute(delete(LockOut).where(LockOut.name == user.name))
    await session.execute(delete(SignIn).where(SignIn.expires_at < moment))
    session.add(SignIn(token_hash=hash_of(token), user_id=user.id, expires_at=moment + LASTS, address=address))
    record(session, "log-in", user.name, user_id=user.id, address=address)
    return True
