"""The MCP server: the tools, the database that their calls work on, and what a client is told when one fails."""

from __future__ import annotations

from typing import Any

from fastmcp import FastMCP
from fastmcp.exceptions import ToolError
from fastmcp.server.middleware import CallNext, Middleware, MiddlewareContext

from hermetic import Database
from hermetic.integrations.fastmcp import attach
from hermetic.scopes import ScopeSession

from ..errors import AdvisorError
from . import advising, customers, money, plans

INSTRUCTIONS = """\
Customers of a household budget advisor: their transactions, goals, debts and the advice they were given.
Amounts are in euro; money that was spent is negative. Find a customer with get_all_customers or get_customer_by_email."""


class Told(Middleware):
    """Says to the client what an error of the service layer says; of any other it learns nothing."""

    async def on_call_tool(self, context: MiddlewareContext[Any], call_next: CallNext[Any, Any]) -> Any:
        """Call the tool. Any: what a message holds is the client's."""
        try:
            return await call_next(context)
        except ToolError as error:
            if isinstance(error.__cause__, AdvisorError):
                raise ToolError(str(error.__cause__)) from error
            raise


def make_server(db: Database[ScopeSession]) -> FastMCP[Any]:  # Any: what its lifespan gives
    """A server whose calls are units of work of a database: committed before the result is sent."""
    server: FastMCP[Any] = FastMCP("advisor", instructions=INSTRUCTIONS, mask_error_details=True)
    server.add_middleware(Told())
    host = attach(server, db)
    customers.add_tools(server, host)
    money.add_tools(server, host)
    plans.add_tools(server, host)
    advising.add_tools(server, host)
    return server
