"""Servers: what pages show of them, and how they change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, Field, StringConstraints
from sqlalchemy import Select, func, or_, select

from hermetic import fetch, fetch_one
from hermetic.scopes import AsyncScopeSession

from .audit import record
from .checks import Progress
from .fields import hostname
from .models import CheckRun, Kind, Server, Status
from .visitor import Visitor


@dataclass(frozen=True, slots=True)
class AddedBy:
    """Who added a server."""

    full_name: str


@dataclass(frozen=True, slots=True)
class ServerRead:
    """A server as pages show it."""

    id: int
    name: str
    kind: Kind
    host: str
    port: int
    path: str
    note: str
    status: Status
    told: str
    latency_ms: int | None
    checked_at: datetime | None
    added_by: AddedBy | None
    version: int

    @property
    def address(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}" if self.kind is Kind.TCP else f"{self.kind}://{host}:{self.port}{self.path}"


class ServerForm(BaseModel):
    """What the form of a server is filled in with."""

    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60)]
    kind: Kind
    host: Annotated[
        str, StringConstraints(strip_whitespace=True, min_length=1, max_length=253), AfterValidator(hostname)
    ]
    port: Annotated[int, Field(ge=1, le=65535)]
    path: Annotated[str, StringConstraints(strip_whitespace=True, max_length=200, pattern=r"^/[!-~]*$")] = "/"
    note: Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)] = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """Which servers a list shows; an empty field asks for all."""

    status: str = ""
    q: str = ""

    def statement(self) -> Select[Any]:
        """The servers that are asked for, by name. Any: SQLAlchemy 2.0 and 2.1 name the row of a Select differently."""
        chosen = select(Server).order_by(func.lower(Server.name), Server.id)
        if self.status in list(Status):
            chosen = chosen.where(Server.status == Status(self.status))
        for word in self.q.split():
            where = (Server.name, Server.host, Server.note)
            chosen = chosen.where(or_(*(column.icontains(word, autoescape=True) for column in where)))
        return chosen


async def listed(session: AsyncScopeSession, choice: Choice) -> list[ServerRead]:
    """The servers of a list, by name."""
    return await fetch(session, ServerRead, choice.statement())


async def by_id(session: AsyncScopeSession, server_id: int) -> ServerRead | None:
    """One server."""
    return await fetch_one(session, ServerRead, select(Server).where(Server.id == server_id), default=None)


async def counts(session: AsyncScopeSession) -> dict[Status, int]:
    """How many servers are in each status, the ones with none among them."""
    found = await session.execute(select(Server.status, func.count()).group_by(Server.status))
    return dict.fromkeys(Status, 0) | dict(found.all())


async def add(session: AsyncScopeSession, form: ServerForm, by: Visitor, address: str) -> None:
    """Add a server. Raises IntegrityError when its name is taken."""
    server = Server(**form.model_dump(), added_by_id=by.id)
    session.add(server)
    await session.flush()
    record(session, "server added", server.name, user_id=by.id, detail=f"{form.host}:{form.port}", address=address)


async def change(session: AsyncScopeSession, server: Server, form: ServerForm, by: Visitor, address: str) -> None:
    """Change a server; what was known of another place is forgotten. Raises IntegrityError when the name is taken."""
    told = form.model_dump(exclude_unset=True)
    changed = [name for name, value in told.items() if getattr(server, name) != value]
    for name in changed:
        setattr(server, name, told[name])
    if {"host", "port", "kind", "path"} & set(changed):
        server.status, server.told, server.latency_ms, server.checked_at = Status.UNKNOWN, "", None, None
    await session.flush()
    if changed:
        record(session, "server edited", form.name, user_id=by.id, detail=", ".join(changed), address=address)


async def remove(session: AsyncScopeSession, server: Server, by: Visitor, address: str) -> None:
    """Remove a server."""
    record(session, "server removed", server.name, user_id=by.id, detail=server.host, address=address)
    await session.delete(server)


async def begin_check(session: AsyncScopeSession, server_ids: Sequence[int], by: Visitor, address: str) -> CheckRun:
    """The row that a check of these servers tells its progress in."""
    run = CheckRun(total=len(server_ids), started_by_id=by.id)
    session.add(run)
    await session.flush()
    is_one = len(server_ids) == 1
    name = (await session.get_one(Server, server_ids[0])).name if is_one else f"{len(server_ids)} servers"
    record(session, "servers checked", name, user_id=by.id, address=address)
    return run


async def progress(session: AsyncScopeSession, run_id: int) -> Progress | None:
    """How far a run of checks is."""
    return await fetch_one(session, Progress, select(CheckRun).where(CheckRun.id == run_id), default=None)
