"""The MCP server, by a real client: in memory, over stdin and stdout, and over HTTP."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from fastmcp import Client
from fastmcp.client.transports import StdioTransport

from hermetic import Database
from hermetic.scopes import ScopeSession
from hermetic_advisor.tools.server import make_server

ADA = {"name": "Ada", "email": "ada@example.org", "age": 34, "income": "3450.10"}
OPERATIONS = [
    "create_advice",
    "create_customer",
    "create_debt",
    "create_goal",
    "create_transaction",
    "get_all_customers",
    "get_customer",
    "get_customer_advice",
    "get_customer_by_email",
    "get_customer_debts",
    "get_customer_goals",
    "get_customer_transactions",
    "import_statement",
    "update_customer",
    "update_debt",
    "update_goal",
]
BREAD = {"booked_on": "2026-10-03", "amount": "-3.20", "category": "food", "description": "Bakery"}
GOAL = {"name": "Trip", "target": "1800", "due": "2027-06-01"}
DEBT = {"name": "Card", "balance": "890", "rate": "17.9", "minimum": "45"}


async def use_all(client: Client[Any]) -> dict[str, Any]:  # Any: a transport; what tools give
    """Call every tool once; what each gave, by its name."""
    given: dict[str, Any] = {}

    async def call(tool: str, **arguments: object) -> Any:  # Any: what the tool gives
        result = await client.call_tool(tool, arguments)
        given[tool] = (result.structured_content or {}).get("result", result.structured_content)
        return given[tool]

    customer = (await call("create_customer", customer=ADA))["id"]
    await call("get_customer", customer_id=customer)
    await call("get_customer_by_email", email="ADA@example.org")
    await call("update_customer", customer_id=customer, changes={"age": 35})
    await call("create_transaction", customer_id=customer, transaction=BREAD)
    await call(
        "import_statement", customer_id=customer, file_name="a.csv", csv="date,amount,text\n2026-10-04,-7.00,Tram\n"
    )
    await call("get_customer_transactions", customer_id=customer)
    goal = (await call("create_goal", customer_id=customer, goal=GOAL))["id"]
    await call("update_goal", goal_id=goal, changes={"saved": 12.5})
    await call("get_customer_goals", customer_id=customer)
    debt = (await call("create_debt", customer_id=customer, debt=DEBT))["id"]
    await call("update_debt", debt_id=debt, changes={"balance": "800"})
    await call("get_customer_debts", customer_id=customer)
    await call("create_advice", customer_id=customer)
    await call("get_customer_advice", customer_id=customer)
    await call("get_all_customers")
    return given


def check(given: dict[str, Any]) -> None:  # Any: what tools give
    """What every transport has to give."""
    assert sorted(given) == OPERATIONS
    assert ("3450.10", 34) == (given["get_customer"]["income"], given["get_customer"]["age"])
    assert (35, 2) == (given["update_customer"]["age"], given["update_customer"]["version"])
    assert given["get_customer_by_email"] == given["get_customer"]
    assert ["-7.00", "-3.20"] == [each["amount"] for each in given["get_customer_transactions"]["items"]]
    assert ["12.50"] == [each["saved"] for each in given["get_customer_goals"]]
    assert ["800.00"] == [each["balance"] for each in given["get_customer_debts"]]
    assert [given["create_advice"]] == given["get_customer_advice"]
    assert "Ada" in [each["name"] for each in given["get_all_customers"]]


def test_every_operation_is_a_tool(db: Database[ScopeSession]) -> None:
    """And does the same on both databases; no connection is held afterwards."""

    async def ask() -> dict[str, Any]:  # Any: what tools give
        async with Client(make_server(db)) as client:
            assert sorted(tool.name for tool in await client.list_tools()) == OPERATIONS
            return await use_all(client)

    check(asyncio.run(ask()))

    assert 0 == db.engine.pool.checkedout()  # type: ignore[attr-defined]  # a QueuePool counts


@pytest.mark.parametrize(
    ("tool", "arguments", "sentence"),
    [
        ("get_customer", {"customer_id": 999}, "There is no customer 999."),
        ("create_customer", {"customer": {**ADA, "email": "zoe@example.org"}}, "There is a customer with the e-mail"),
        (
            "import_statement",
            {"customer_id": 1, "file_name": "a.csv", "csv": "date,amount,text\nno,1,x\nno,2,y\n"},
            "Nothing is imported.\nline 2: 'no' is no date; write it like 2026-03-31 or 31.03.2026\nline 3:",
        ),
    ],
)
def test_an_error_is_told(db: Database[ScopeSession], tool: str, arguments: dict[str, Any], sentence: str) -> None:
    """In the sentence of the service layer, and in nothing else."""

    async def ask() -> tuple[bool, str]:
        async with Client(make_server(db)) as client:
            await client.call_tool(
                "create_customer", {"customer": {**ADA, "email": "zoe@example.org"}}, raise_on_error=False
            )
            result = await client.call_tool(tool, arguments, raise_on_error=False)
        return result.is_error, result.content[0].text  # type: ignore[union-attr]  # an error is a text

    is_error, text = asyncio.run(ask())

    assert is_error
    assert text.startswith(sentence)
    assert not [word for word in ("sqlalchemy", "sqlite3", "psycopg", "SELECT", "Traceback") if word in text]


def test_many_clients_at_once(db: Database[ScopeSession]) -> None:
    """Each call has a session of its own: all twenty transactions are kept."""

    async def ask() -> int:
        async with Client(make_server(db)) as client:
            data = {**ADA, "email": "many@example.org"}
            customer = (await client.call_tool("create_customer", {"customer": data})).structured_content
            assert customer is not None
            about = {"customer_id": customer["id"]}
            await asyncio.gather(
                *(client.call_tool("create_transaction", {**about, "transaction": BREAD}) for _ in range(20))
            )
            page = (await client.call_tool("get_customer_transactions", about)).structured_content
        assert page is not None
        return int(page["total"])

    assert 20 == asyncio.run(ask())


def test_over_stdin_and_stdout(tmp_path: Path) -> None:
    """`python -m hermetic_advisor mcp`, under watch: nothing but the protocol is on its stdout, and nothing is found."""
    seen = tmp_path / "seen.json"
    watched = [
        "-m",
        "hermetic",
        "run",
        "--quiet",
        "--output",
        str(seen),
        "--",
        sys.executable,
        "-m",
        "hermetic_advisor",
    ]
    transport = StdioTransport(
        sys.executable, [*watched, "mcp"], env=environment(tmp_path), log_file=tmp_path / "err.log", keep_alive=False
    )

    async def ask() -> dict[str, Any]:  # Any: what tools give
        async with Client(transport) as client:
            return await use_all(client)

    check(asyncio.run(ask()))

    assert [] == json.loads(seen.read_text("utf-8"))["findings"]


def test_over_http(serve: Callable[..., AbstractContextManager[str]], tmp_path: Path) -> None:
    """`python -m hermetic_advisor mcp --http`; a page of another site cannot talk to it, by whatever name."""
    env = {"DATABASE_URL": f"sqlite:///{tmp_path}/http.db"}
    with serve(["hermetic_advisor", "mcp", "--http"], env=env, ready="/mcp") as address:

        async def ask() -> dict[str, Any]:  # Any: what tools give
            async with Client(f"{address}/mcp") as client:
                return await use_all(client)

        check(asyncio.run(ask()))

        assert 403 == status_for(address, Origin="http://evil.example")
        assert 421 == status_for(address, Host="evil.example")


def status_for(address: str, **headers: str) -> int:
    """How a request is answered that a browser sends for another site's page, or for a name that only looks like ours."""
    import httpx2

    ping = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
    accepted = {"Accept": "application/json, text/event-stream"}
    return httpx2.post(f"{address}/mcp", headers={**accepted, **headers}, json=ping).status_code


def environment(folder: Path) -> dict[str, str]:
    """What a server is started with: this environment, and a database of its own."""
    import os

    return {**os.environ, "DATABASE_URL": f"sqlite:///{folder}/stdio.db"}
