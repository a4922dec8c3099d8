"""`hermetic mcp`, driven by a real client over the stdin and stdout of the real server."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from fastmcp import Client
from fastmcp.client.transports import StdioTransport

from hermetic._catalogue import catalogue
from tests.cli.test_whole import MAIL, MODELS

ROOT = Path(__file__).resolve().parents[2]
LOST = """\
from shop.models import Order, SessionLocal


def add() -> None:
    with SessionLocal() as session:
        session.add(Order(customer_id=1))
"""
DTO = """\
from dataclasses import dataclass


@dataclass
class OrderRead:
    id: int
"""
TRACEBACK = """\
Traceback (most recent call last):
  File "/srv/shop/mail.py", line 7, in send
    return order.customer.email
sqlalchemy.orm.exc.DetachedInstanceError: Parent instance <Order at 0x7f87> is not bound to a Session; lazy load operation of attribute 'customer' cannot proceed
"""

# Any: the client's own types.
Talk = Callable[[Client[Any]], Awaitable[Any]]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The package `shop` with one finding, in a repository of its own."""
    folder = tmp_path / "project"
    for name, text in {"__init__": "", "models": MODELS, "mail": MAIL}.items():
        file = folder / "shop" / f"{name}.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")
    (folder / "pyproject.toml").write_text("[tool.hermetic]\n", "utf-8")
    for command in (
        ["init", "-q"],
        ["add", "-A"],
        ["-c", "user.name=a", "-c", "user.email=a@b.c", "commit", "-qm", "x"],
    ):
        subprocess.run(["git", *command], cwd=folder, check=True)
    return folder


def talk(folder: Path, *arguments: str, to: Talk) -> Any:
    """What a client is told by a server that was started in a folder."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    command = ["-m", "hermetic", "mcp", *arguments]
    transport = StdioTransport(sys.executable, command, env=environment, cwd=str(folder), keep_alive=False)

    async def talked() -> Any:
        async with Client(transport) as client:
            return await to(client)

    return asyncio.run(talked())


def calls(folder: Path, *asked: tuple[str, dict[str, str]], options: tuple[str, ...] = ()) -> list[Any]:
    """The answers of tools, one after the other: the data of each, or the text of its error."""

    async def ask(client: Client[Any]) -> list[Any]:
        answers = [await client.call_tool(*each, raise_on_error=False) for each in asked]
        return [each.content[0].text if each.is_error else each.structured_content for each in answers]

    return list(talk(folder, *options, to=ask))


def test_its_tools_read_only(project: Path) -> None:
    """And say so; the one that would run code is not among them unless it is allowed."""

    async def ask(client: Client[Any]) -> list[tuple[str, bool]]:
        return [(tool.name, bool(tool.annotations.read_only_hint)) for tool in await client.list_tools()]

    plain, allowed = talk(project, to=ask), talk(project, "--allow-import", to=ask)

    read_only = [(name, True) for name in ("check", "check_diff", "explain_error", "list_hazards", "hazard_page")]
    assert (read_only, [*read_only, ("plan", False)]) == (plain, allowed)


def test_a_file_is_checked_within_its_project(project: Path) -> None:
    """What its findings rest on is read too; nothing is written."""
    before = sorted(project.rglob("*"))
    told, nothing = calls(project, ("check", {"path": "shop/mail.py"}), ("check", {"path": "shop/models.py"}))

    (finding,) = told["findings"]
    assert ("shop/mail.py", 7, "detached-access") == (finding["file"], finding["line"], finding["hazard"])
    assert any("loaded" in step for step in finding["story"])
    assert [] == nothing["findings"]
    assert before == sorted(project.rglob("*"))


def test_a_diff_is_checked(project: Path) -> None:
    """Only what the change touches is told."""
    (project / "shop" / "new.py").write_text(LOST, "utf-8")
    (told,) = calls(project, ("check_diff", {}))

    assert [("shop/new.py", "lost-write")] == [(each["file"], each["hazard"]) for each in told["findings"]]


def test_nothing_outside_can_be_read(project: Path) -> None:
    """Neither by going up, nor by an absolute path, nor through a link."""
    secret = project.parent / "secret.py"
    secret.write_text(LOST, "utf-8")
    (project / "link.py").symlink_to(secret)

    paths = ("../secret.py", str(secret), "link.py")
    told = calls(project, *(("check", {"path": path}) for path in paths))

    assert [f"{path} lies outside of what this server may read: {project}" for path in paths] == told


def test_a_traceback_is_explained(project: Path) -> None:
    """Cause, line, cure, and the hazard behind it."""
    (answer,) = calls(project, ("explain_error", {"text": TRACEBACK}))
    told = answer["result"]

    assert "in your line: /srv/shop/mail.py:7 in send" in told
    assert "cure: Load it with the query: select(Order).options(joinedload(Order.customer))" in told
    assert "hermetic explain detached-access" in told


def test_hazards_are_listed_and_told(project: Path) -> None:
    """Each by its name; a wrong name is answered with the nearest."""
    names = ("lost-write", "pool-limit", "lost-writes")
    listed, hazard, message, wrong = calls(
        project, ("list_hazards", {}), *(("hazard_page", {"name": name}) for name in names)
    )

    assert list(catalogue()) == [line.partition(" ")[0] for line in listed["result"].splitlines()]
    assert "## Use instead" in hazard["result"]
    assert message["result"].startswith("# QueuePool limit")
    assert "the nearest is 'lost-write'" in wrong


def test_a_plan_is_printed_where_it_is_allowed(project: Path) -> None:
    """By the project's interpreter, from classes that are named; what fails there is told."""
    (project / "shop" / "read.py").write_text(DTO, "utf-8")
    names = {"dto": "shop.read:OrderRead", "entity": "shop.models:Order"}
    told, wrong, nonsense = calls(
        project,
        ("plan", names),
        ("plan", {**names, "dto": "shop.read:Nobody"}),
        ("plan", {"dto": "os;system", "entity": "x"}),
        options=("--allow-import", "--python", sys.executable),
    )

    assert "SELECT" in told["result"]
    assert "Nobody" in wrong
    assert "'os;system' is no class; name it as module:Class" == nonsense
