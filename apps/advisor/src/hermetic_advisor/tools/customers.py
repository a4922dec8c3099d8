"""Tools for customers."""

from __future__ import annotations

from typing import Any

from fastmcp import FastMCP
from fastmcp.dependencies import Depends

from hermetic.integrations.fastmcp import Host
from hermetic.scopes import ScopeSession

from ..schemas import CustomerCreate, CustomerResponse, CustomerUpdate
from ..service import customers
from .telling import telling


def add_tools(server: FastMCP[Any], host: Host[ScopeSession]) -> None:  # Any: what its lifespan gives
    """Let clients create, get, list and update customers."""
    begin, read = Depends(host.begin), Depends(host.read)

    @server.tool
    @telling
    def create_customer(customer: CustomerCreate, session: ScopeSession = begin) -> CustomerResponse:
        """Add a customer; the e-mail address must not be somebody's already."""
        return customers.create_customer(session, customer)

    @server.tool
    @telling
    def get_customer(customer_id: int, session: ScopeSession = read) -> CustomerResponse:
        """A customer by id."""
        return customers.get_customer(session, customer_id)

    @server.tool
    @telling
    def get_customer_by_email(email: str, session: ScopeSession = read) -> CustomerResponse:
        """A customer by e-mail address."""
        return customers.get_customer_by_email(session, email)

    @server.tool
    @telling
    def get_all_customers(session: ScopeSession = read) -> list[CustomerResponse]:
        """All customers, by name."""
        return customers.get_all_customers(session)

    @server.tool
    @telling
    def update_customer(customer_id: int, changes: CustomerUpdate, session: ScopeSession = begin) -> CustomerResponse:
        """Change what is given of a customer; give the version that you read to be told when it is not the newest."""
        return customers.update_customer(session, customer_id, changes)
