"""MCP servers over stdio and HTTP: found, called, missing, dying, and coming back; and a history that is one's own."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fastmcp import Client
from sqlalchemy import URL

from apps.chat.tests.conftest import SECRET, Visitor
from apps.chat.tests.diary import server as diary_server
from apps.chat.tests.mcp_servers import DIARY, MISSING, NO_COMMAND, NOBODY, history
from apps.chat.tests.speaking import serving
from hermetic_chat.database import connect, prepare
from hermetic_chat.history_server import history_server
from hermetic_chat.identity import Identity
from hermetic_chat.service import ChatService
from hermetic_chat.settings import Settings, from_environment
from hermetic_chat.tools import server as server_module
from hermetic_chat.tools.configured import BadServers, Remote, read_servers
from hermetic_chat.tools.offered import Call
from hermetic_chat.tools.toolbox import Toolbox

IDENTITY = Identity(SECRET)
PATIENCE_S = 300.0


@pytest.fixture(scope="module")
def diary_over_http() -> Iterator[Remote]:
    with serving(diary_server.http_app()) as address:
        yield Remote(url=f"{address}/mcp")


@pytest.fixture(params=["stdio", "http"])
def diary(request: pytest.FixtureRequest) -> Any:
    """The diary over either transport. Any: its configuration."""
    return DIARY if request.param == "stdio" else request.getfixturevalue("diary_over_http")


def with_tools(servers: dict[str, Any], work: Callable[[Toolbox], Awaitable[Any]]) -> Any:
    """What the work gives, with the servers connected. Any: whatever it is."""

    async def working() -> Any:
        toolbox = Toolbox(servers, start_timeout_s=PATIENCE_S)
        try:
            await toolbox.connect()
            return await work(toolbox)
        finally:
            await toolbox.close()

    return asyncio.run(working())


def test_tools_are_found_and_called(diary: Any) -> None:
    """A server is asked what it can do, and a call gives what the tool gave, over either transport."""

    async def work(toolbox: Toolbox) -> tuple[list[str], Any, Any]:
        names = sorted(tool.full_name for tool in toolbox.tools)
        _, read = await toolbox.call(Call("1", "diary__read_day", {"day": "Monday"}), {})
        _, failed = await toolbox.call(Call("2", "diary__fail"), {})
        return names, (read.text, read.data, read.failed), (failed.failed, "the ink is dry" in failed.text)

    names, read, failed = with_tools({"diary": diary}, work)

    assert ["diary__die", "diary__fail", "diary__markup", "diary__read_day"] == names
    assert ("Monday: rested", "Monday: rested", False) == read
    assert (True, True) == failed


def test_servers_that_are_missing_take_nothing_along(diary_over_http: Remote) -> None:
    """A module, a command and an address that are not there: each is told, and the others work."""
    servers = {"module": MISSING, "command": NO_COMMAND, "address": NOBODY, "diary": diary_over_http}

    async def work(toolbox: Toolbox) -> tuple[dict[str, str], bool, str]:
        _, outcome = await toolbox.call(Call("1", "diary__read_day", {"day": "x"}), {})
        return (
            {each.name: each.status for each in toolbox.servers},
            all(each.problem for each in toolbox.down),
            outcome.text,
        )

    statuses, are_told, text = with_tools(servers, work)

    assert {"module": "down", "command": "down", "address": "down", "diary": "ready"} == statuses
    assert are_told
    assert "x: rested" == text


def test_a_server_that_dies_is_started_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A call that kills it fails, its tools are gone, and a moment later it is there again."""
    monkeypatch.setattr(server_module, "AGAIN_AFTER_S", 0.0)

    async def work(toolbox: Toolbox) -> tuple[bool, str, list[Any], str]:
        _, died = await toolbox.call(Call("1", "diary__die"), {})
        gone = toolbox.servers[0].status, toolbox.tools
        await toolbox.connect()
        _, again = await toolbox.call(Call("2", "diary__read_day", {"day": "Friday"}), {})
        return died.failed, *gone, again.text

    assert (True, "down", [], "Friday: rested") == with_tools({"diary": DIARY}, work)


def test_a_server_is_not_asked_again_at_once() -> None:
    """Who is down is left alone for a while, so that no question waits for it twice."""

    async def work(toolbox: Toolbox) -> bool:
        first = toolbox.servers[0].problem
        await toolbox.connect()
        return toolbox.servers[0].problem is first

    assert with_tools({"nobody": NOBODY}, work)


def test_the_chat_says_that_tools_are_missing_and_goes_on(
    open_app: Callable[..., Callable[[], Visitor]], diary_over_http: Remote
) -> None:
    """The answer comes, with a word about the server that is not there; the page of tools tells the same."""
    ada = open_app(servers={"gone": NOBODY, "diary": diary_over_http})().sign_in("Ada")
    session_id = ada.begin("Read the diary about the day 'Monday'")
    page, tools = ada.get(f"/chats/{session_id}").text, ada.get("/tools").text

    assert "The tools of “gone” are not there" in page
    assert "Monday: rested" in page
    assert "diary · read_day" in page
    assert "does not answer" in tools


def test_a_server_that_dies_in_a_call_is_told(open_app: Callable[..., Callable[[], Visitor]]) -> None:
    """The call is in the history as failed, and the answer says that the server stopped."""
    ada = open_app(servers={"diary": DIARY})().sign_in("Ada")
    page = ada.get(f"/chats/{ada.begin('Die in the middle of a call')}").text

    assert "The server “diary” stopped answering" in page
    assert 'class="tool failed"' in page


def test_what_a_tool_returns_is_no_markup_on_the_page(
    open_app: Callable[..., Callable[[], Visitor]], diary_over_http: Remote
) -> None:
    """Neither in the answer nor in the call that is shown."""
    ada = open_app(servers={"diary": diary_over_http})().sign_in("Ada")
    page = ada.get(f"/chats/{ada.begin('Return markup')}").text

    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert 'href="javascript' not in page


async def two_histories(url: URL) -> tuple[int, int, int]:
    """Ada and Mallory have each said something of a secret; gives their ids and that of Ada's last message."""
    async with connect(url) as db:
        chat = ChatService(db)
        ids = []
        for name in ("Ada", "Mallory"):
            user = await chat.get_or_create_user(name)
            session = await chat.create_chat_session(user.id)
            await chat.add_message(session.id, user.id, "user", f"the secret of {name}")
            last = await chat.add_message(session.id, user.id, "user", "what was the secret?")
            ids.append((user.id, last.id))
    (ada, question), (mallory, _) = ids
    return ada, mallory, question


@pytest.mark.parametrize("transport", ["stdio", "http"])
def test_the_history_is_ones_own(sqlite_url: URL, transport: str) -> None:
    """The chat signs for whom it asks; a search gives that user's messages before the question, and nobody else's."""
    ada, mallory, question = asyncio.run(two_histories(sqlite_url))

    async def work(toolbox: Toolbox) -> list[Any]:
        search = Call("1", "history__search_history", {"query": "SECRET"})
        notes = [IDENTITY.note(ada, question), IDENTITY.note(mallory, 99), {}, Identity("another").note(ada, 99)]
        outcomes = [(await toolbox.call(search, note))[1] for note in notes]
        return [[found["text"] for found in each.data] if not each.failed else "refused" for each in outcomes]

    if transport == "stdio":
        found = with_tools({"history": history(sqlite_url, SECRET)}, work)
    else:
        with serving(history_server(connect(sqlite_url), IDENTITY).http_app()) as address:
            found = with_tools({"history": Remote(url=f"{address}/mcp", identify=True)}, work)

    assert ["the secret of Ada"] == found[0]
    assert ["what was the secret?", "the secret of Mallory"] == found[1]
    assert ["refused", "refused"] == found[2:]


def test_another_host_starts_it_for_one_user(sqlite_url: URL) -> None:
    """`--user` says whose history it is where no chat signs; a name that is not there has none."""
    asyncio.run(two_histories(sqlite_url))

    async def chats(username: str) -> Any:
        async with Client(history_server(connect(sqlite_url), IDENTITY, username)) as client:
            result = await client.call_tool("list_chats", raise_on_error=False)
        return result.is_error or [each["title"] for each in result.structured_content["result"]]

    assert ["the secret of Ada"] == asyncio.run(chats("ada"))
    assert asyncio.run(chats("Nobody")) is True


def test_the_servers_that_come_with_the_chat_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """History, tasks and advisor, as the file in the package has them: each lists what the planner needs of it."""
    monkeypatch.chdir(tmp_path)
    settings = from_environment({"PYTHONPATH": ":".join(path for path in sys.path if path)})
    prepare(settings.url)

    async def work(toolbox: Toolbox) -> tuple[list[str], set[str]]:
        return [each.problem for each in toolbox.down], {tool.full_name for tool in toolbox.tools}

    problems, names = with_tools(dict(settings.servers), work)
    expected = {"list_tasks", "create_task", "update_task", "complete_task"}

    assert [] == problems
    assert {"history__search_history", "history__list_chats", *(f"tasks__{name}" for name in expected)} <= names
    assert {"advisor__get_all_customers", "advisor__get_customer_transactions", "advisor__get_customer_goals"} <= names


@pytest.mark.parametrize("suffix", [".json", ".toml"])
def test_a_file_of_servers_may_be_json_or_toml(tmp_path: Path, suffix: str) -> None:
    """The shape is the one that every MCP host knows; `${NAME}` is filled in."""
    file = tmp_path / f"servers{suffix}"
    shape = {"mcpServers": {"one": {"command": "${PYTHON}", "args": ["x"]}, "two": {"url": "http://127.0.0.1:1/mcp"}}}
    toml = '[mcpServers.one]\ncommand = "${PYTHON}"\nargs = ["x"]\n[mcpServers.two]\nurl = "http://127.0.0.1:1/mcp"\n'
    file.write_text(json.dumps(shape) if suffix == ".json" else toml, encoding="utf-8")
    servers = read_servers(file, {"PYTHON": sys.executable})

    assert {"one": "Stdio", "two": "Remote"} == {name: type(each).__name__ for name, each in servers.items()}
    assert sys.executable == servers["one"].command  # type: ignore[union-attr]


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    """Rather than start without tools in silence."""
    with pytest.raises(BadServers, match="cannot be read"):
        read_servers(tmp_path / "nothing.json", {})


def test_secrets_are_not_in_the_settings_of_others() -> None:
    """Only the server that searches the history is given the secret and the database."""
    settings: Settings = from_environment({"CHAT_SECRET": SECRET})
    given = {name: sorted(getattr(each, "env", {})) for name, each in settings.servers.items()}

    assert ["CHAT_SECRET", "DATABASE_URL", "PYTHONPATH"] == given.pop("history")
    assert {"advisor": ["PYTHONPATH"], "tasks": ["PYTHONPATH"]} == given
