"""Tools for what customers earn and spend."""

from __future__ import annotations

from typing import Any

from fastmcp import FastMCP
from fastmcp.dependencies import Depends

from hermetic.integrations.fastmcp import Host
from hermetic.scopes import ScopeSession

from ..categories import Category
from ..errors import Refused
from ..schemas import StatementResponse, TransactionCreate, TransactionPage, TransactionResponse
from ..service import statements, transactions
from ..statement.reading import Reading, read_statement
from .telling import telling

TOLD = 10
"""How many bad lines an error names."""


def add_tools(server: FastMCP[Any], host: Host[ScopeSession]) -> None:  # Any: what its lifespan gives
    """Let clients enter, list and import transactions."""
    begin, read = Depends(host.begin), Depends(host.read)

    @server.tool
    @telling
    def create_transaction(
        customer_id: int, transaction: TransactionCreate, session: ScopeSession = begin
    ) -> TransactionResponse:
        """Add a transaction; what was spent is a negative amount."""
        return transactions.create_transaction(session, customer_id, transaction)

    @server.tool
    @telling
    def get_customer_transactions(
        customer_id: int,
        page: int = 1,
        size: int = 20,
        categories: tuple[Category, ...] = (),
        text: str = "",
        session: ScopeSession = read,
    ) -> TransactionPage:
        """A page of a customer's transactions, the newest first; narrowed to categories and to words, if given."""
        return transactions.get_customer_transactions(
            session, customer_id, number=page, size=size, categories=categories, text=text
        )

    @server.tool
    @telling
    def import_statement(
        customer_id: int, file_name: str, csv: str, session: ScopeSession = begin
    ) -> StatementResponse:
        """Import a bank's CSV with the columns date, amount and description: all of it, or nothing and the bad lines."""
        reading = read_statement(csv.encode())
        if reading.problems:
            raise Refused(_told(reading))
        return statements.import_statement(session, customer_id, file_name, reading)


def _told(reading: Reading) -> str:
    lines = [f"line {problem.line}: {problem.problem}" for problem in reading.problems[:TOLD]]
    more = len(reading.problems) - len(lines)
    return "\n".join(["Nothing is imported.", *lines, *([f"and {more} more"] if more else [])])
