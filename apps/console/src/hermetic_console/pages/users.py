"""Administration of users."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.responses import Response
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from hermetic.scopes import AsyncScopeSession

from .. import passwords, users
from ..console import Reader, This, Unit
from ..fields import F, Filled, filled
from ..models import User
from ..users import Choice, LastAdmin, NewUserForm, ProfileForm, UserForm
from ..visitor import Administrating, Visitor
from .forms import Typed, check_version
from .log_in import address_of
from .shown import go, is_partial, show

router = APIRouter(prefix="/admin/users")

TAKEN = "Somebody has this name or this e-mail address already."
ALONE = "Nobody else could administrate the console. Make somebody else an administrator first."


async def chosen(q: str = "", role: str = "") -> Choice:
    """What the list is narrowed to."""
    return Choice(role, q.strip()[:100])


Chosen = Annotated[Choice, Depends(chosen)]


async def one(session: AsyncScopeSession, user_id: int) -> User:
    """A user to be changed. Raises HTTPException when there is none."""
    user = (await session.scalars(select(User).where(User.id == user_id))).one_or_none()
    if user is None:
        raise HTTPException(404, "There is no such user.")
    return user


@router.get("")
async def listed(request: Request, visitor: Administrating, session: Reader, choice: Chosen) -> Response:
    """The users, or a part of them."""
    rows = await users.listed(session, choice)
    template = "_users.html" if is_partial(request) else "users.html"
    return show(request, template, visitor, rows=rows, choice=choice)


@router.get("/new")
async def ask_to_add(request: Request, visitor: Administrating) -> Response:
    """The form of somebody new."""
    return form_page(request, visitor, None, Filled({"role": "viewer"}))


@router.post("/new")
async def add(request: Request, console: This, visitor: Administrating, session: Unit, typed: Typed) -> Response:
    """Add somebody; the password is shown once, and hashed before the unit of work sends its first statement."""
    answer = filled(NewUserForm, typed)
    if answer.form is None:
        return form_page(request, visitor, None, answer)
    password = passwords.made_up()
    password_hash = await console.passwords.hashed(password)
    try:
        async with console.db.begin():
            await users.add(session, answer.form, password_hash, visitor, address_of(request))
    except IntegrityError:
        answer.errors["name"] = TAKEN
        return form_page(request, visitor, None, answer)
    return show(request, "password_shown.html", visitor, name=answer.form.name, password=password)


@router.get("/{user_id}/edit")
async def ask_to_edit(request: Request, visitor: Administrating, session: Reader, user_id: int) -> Response:
    """The form of a user, filled in."""
    user = await users.by_id(session, user_id)
    if user is None:
        raise HTTPException(404, "There is no such user.")
    typed = {name: str(getattr(user, name)) for name in ("name", "full_name", "email", "role", "version")}
    return form_page(request, visitor, user, Filled({**typed, "is_active": "true" if user.is_active else "false"}))


@router.post("/{user_id}/edit")
async def edit(
    request: Request, console: This, visitor: Administrating, session: Unit, user_id: int, typed: Typed
) -> Response:
    """Change a user, unless somebody else has changed it since the form was opened, or nobody could administrate."""
    user = await one(session, user_id)
    answer = check_version(filled(UserForm, typed), user.version)
    if answer.form is not None:
        told = await changed(console, session, user, answer.form, visitor, address_of(request))
        if told is None:
            return go(request, "/admin/users", f"{user.name} is saved.")
        answer.errors.update(told)
    return form_page(request, visitor, await users.by_id(session, user_id), answer)


async def changed(
    console: This, session: AsyncScopeSession, user: User, form: ProfileForm, visitor: Visitor, address: str
) -> dict[str, str] | None:
    """Change a user; gives what is in the way of it, field by field, or None when it is done."""
    try:
        async with console.db.begin():
            await users.change(session, user, form, visitor, address)
    except IntegrityError:
        return {"email": "Somebody has this e-mail address already."}
    except LastAdmin:
        return {"role": ALONE}
    return None


@router.post("/{user_id}/password")
async def reset_password(
    request: Request, console: This, visitor: Administrating, session: Unit, user_id: int
) -> Response:
    """Give somebody a new password, which is shown once and is to be changed at the next log-in."""
    if user_id == visitor.id:
        return go(request, "/profile/password")
    password = passwords.made_up()
    password_hash = await console.passwords.hashed(password)
    user = await one(session, user_id)
    await users.give_password(session, user, password_hash, visitor, address_of(request))
    return show(request, "password_shown.html", visitor, name=user.name, password=password)


@router.post("/{user_id}/unlock")
async def unlock(request: Request, visitor: Administrating, session: Unit, user_id: int) -> Response:
    """Let somebody try to log in again."""
    user = await one(session, user_id)
    await users.unlock(session, user, visitor, address_of(request))
    return go(request, "/admin/users", f"{user.name} may log in again.")


def form_page(request: Request, visitor: Visitor, user: users.UserRead | None, answer: Filled[F]) -> Response:
    """The form of a user, with what was typed and what is wrong with it."""
    status = 422 if answer.errors else 200
    return show(request, "user_form.html", visitor, status=status, user=user, answer=answer)
