"""Money for bad days: how much there should be, and how much there is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal

from ..amounts import euro
from .situation import ZERO, Figure, Point, Tone, Wish

MONTHS_OF_NEEDS = 3
FIRST_MONTHS = 1
"""What to have before anything else, dear debts included: a broken boiler must not become the next of them."""


@dataclass(frozen=True, slots=True)
class Reserve:
    """What is held for bad days beside what a month of needs costs."""

    needs: Decimal
    held: Decimal

    @property
    def target(self) -> Decimal:
        return self.needs * MONTHS_OF_NEEDS

    @property
    def missing(self) -> Decimal:
        return max(ZERO, self.target - self.held)

    @property
    def missing_first(self) -> Decimal:
        """What is missing of the first step."""
        return max(ZERO, self.needs * FIRST_MONTHS - self.held)


def reserve_of(needs: Decimal, wishes: Sequence[Wish]) -> Reserve:
    """The reserve: what is saved for the goals that are marked as such."""
    return Reserve(needs, sum((wish.saved for wish in wishes if wish.is_reserve), ZERO))


def months_to_save(amount: Decimal, monthly: Decimal) -> int | None:
    """In how many months an amount is saved; None when nothing is put aside."""
    if amount <= 0:
        return 0
    if monthly <= 0:
        return None
    return int((amount / monthly).to_integral_value(rounding=ROUND_CEILING))


def reserve_advice(reserve: Reserve, monthly: Decimal) -> Point:
    """What there is to say about a reserve when so much is left each month."""
    target = Figure(
        "Reserve to have", euro(reserve.target), f"{MONTHS_OF_NEEDS} × {euro(reserve.needs)} of monthly needs"
    )
    held = Figure("Reserve you have", euro(reserve.held), "what is saved for the goals marked as reserve")
    if reserve.needs == 0:
        return Point("reserve", "warn", "How large a reserve should be is not known yet", UNKNOWN)
    if reserve.missing == 0:
        return Point("reserve", "good", f"Your reserve of {euro(reserve.held)} is large enough", ENOUGH, (target, held))
    missing = Figure("Missing", euro(reserve.missing), f"{euro(reserve.target)} − {euro(reserve.held)}")
    months = months_to_save(reserve.missing, monthly)
    headline = f"Your reserve lacks {euro(reserve.missing)}"
    tone: Tone = "bad" if reserve.missing_first else "warn"
    if months is None:
        return Point("reserve", "bad", headline, NOTHING_LEFT, (target, held, missing))
    lasts = Figure(
        "Months to fill it", str(months), f"{euro(reserve.missing)} ÷ {euro(monthly)} left a month, rounded up"
    )
    return Point("reserve", tone, headline, FILL_IT, (target, held, missing, lasts))


UNKNOWN = "It is three months of what you cannot do without, and there is no full month to see that from."
ENOUGH = "It lasts three months or more without any income. Further savings can go to debts and goals."
NOTHING_LEFT = "Nothing is left each month to fill it with. Mend the budget first."
FILL_IT = "One month of needs comes before anything else; then debts that are dear; then the rest of the reserve."
