"""The MCP server: the tools, and the database that their calls work on."""

from __future__ import annotations

from typing import Any

from fastmcp import FastMCP

from hermetic import Database
from hermetic.integrations.fastmcp import attach
from hermetic.scopes import ScopeSession

from . import advising, customers, money, plans

INSTRUCTIONS = """\
Customers of a household budget advisor: their transactions, goals, debts and the advice they were given.
Amounts are in euro; money that was spent is negative. Find a customer with get_all_customers or get_customer_by_email."""


def make_server(db: Database[ScopeSession]) -> FastMCP[Any]:  # Any: what its lifespan gives
    """A server whose calls are units of work of a database: committed before the result is sent."""
    server: FastMCP[Any] = FastMCP("advisor", instructions=INSTRUCTIONS, mask_error_details=True)
    host = attach(server, db)
    customers.add_tools(server, host)
    money.add_tools(server, host)
    plans.add_tools(server, host)
    advising.add_tools(server, host)
    return server
