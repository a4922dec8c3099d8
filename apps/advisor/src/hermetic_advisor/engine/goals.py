"""Whether goals are reached by the month they are due, when each month has so much to give."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_CEILING, Decimal

from ..amounts import euro
from .situation import CENT, Figure, Point, Wish, month_after, months_until

LONGEST = 600
"""Months after which a goal counts as never reached."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """A goal over the months: `reached` counts from the next month as 1, and is 0 for now and None for never."""

    wish: Wish
    months_left: int
    reached: int | None
    payments: tuple[tuple[int, Decimal], ...]

    @property
    def is_feasible(self) -> bool:
        return self.reached is not None and self.reached <= self.months_left


def forecast(wishes: Sequence[Wish], today: date, monthly: Callable[[int], Decimal]) -> tuple[Forecast, ...]:
    """Give what each month has (by its number, from 1) to the goal that is due first, until all are reached.

    No other order reaches all of them in time where this one does not. The forecasts come in that order.
    """
    queue = sorted(wishes, key=lambda wish: (wish.due, wish.name))
    missing = [wish.missing for wish in queue]
    payments: list[list[tuple[int, Decimal]]] = [[] for _ in queue]
    reached: list[int | None] = [None if amount else 0 for amount in missing]
    for month in range(1, LONGEST + 1):
        left = monthly(month)
        for index, amount in enumerate(missing):
            payment = min(amount, left)
            if payment <= 0:
                continue
            missing[index] -= payment
            left -= payment
            payments[index].append((month, payment))
            if not missing[index]:
                reached[index] = month
        if None not in reached:
            break
    return tuple(
        Forecast(wish, months_until(today, wish.due), reached[index], tuple(payments[index]))
        for index, wish in enumerate(queue)
    )


def needed_a_month(wish: Wish, today: date) -> Decimal | None:
    """What to put aside each month to reach a goal alone, rounded up to the cent; None when no month is left."""
    months = months_until(today, wish.due)
    return (wish.missing / months).quantize(CENT, rounding=ROUND_CEILING) if months else None


def goal_advice(seen: Forecast, today: date, start: int, monthly: Decimal) -> Point:
    """What there is to say about a goal, when `monthly` is there for goals from month `start` on."""
    wish = seen.wish
    missing = Figure("Still missing", euro(wish.missing), f"{euro(wish.target)} − {euro(wish.saved)} saved")
    if wish.missing == 0:
        return Point("goals", "good", f"{wish.name} is reached", REACHED, (missing,))
    due = f"{wish.due:%B %Y}"
    figures = [
        missing,
        Figure("Months left", str(seen.months_left), f"from {today:%B %Y} to {due}"),
        Figure(
            "There for goals",
            euro(monthly),
            f"each month from {month_after(today, start):%B %Y} on; the goal due first gets it",
        ),
    ]
    alone = needed_a_month(wish, today)
    if alone is not None:
        figures.append(
            Figure(
                "Needed a month", euro(alone), f"{euro(wish.missing)} ÷ {seen.months_left}, if it were the only goal"
            )
        )
    if seen.reached is None:
        return Point("goals", "bad", f"{wish.name} is not reached with what is left each month", NEVER, tuple(figures))
    done = month_after(today, seen.reached)
    paid = "; ".join(f"{month_after(today, month):%b %Y} {euro(amount)}" for month, amount in seen.payments[:3])
    more = f"; … {len(seen.payments)} payments" if len(seen.payments) > 3 else ""
    figures.append(Figure("Reached in", f"{done:%B %Y}", f"{paid}{more}"))
    if seen.is_feasible:
        return Point("goals", "good", f"{wish.name} is reached in {done:%B %Y}", IN_TIME, tuple(figures))
    return Point("goals", "warn", f"{wish.name} is reached in {done:%B %Y}, not by {due}", LATE, tuple(figures))


REACHED = "Well done. What it no longer needs is there for your other goals."
IN_TIME = "Keep putting aside what the plan says, and it is there in time."
LATE = "Put it off, make it smaller, or find what it needs a month elsewhere in your budget."
NEVER = "Nothing is left for it. Mend the budget, or wait until debts are paid and the reserve is full."
