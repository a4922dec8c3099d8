"""Tools for what customers save for, and what they owe."""

from __future__ import annotations

from typing import Any

from fastmcp import FastMCP
from fastmcp.dependencies import Depends

from hermetic.integrations.fastmcp import Host
from hermetic.scopes import ScopeSession

from ..schemas import DebtCreate, DebtResponse, DebtUpdate, GoalCreate, GoalResponse, GoalUpdate
from ..service import debts, goals
from .telling import telling


def add_tools(server: FastMCP[Any], host: Host[ScopeSession]) -> None:  # Any: what its lifespan gives
    """Let clients work with goals and debts."""
    begin, read = Depends(host.begin), Depends(host.read)

    @server.tool
    @telling
    def create_goal(customer_id: int, goal: GoalCreate, session: ScopeSession = begin) -> GoalResponse:
        """Add a goal; the money for bad days is a goal with is_reserve."""
        return goals.create_goal(session, customer_id, goal)

    @server.tool
    @telling
    def get_customer_goals(customer_id: int, session: ScopeSession = read) -> list[GoalResponse]:
        """A customer's goals, the one due first before the others."""
        return goals.get_customer_goals(session, customer_id)

    @server.tool
    @telling
    def update_goal(goal_id: int, changes: GoalUpdate, session: ScopeSession = begin) -> GoalResponse:
        """Change what is given of a goal, such as what is saved for it."""
        return goals.update_goal(session, goal_id, changes)

    @server.tool
    @telling
    def create_debt(customer_id: int, debt: DebtCreate, session: ScopeSession = begin) -> DebtResponse:
        """Add a debt, with its rate in percent a year and what has to be paid each month."""
        return debts.create_debt(session, customer_id, debt)

    @server.tool
    @telling
    def get_customer_debts(customer_id: int, session: ScopeSession = read) -> list[DebtResponse]:
        """A customer's debts, the dearest first."""
        return debts.get_customer_debts(session, customer_id)

    @server.tool
    @telling
    def update_debt(debt_id: int, changes: DebtUpdate, session: ScopeSession = begin) -> DebtResponse:
        """Change what is given of a debt, such as its balance."""
        return debts.update_debt(session, debt_id, changes)
