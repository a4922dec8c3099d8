"""What people see and change of themselves."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import BaseModel
from sqlalchemy import select

from hermetic import fetch_one

from .. import users
from ..console import Reader, This, Unit, unit_of
from ..fields import Filled, filled
from ..log_in import Credentials
from ..models import User
from ..passwords import objection
from ..users import ProfileForm
from ..visitor import Asking, Visitor
from .forms import Typed, check_version
from .log_in import address_of
from .shown import go, show
from .users import changed, one

router = APIRouter(prefix="/profile")


class PasswordForm(BaseModel):
    """What the form of a new password is filled in with."""

    current: str = ""
    new: str = ""
    again: str = ""


@dataclass(frozen=True, slots=True)
class Owner(Credentials):
    """Whose password is changed."""

    name: str
    email: str


@router.get("")
async def profile(request: Request, visitor: Asking, session: Reader) -> Response:
    """Who I am to the console."""
    return show(request, "profile.html", visitor, user=await users.by_id(session, visitor.id))


@router.get("/edit")
async def ask_to_edit(request: Request, visitor: Asking, session: Reader) -> Response:
    """The form of what may be changed, filled in."""
    user = await one(session, visitor.id)
    typed = {name: str(getattr(user, name)) for name in ("full_name", "email", "version")}
    return show(request, "profile_form.html", visitor, answer=Filled(typed))


@router.post("/edit")
async def edit(request: Request, console: This, visitor: Asking, session: Unit, typed: Typed) -> Response:
    """Change my name or e-mail address."""
    user = await one(session, visitor.id)
    answer = check_version(filled(ProfileForm, typed), user.version)
    if answer.form is not None:
        told = await changed(console, session, user, answer.form, visitor, address_of(request))
        if told is None:
            return go(request, "/profile", "Your profile is saved.")
        answer.errors.update(told)
    return show(request, "profile_form.html", visitor, status=422, answer=answer)


@router.get("/password")
async def ask_for_password(request: Request, visitor: Asking) -> Response:
    """The form of a new password."""
    return password_page(request, visitor, {})


@router.post("/password")
async def change_password(request: Request, console: This, visitor: Asking, session: Reader, typed: Typed) -> Response:
    """Change my password; other browsers are logged out. The connection is handed back while Argon2 is at work."""
    form = PasswordForm.model_validate(typed)
    user = await fetch_one(session, Owner, select(User).where(User.id == visitor.id))
    errors = wrong_with(form, user.name, user.email)
    if errors:
        return password_page(request, visitor, errors)
    async with session.released():
        await console.limits.check(f"user {visitor.id}")
        if not await console.passwords.are_equal(form.current, user.password_hash):
            return password_page(request, visitor, {"current": "This is not your password."})
        password_hash = await console.passwords.hashed(form.new)
    unit = await unit_of(request)
    same = (User.id == visitor.id, User.password_hash == user.password_hash)
    row = (await unit.scalars(select(User).where(*same).with_for_update())).one()
    await users.give_password(unit, row, password_hash, visitor, address_of(request), keep=request.session["token"])
    return go(request, "/profile", "Your password is changed. Other browsers are logged out.")


def wrong_with(form: PasswordForm, *names: str) -> dict[str, str]:
    """What is wrong with a new password, field by field."""
    told = objection(form.new, *names)
    if told is not None:
        return {"new": told}
    return {} if form.new == form.again else {"again": "This is not the same."}


def password_page(request: Request, visitor: Visitor, errors: dict[str, str]) -> Response:
    """The form of a new password; what was typed is not sent back."""
    return show(request, "password_form.html", visitor, status=422 if errors else 200, answer=Filled({}, errors))
