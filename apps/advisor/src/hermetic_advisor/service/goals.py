"""Goals: what a customer saves for."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from hermetic import fetch, fetch_one

from ..errors import NotFound
from ..models import Goal
from ..schemas import GoalCreate, GoalResponse, GoalUpdate
from .changing import apply
from .customers import check_customer


def create_goal(session: Session, customer_id: int, data: GoalCreate) -> GoalResponse:
    """Add a goal. Raises NotFound."""
    check_customer(session, customer_id)
    row = Goal(customer_id=customer_id, **data.model_dump())
    session.add(row)
    session.flush()
    return _goal(session, row.id)


def get_customer_goals(session: Session, customer_id: int) -> list[GoalResponse]:
    """A customer's goals, the one that is due first before the others. Raises NotFound."""
    check_customer(session, customer_id)
    return fetch(session, GoalResponse, select(Goal).where(Goal.customer_id == customer_id).order_by(Goal.due, Goal.id))


def update_goal(session: Session, goal_id: int, changes: GoalUpdate) -> GoalResponse:
    """Change what is given of a goal. Raises NotFound, and Conflict for a version that is not the goal's any more."""
    row = session.get(Goal, goal_id, with_for_update=True)
    if row is None:
        raise NotFound(f"There is no goal {goal_id}.")
    apply(changes, row)
    session.flush()
    return _goal(session, goal_id)


def _goal(session: Session, goal_id: int) -> GoalResponse:
    return fetch_one(session, GoalResponse, select(Goal).where(Goal.id == goal_id))
