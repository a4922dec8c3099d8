"""FastMCP: what a tool did is kept before its result is sent, and a commit that fails is an error of the call."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from fastmcp import Client, Context, FastMCP
from fastmcp.dependencies import Depends
from fastmcp.exceptions import ToolError
from sqlalchemy.orm import Session

from hermetic.errors import BlockingScope, ScopeClosed, ScopeError
from hermetic.integrations.fastmcp import Host, attach
from tests.world import Customer

from .conftest import Stock, customer, fitting


@dataclass
class Shop:
    """A server with a Database of either kind."""

    kind: str
    stock: Stock
    db: Any  # of either kind
    server: FastMCP[Any]
    host: Host[Any]

    def tool(self, function: Callable[..., Coroutine[Any, Any, Any]]) -> None:
        """A tool as it is written for this kind of Database."""
        self.server.tool(fitting(self.kind, function))

    def call(self, *calls: tuple[str, dict[str, Any]]) -> list[Any]:
        """What each call gives, or the error that its client is told."""

        async def ask() -> list[Any]:
            async with Client(self.server) as client:
                answers = [await client.call_tool(*each, raise_on_error=False) for each in calls]
            held = self.db.engine.pool.checkedout()
            if self.kind == "async":
                await self.db.dispose()
            assert 0 == held
            return [each.content[0].text if each.is_error else each.data for each in answers]

        return asyncio.run(ask())


@pytest.fixture(params=["sync", "async"])
def shop(request: pytest.FixtureRequest, stock: Stock) -> Shop:
    """A server with a tool that adds a customer."""
    db = stock.database(request.param)
    server = FastMCP("shop")
    shop = Shop(request.param, stock, db, server, attach(server, db))

    async def add(name: str, session: Any = Depends(shop.host.begin)) -> str:
        session.add(customer(name))
        return name

    shop.tool(add)
    return shop


def test_a_call_is_a_unit_of_work(shop: Shop) -> None:
    """What the tool added is kept, and the connection is back."""
    assert (["Ada"], ["Ada"]) == (shop.call(("add", {"name": "Ada"})), shop.stock.names())


def test_a_failed_commit_is_an_error_of_the_call(shop: Shop) -> None:
    """The client is told; never a result for a row that is lost."""
    first, second = shop.call(("add", {"name": "Ada"}), ("add", {"name": "Ada"}))

    assert "Ada" == first
    assert "Error calling tool 'add'" in second
    assert ["Ada"] == shop.stock.names()


def test_an_exception_rolls_back(shop: Shop) -> None:
    """Whatever leaves the tool."""

    async def fail(session: Any = Depends(shop.host.begin)) -> str:
        session.add(customer("Ada"))
        await session.flush()
        raise ToolError("no")

    shop.tool(fail)

    assert (["no"], []) == (shop.call(("fail", {})), shop.stock.names())


def test_a_bare_generator_is_refused(shop: Shop) -> None:
    """Bad: the habit from FastAPI, which FastMCP injects as a generator object. Cured: a context manager."""

    async def get_session() -> AsyncIterator[Session]:
        with Session(shop.stock._engine) as session:
            yield session

    plain = FastMCP("unattached")
    seen = []

    async def bad(session: Any = Depends(get_session)) -> str:
        seen.append(type(session).__name__)
        return "done"

    async def cured(session: Any = Depends(asynccontextmanager(get_session))) -> str:
        return type(session).__name__

    async def silently() -> None:
        async with Client(plain) as client:
            await client.call_tool("bad")

    plain.tool(bad)
    shop.server.tool(bad)
    shop.server.tool(cured)
    asyncio.run(silently())
    with pytest.raises(ScopeError, match=r"session would be the generator that get_session\(\) makes"):
        asyncio.run(shop.server.call_tool("bad"))

    assert (["async_generator"], ["Session"]) == (seen, shop.call(("cured", {})))


def test_a_dependency_of_a_dependency_is_looked_at(shop: Shop) -> None:
    """The generator may be further inside, and in an annotation."""

    def rows() -> Any:
        yield 1

    def repository(each: Any = Depends(rows)) -> Any:
        return each

    async def bad(found: Any = Depends(repository)) -> str:
        return "done"

    shop.server.tool(bad)
    with pytest.raises(ScopeError, match=r"each would be the generator that rows\(\) makes"):
        asyncio.run(shop.server.call_tool("bad"))


@pytest.mark.parametrize("shop", ["async"], indirect=True)
def test_who_reads_first_can_write_afterwards(shop: Shop) -> None:
    """A dependency that reads who is asking; what it read stays readable, and one call holds one connection."""

    async def who(session: Any = Depends(shop.host.read)) -> Any:
        return await session.get(Customer, 1)

    async def write(user: Any = Depends(who), session: Any = Depends(shop.host.begin)) -> str:
        session.add(customer("Grace"))
        await session.flush()
        return f"{user.name} {shop.db.engine.pool.checkedout()}"

    shop.tool(write)

    assert ["Ada", "Ada 1"] == shop.call(("add", {"name": "Ada"}), ("write", {}))
    assert ["Ada", "Grace"] == shop.stock.names()


def test_a_dependency_that_blocks_is_refused(stock: Stock) -> None:
    """FastMCP calls plain dependencies on the event loop, where a Database would stop every other call."""
    db = stock.database("sync")
    server = FastMCP("shop")
    host = attach(server, db)
    shop = Shop("sync", stock, db, server, host)

    def first(session: Any = Depends(host.read)) -> Any:
        with pytest.raises(
            BlockingScope, match=r"get\(\) on the session of read\(\) at tests/integrations/test_fastmcp.py"
        ):
            session.get(Customer, 1)
        return "refused"

    @server.tool
    def ask(answer: str = Depends(first)) -> str:
        return answer

    assert ["refused"] == shop.call(("ask", {}))


@pytest.mark.parametrize("shop", ["async"], indirect=True)
def test_a_tool_that_calls_another_is_one_unit(shop: Shop) -> None:
    """Both are kept or neither; and an error of the inner one cannot be swallowed with half of its work."""

    async def both(ctx: Context, name: str, session: Any = Depends(shop.host.begin)) -> str:
        session.add(customer("Grace"))
        try:
            await ctx.fastmcp.call_tool("add_and_fail" if name == "bad" else "add", {"name": name})
        except Exception:
            return "swallowed"
        return "done"

    async def add_and_fail(name: str, session: Any = Depends(shop.host.begin)) -> str:
        session.add(customer(name))
        raise ToolError("no")

    shop.server.tool(both)
    shop.tool(add_and_fail)
    refused, kept = shop.call(("both", {"name": "bad"}), ("both", {"name": "Ada"}))

    assert "A tool that was called by this one failed" in refused
    assert ("done", ["Ada", "Grace"]) == (kept, sorted(shop.stock.names()))


@pytest.mark.parametrize("shop", ["async"], indirect=True)
def test_a_task_that_outlives_its_call_has_no_session(shop: Shop) -> None:
    """Bad: the session of the call in a task of its own. Cured: a scope there."""
    tasks = []
    ended = asyncio.Event()

    async def outlive(session: Any) -> None:
        await ended.wait()
        with pytest.raises(ScopeClosed):
            await session.get(Customer, 1)
        async with shop.db.begin() as own:
            own.add(customer("Later"))

    async def start(session: Any = Depends(shop.host.begin)) -> str:
        session.add(customer("Ada"))
        tasks.append(asyncio.create_task(outlive(session)))
        return "started"

    async def wait() -> str:
        ended.set()
        await tasks[0]
        return "waited"

    shop.server.tool(start)
    shop.server.tool(wait)

    assert ["started", "waited"] == shop.call(("start", {}), ("wait", {}))
    assert ["Ada", "Later"] == shop.stock.names()


def test_resources_and_prompts_have_sessions_as_well(stock: Stock) -> None:
    """What is read by a client, or made for its model, is read in a scope."""
    db = stock.database("async")
    server = FastMCP("shop")
    host = attach(server, db)

    @server.resource("customers://{key}")
    async def name(key: int, session: Any = Depends(host.read)) -> str:
        return (await session.get(Customer, key)).name

    @server.prompt
    async def greet(key: int, session: Any = Depends(host.read)) -> str:
        return f"Greet {(await session.get(Customer, key)).name}"

    async def ask() -> list[str]:
        async with db, Client(server) as client:
            async with db.begin() as session:
                session.add(customer("Ada"))
            read = await client.read_resource("customers://1")
            made = await client.get_prompt("greet", {"key": "1"})
        return [read[0].text, made.messages[0].content.text]

    assert ["Ada", "Greet Ada"] == asyncio.run(ask())
