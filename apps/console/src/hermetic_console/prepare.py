"""Before the console is served: its database is migrated, filled once, and has a secret."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import select

from hermetic import AsyncDatabase
from hermetic.scopes import AsyncScopeSession

from . import passwords
from .migrate import upgrade
from .models import Kept, Role, User, now
from .passwords import Passwords
from .sample import Row, add_sample, audit_rows
from .settings import Settings

SECRET = "secret"


@dataclass(frozen=True, slots=True)
class Prepared:
    """The settings with the secret; `made_up` is the administrator's password when it had to be made up just now."""

    settings: Settings
    is_new: bool
    made_up: str


async def prepare(settings: Settings, *, port: int) -> Prepared:
    """Make a database ready. The first time it gets an administrator, and data to look at where that is wished for."""
    async with AsyncDatabase(settings.database_url, application_name="hermetic-console") as db:
        async with db.engine.begin() as connection:
            await connection.run_sync(upgrade)
        secret = settings.secret or await db.run(kept_secret)
        async with db.read() as session:
            is_new = (await session.scalars(select(User.id).limit(1))).first() is None
        made_up = ""
        if is_new:
            made_up = "" if settings.admin_password else passwords.made_up()
            password_hash = await Passwords(settings.hash_memory_kib).hashed(settings.admin_password or made_up)
            rows = list(audit_rows(settings.admin_name, settings.sample_entries)) if settings.sample_entries else []
            await db.run(fill, settings, password_hash, port, rows)
    return Prepared(replace(settings, secret=secret), is_new, made_up)


async def kept_secret(session: AsyncScopeSession) -> str:
    """The secret that the database keeps, made up the first time."""
    kept = await session.get(Kept, SECRET)
    if kept is None:
        kept = Kept(name=SECRET, value=secrets.token_urlsafe(32))
        session.add(kept)
    return kept.value


async def fill(
    session: AsyncScopeSession, settings: Settings, password_hash: str, port: int, rows: Sequence[Row]
) -> None:
    """The administrator, and the sample: all of it or nothing."""
    admin = User(
        name=settings.admin_name,
        full_name="Administrator",
        email=f"{settings.admin_name}@example.com",
        role=Role.ADMIN,
        password_hash=password_hash,
        created_at=now(),
    )
    session.add(admin)
    await session.flush()
    if rows:
        theirs = password_hash if settings.is_demo else passwords.UNUSABLE
        await add_sample(session, admin.id, theirs, port, rows)
