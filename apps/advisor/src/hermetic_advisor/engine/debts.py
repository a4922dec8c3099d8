"""In which order debts are best paid back, month by month, and what each order costs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from ..amounts import euro, percent
from .situation import ZERO, Figure, Owed, Point, Tone, to_cents

DEAR_RATE = Decimal(5)
"""Percent a year from which a debt is paid back before money is saved."""
LONGEST = 600
"""Months after which a debt counts as never paid back."""

Order = Callable[[Owed], tuple[Decimal, Decimal, str]]


@dataclass(frozen=True, slots=True)
class Payoff:
    """How debts end: in how many months, at what cost, and which is gone when (name, month), in that order."""

    months: int
    interest: Decimal
    paid: Decimal
    ends: tuple[tuple[str, int], ...]


def dearest_first(debt: Owed) -> tuple[Decimal, Decimal, str]:
    """The order that costs least: by rate."""
    return -debt.rate, debt.balance, debt.name


def smallest_first(debt: Owed) -> tuple[Decimal, Decimal, str]:
    """The order that shows progress soonest: by balance."""
    return debt.balance, -debt.rate, debt.name


def pay_off(debts: Sequence[Owed], extra: Decimal, order: Order, *, extra_from: int = 1) -> Payoff | None:
    """Pay the minimum of each debt and all that is left of the monthly sum to the first of the order, until none is left.

    The monthly sum is all minimums, and `extra` from a month on; the minimum of a debt that is gone goes to the others.
    Interest is added each month, to the cent. None when it would take longer than LONGEST months.
    """
    queue = sorted((debt for debt in debts if debt.balance > 0), key=order)
    owed = [debt.balance for debt in queue]
    minimums = sum((debt.minimum for debt in queue), ZERO)
    interest = paid = ZERO
    ends: list[tuple[str, int]] = []
    for month in range(1, LONGEST + 1):
        if not any(owed):
            return Payoff(month - 1, interest, paid, tuple(ends))
        for index, debt in enumerate(queue):
            added = to_cents(owed[index] * debt.rate / 1200)
            owed[index] += added
            interest += added
        before = list(owed)
        paid += _pay(owed, queue, minimums + (extra if month >= extra_from else ZERO))
        ends += [(debt.name, month) for debt, was, now in zip(queue, before, owed, strict=True) if was and not now]
    return None


def _pay(owed: list[Decimal], queue: Sequence[Owed], budget: Decimal) -> Decimal:
    """One month's payments: each minimum, then the rest in order; what was paid."""
    left = budget
    for index, debt in enumerate(queue):
        payment = min(debt.minimum, owed[index], left)
        owed[index] -= payment
        left -= payment
    for index in range(len(queue)):
        payment = min(owed[index], left)
        owed[index] -= payment
        left -= payment
    return budget - left


def debts_advice(debts: Sequence[Owed], extra: Decimal, extra_from: int) -> Point | None:
    """What there is to say about debts, when so much can be added to the minimums from a month on; None without any.

    Where some are dear, only those are paid back early: for the others their minimums are enough.
    """
    open_ = sorted((debt for debt in debts if debt.balance > 0), key=dearest_first)
    if not open_:
        return None
    counted = [debt for debt in open_ if debt.rate >= DEAR_RATE] or open_
    total = sum((debt.balance for debt in counted), ZERO)
    owed = Figure("Owed", euro(total), " + ".join(f"{euro(debt.balance)} {debt.name}" for debt in counted))
    best = pay_off(counted, extra, dearest_first, extra_from=extra_from)
    if best is None:
        headline = f"Your debts of {euro(total)} do not end with what you pay"
        return Point("debts", "bad", headline, NEVER, (owed, *_interest(counted)))
    other = pay_off(counted, extra, smallest_first, extra_from=extra_from)
    tone: Tone = "warn" if counted[0].rate >= DEAR_RATE else "good"
    text = ORDER.format(names=", then ".join(debt.name for debt in counted))
    headline = f"Pay back {counted[0].name} first: its {percent(counted[0].rate)} a year are the dearest"
    return Point("debts", tone, headline, text, (owed, *_payoff_figures(counted, extra, extra_from, best, other)))


def _interest(debts: Sequence[Owed]) -> tuple[Figure, ...]:
    added = sum((to_cents(debt.balance * debt.rate / 1200) for debt in debts), ZERO)
    minimums = sum((debt.minimum for debt in debts), ZERO)
    return (
        Figure("Interest of a month", euro(added), "each balance × its rate ÷ 12, summed up"),
        Figure("Minimums of a month", euro(minimums), "what has to be paid, summed up"),
    )


def _payoff_figures(
    debts: Sequence[Owed], extra: Decimal, extra_from: int, best: Payoff, other: Payoff | None
) -> tuple[Figure, ...]:
    minimums = sum((debt.minimum for debt in debts), ZERO)
    first = debts[0]
    rest = f", and {euro(extra)} more from month {extra_from} on" if extra > 0 else ""
    figures = [
        Figure("Highest rate", percent(first.rate), f"of {first.name}, compared with all others"),
        Figure("Paid each month", euro(minimums), f"all minimums{rest}; what a debt no longer needs goes to the next"),
        Figure(
            "Months until none is left", str(best.months), "; ".join(f"{name}: month {at}" for name, at in best.ends)
        ),
        Figure(
            "Interest until then",
            euro(best.interest),
            f"{euro(best.paid)} paid − {euro(best.paid - best.interest)} owed",
        ),
    ]
    if other is not None and other.interest > best.interest:
        saved = euro(other.interest - best.interest)
        how = f"{euro(other.interest)} with the smallest first − {euro(best.interest)} with the dearest first"
        figures.append(Figure("Saved by this order", saved, how))
    return tuple(figures)


NEVER = "What is added as interest is as much as what is paid. Pay more than the minimums, or ask for a lower rate."
ORDER = "Pay every minimum, and all you can beyond to one debt at a time: {names}."
