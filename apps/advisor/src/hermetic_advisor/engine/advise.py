"""The whole advice: what is left each month first fills a small reserve, then ends dear debts, then the reserve, then goals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from .budget import budget_advice, budget_of
from .debts import DEAR_RATE, dearest_first, debts_advice, pay_off
from .goals import forecast, goal_advice
from .reserve import Reserve, months_to_save, reserve_advice, reserve_of
from .situation import ZERO, Owed, Point, Situation


@dataclass(frozen=True, slots=True)
class Timeline:
    """From which month on what is left goes where; None when that month never comes."""

    debts_from: int
    goals_from: int | None
    for_goals: Decimal

    def monthly(self, month: int) -> Decimal:
        """What a month has for goals."""
        return self.for_goals if self.goals_from is not None and month >= self.goals_from else ZERO


def advise(situation: Situation) -> tuple[Point, ...]:
    """The advice for a customer, the most basic first: budget, reserve, debts, then each goal, the one due first first."""
    budget = budget_of(situation.income, situation.months, situation.spent)
    surplus = max(ZERO, budget.left) if budget.months else ZERO
    reserve = reserve_of(budget.needs, situation.wishes)
    dear = [debt for debt in situation.debts if debt.rate >= DEAR_RATE and debt.balance > 0]
    line = timeline(surplus, reserve, dear)
    owed = debts_advice(situation.debts, surplus if dear else ZERO, line.debts_from)
    wishes = [wish for wish in situation.wishes if not wish.is_reserve]
    goals = [
        goal_advice(seen, situation.today, line.goals_from or 1, line.for_goals)
        for seen in forecast(wishes, situation.today, line.monthly)
    ]
    points = [budget_advice(budget), reserve_advice(reserve, surplus), owed, *goals]
    return tuple(point for point in points if point is not None)


def timeline(surplus: Decimal, reserve: Reserve, dear: Sequence[Owed]) -> Timeline:
    """When debts and goals get what is left each month. What a debt no longer needs is left, too, when it has ended."""
    first, whole = months_to_save(reserve.missing_first, surplus), months_to_save(reserve.missing, surplus)
    if first is None or whole is None:
        return Timeline(1, None, ZERO)
    if not dear:
        return Timeline(first + 1, whole + 1, surplus)
    ended = pay_off(dear, surplus, dearest_first, extra_from=first + 1)
    if ended is None:
        return Timeline(first + 1, None, ZERO)
    freed = surplus + sum((debt.minimum for debt in dear), ZERO)
    filled = months_to_save(reserve.missing - reserve.missing_first, freed) or 0
    return Timeline(first + 1, max(first, ended.months) + filled + 1, freed)
