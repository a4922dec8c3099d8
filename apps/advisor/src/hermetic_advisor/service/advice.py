"""Advice: worked out by the engine from what is known of a customer, kept, and read again."""

from __future__ import annotations

from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from hermetic import fetch, fetch_one

from ..categories import SPENDING
from ..engine.advise import advise
from ..engine.situation import ZERO, Owed, Point, Situation, Wish, month_after
from ..models import Advice, AdviceFigure, AdvicePoint
from ..schemas import AdviceResponse
from .customers import get_customer
from .debts import get_customer_debts
from .goals import get_customer_goals
from .transactions import spending

MONTHS = 3
"""How many full months the advice looks back at."""


def create_advice(session: Session, customer_id: int, today: date) -> AdviceResponse:
    """Work out the advice for a customer as of a day, and keep it. Raises NotFound."""
    row = Advice(customer_id=customer_id)
    row.points = [_kept(number, point) for number, point in enumerate(advise(situation(session, customer_id, today)))]
    session.add(row)
    session.flush()
    return fetch_one(session, AdviceResponse, select(Advice).where(Advice.id == row.id))


def get_customer_advice(session: Session, customer_id: int, *, limit: int = 5) -> list[AdviceResponse]:
    """The last advices of a customer, the newest first: three queries, however many there are. Raises NotFound."""
    get_customer(session, customer_id)
    newest = (
        select(Advice).where(Advice.customer_id == customer_id).order_by(Advice.created_at.desc(), Advice.id.desc())
    )
    return fetch(session, AdviceResponse, newest.limit(limit))


def situation(session: Session, customer_id: int, today: date) -> Situation:
    """What the engine is told of a customer: spending is that of the last full months. Raises NotFound."""
    customer = get_customer(session, customer_id)
    booked = spending(session, customer_id, month_after(today, -MONTHS), month_after(today, 0))
    spent = dict.fromkeys((each.category for each in booked if each.category in SPENDING), ZERO)
    for each in booked:
        if each.category in spent:
            spent[each.category] -= each.amount
    return Situation(
        today=today,
        income=customer.income,
        months=_full_months(min((each.month for each in booked), default=None), today),
        spent={category: max(ZERO, amount) for category, amount in spent.items()},
        debts=tuple(
            Owed(each.name, each.balance, each.rate, each.minimum) for each in get_customer_debts(session, customer_id)
        ),
        wishes=tuple(
            Wish(each.name, each.target, each.saved, each.due, each.is_reserve)
            for each in get_customer_goals(session, customer_id)
        ),
    )


def _full_months(first: date | None, today: date) -> int:
    """How many months there are from the first with a transaction to the last full one."""
    return 0 if first is None else (today.year - first.year) * 12 + today.month - first.month


def _kept(number: int, point: Point) -> AdvicePoint:
    """A piece of advice as it is kept."""
    return AdvicePoint(
        position=number,
        topic=point.topic,
        tone=point.tone,
        headline=point.headline,
        text=point.text,
        figures=[
            AdviceFigure(position=at, label=each.label, value=each.value, how=each.how)
            for at, each in enumerate(point.figures)
        ],
    )
