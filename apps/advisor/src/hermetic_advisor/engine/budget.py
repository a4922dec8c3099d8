"""Where an income goes: what one cannot do without, what one likes, and what is left, beside 50, 30 and 20 percent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from ..amounts import euro, percent
from ..categories import NEEDS, WANTS, Category
from .situation import ZERO, Figure, Point, to_cents

SHARES = {"needs": Decimal(50), "wants": Decimal(30), "left": Decimal(20)}
"""Percent of the income for each part; a rule of thumb, and meant as one."""


@dataclass(frozen=True, slots=True)
class Budget:
    """The parts of a monthly income. They sum up to it exactly; `left` is negative when more is spent than comes in."""

    income: Decimal
    needs: Decimal
    wants: Decimal
    months: int

    @property
    def left(self) -> Decimal:
        return self.income - self.needs - self.wants

    def share(self, part: Decimal) -> Decimal:
        """A part in percent of the income; nothing of no income."""
        return to_cents(part * 100 / self.income) if self.income else ZERO


def budget_of(income: Decimal, months: int, spent: Mapping[Category, Decimal]) -> Budget:
    """The monthly budget of what was spent over some months."""
    over = max(1, months)
    needs = sum((amount for category, amount in spent.items() if category in NEEDS), ZERO)
    wants = sum((amount for category, amount in spent.items() if category in WANTS), ZERO)
    return Budget(income, to_cents(needs / over), to_cents(wants / over), months)


def targets(income: Decimal) -> dict[str, Decimal]:
    """The income split by SHARES; the cent that does not divide goes to what is left, so they sum up to the income."""
    needs = to_cents(income * SHARES["needs"] / 100)
    wants = to_cents(income * SHARES["wants"] / 100)
    return {"needs": needs, "wants": wants, "left": income - needs - wants}


def budget_advice(budget: Budget) -> Point:
    """What there is to say about a budget."""
    if budget.months == 0:
        return Point("budget", "warn", "There is no full month to look at yet", NO_MONTHS)
    if budget.income == 0:
        return Point("budget", "warn", "There is no income to divide", NO_INCOME)
    if budget.left < 0:
        headline = f"You spend {euro(-budget.left)} a month more than comes in"
        return Point("budget", "bad", headline, OVERSPENT, _figures(budget))
    wanted = targets(budget.income)
    if budget.left < wanted["left"]:
        headline = f"{euro(budget.left)} a month are left, {percent(budget.share(budget.left))} of your income"
        part = "needs" if budget.needs - wanted["needs"] >= budget.wants - wanted["wants"] else "wants"
        return Point("budget", "warn", headline, TIGHT.format(part=part), _figures(budget))
    headline = f"{euro(budget.left)} a month are left, {percent(budget.share(budget.left))} of your income"
    return Point("budget", "good", headline, ROOMY, _figures(budget))


NO_MONTHS = "Enter transactions, or import a statement of your bank: advice looks at up to three full months."
NO_INCOME = "Enter what reaches your account in a month, and the advice can say how far it goes."
OVERSPENT = "Before anything else, bring what you spend below what you earn: begin with the largest of your wants."
TIGHT = (
    "A fifth of the income is a good thing to have left. Your {part} are further above the rule of thumb than the rest."
)
ROOMY = "A fifth or more of your income is left. The other pieces of this advice say what to do with it."


def _figures(budget: Budget) -> tuple[Figure, ...]:
    wanted = targets(budget.income)
    income, months = euro(budget.income), f"{budget.months} full month{'s' if budget.months > 1 else ''}"
    parts = [("needs", budget.needs), ("wants", budget.wants)]
    spent = [
        Figure(
            f"Monthly {name}",
            euro(amount),
            f"the average of the last {months}; {percent(budget.share(amount))} of {income},"
            f" the rule of thumb is {percent(SHARES[name])} = {euro(wanted[name])}",
        )
        for name, amount in parts
    ]
    shortfall = [
        Figure("Monthly shortfall", euro(-budget.left), f"{euro(budget.needs)} + {euro(budget.wants)} − {income}")
    ]
    left = [
        Figure("Left each month", euro(budget.left), f"{income} − {euro(budget.needs)} − {euro(budget.wants)}"),
        Figure(
            "Share that is left",
            percent(budget.share(budget.left)),
            f"{euro(budget.left)} ÷ {income}; the rule of thumb is {percent(SHARES['left'])} = {euro(wanted['left'])}",
        ),
    ]
    return (*spent, *(shortfall if budget.left < 0 else left))
