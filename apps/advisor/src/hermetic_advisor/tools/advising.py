"""Tools for what customers are advised."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from fastmcp import FastMCP
from fastmcp.dependencies import Depends

from hermetic.integrations.fastmcp import Host
from hermetic.scopes import ScopeSession

from ..schemas import AdviceResponse
from ..service import advice
from .telling import telling


def add_tools(server: FastMCP[Any], host: Host[ScopeSession]) -> None:  # Any: what its lifespan gives
    """Let clients ask for advice, and read what was advised."""
    begin, read = Depends(host.begin), Depends(host.read)

    @server.tool
    @telling
    def create_advice(customer_id: int, session: ScopeSession = begin) -> AdviceResponse:
        """Work out the advice for a customer as of today, and keep it; each number says how it came about."""
        return advice.create_advice(session, customer_id, datetime.now(UTC).date())

    @server.tool
    @telling
    def get_customer_advice(customer_id: int, limit: int = 5, session: ScopeSession = read) -> list[AdviceResponse]:
        """The last advices of a customer, the newest first."""
        return advice.get_customer_advice(session, customer_id, limit=limit)
