"""Users: what pages show of them, and how administrators and they themselves change them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, EmailStr, StringConstraints
from sqlalchemy import Select, delete, func, or_, select

from hermetic import fetch, fetch_one
from hermetic.scopes import AsyncScopeSession

from .audit import record
from .log_in import LOCKED_FOR, TRIES
from .models import LockOut, Role, User, now
from .visitor import Visitor, sign_out

FullName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120)]


class LastAdmin(Exception):
    """Nobody would be left who may administrate."""


@dataclass(frozen=True, slots=True)
class Tries:
    """How often a name was tried in vain, and when last."""

    tries: int
    tried_at: datetime


@dataclass(frozen=True, slots=True)
class UserRead:
    """A user as pages show them; the hash of the password is not among it."""

    id: int
    name: str
    full_name: str
    email: str
    role: Role
    is_active: bool
    must_change_password: bool
    created_at: datetime
    last_login: datetime | None
    version: int
    lock_out: Tries | None

    @property
    def is_locked(self) -> bool:
        lock = self.lock_out
        return lock is not None and lock.tries > TRIES and lock.tried_at > now() - LOCKED_FOR


class ProfileForm(BaseModel):
    """What people may change of themselves."""

    full_name: FullName
    email: EmailStr


class UserForm(ProfileForm):
    """What an administrator may change of somebody."""

    role: Role
    is_active: bool


class NewUserForm(ProfileForm):
    """What somebody new is made of."""

    name: Annotated[
        str,
        StringConstraints(strip_whitespace=True, to_lower=True, max_length=40, pattern=r"^[A-Za-z][A-Za-z0-9.-]*$"),
    ]
    role: Role


@dataclass(frozen=True, slots=True)
class Choice:
    """Which users a list shows; an empty field asks for all."""

    role: str = ""
    q: str = ""

    def statement(self) -> Select[Any]:
        """The users that are asked for, by name. Any: SQLAlchemy 2.0 and 2.1 name the row of a Select differently."""
        chosen = select(User).order_by(User.name)
        if self.role in list(Role):
            chosen = chosen.where(User.role == Role(self.role))
        for word in self.q.split():
            where = (User.name, User.full_name, User.email)
            chosen = chosen.where(or_(*(column.icontains(word, autoescape=True) for column in where)))
        return chosen


async def listed(session: AsyncScopeSession, choice: Choice) -> list[UserRead]:
    """The users of a list, by name."""
    return await fetch(session, UserRead, choice.statement())


async def by_id(session: AsyncScopeSession, user_id: int) -> UserRead | None:
    """One user."""
    return await fetch_one(session, UserRead, select(User).where(User.id == user_id), default=None)


async def names(session: AsyncScopeSession) -> list[str]:
    """The names of all users, in order."""
    return list(await session.scalars(select(User.name).order_by(User.name)))


async def counts(session: AsyncScopeSession) -> dict[Role, int]:
    """How many active users have each role."""
    active = select(User.role, func.count()).where(User.is_active).group_by(User.role)
    found = await session.execute(active)
    return dict.fromkeys(Role, 0) | dict(found.all())


async def add(session: AsyncScopeSession, form: NewUserForm, password_hash: str, by: Visitor, address: str) -> None:
    """Add somebody, with a password to be changed at the first log-in. Raises IntegrityError when a name is taken."""
    session.add(User(**form.model_dump(), password_hash=password_hash, must_change_password=True))
    await session.flush()
    record(session, "user added", form.name, user_id=by.id, detail=form.role, address=address)


async def change(session: AsyncScopeSession, user: User, form: ProfileForm, by: Visitor, address: str) -> None:
    """Change somebody; who is deactivated is logged out everywhere.

    Raises LastAdmin, and IntegrityError when the e-mail address is taken.
    """
    told = form.model_dump(exclude_unset=True)
    changed = [name for name, value in told.items() if getattr(user, name) != value]
    if {"role", "is_active"} & set(changed):
        await keep_an_admin(session, user, form)
    for name in changed:
        setattr(user, name, told[name])
    await session.flush()
    if not user.is_active:
        await sign_out(session, user.id)
    if changed:
        action = "profile edited" if user.id == by.id else "user edited"
        record(session, action, user.name, user_id=by.id, detail=", ".join(changed), address=address)


async def keep_an_admin(session: AsyncScopeSession, user: User, form: ProfileForm) -> None:
    """Raise LastAdmin when nobody else could administrate; two who demote each other at once wait for each other here."""
    if not isinstance(form, UserForm) or (form.role is Role.ADMIN and form.is_active):
        return
    admins = select(User.id).where(User.role == Role.ADMIN, User.is_active).order_by(User.id).with_for_update()
    if set(await session.scalars(admins)) == {user.id}:
        raise LastAdmin


async def give_password(
    session: AsyncScopeSession, user: User, password_hash: str, by: Visitor, address: str, *, keep: str = ""
) -> None:
    """Give somebody a password, and end their log-ins but for the browser with the token `keep`.

    A password that somebody else has given is to be changed at the next log-in.
    """
    is_own = user.id == by.id
    user.password_hash, user.must_change_password = password_hash, not is_own
    await sign_out(session, user.id, but=keep)
    action = "password changed" if is_own else "password reset"
    record(session, action, user.name, user_id=by.id, address=address)


async def unlock(session: AsyncScopeSession, user: User, by: Visitor, address: str) -> None:
    """Forget how often somebody's name was tried."""
    await session.execute(delete(LockOut).where(LockOut.name == user.name))
    record(session, "user unlocked", user.name, user_id=by.id, address=address)
