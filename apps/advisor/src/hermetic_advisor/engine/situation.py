"""What the engine is told of a customer, and what it answers with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Literal

from ..categories import Category

CENT = Decimal("0.01")
ZERO = Decimal(0)
Tone = Literal["good", "warn", "bad"]
Topic = Literal["budget", "reserve", "debts", "goals"]


@dataclass(frozen=True, slots=True)
class Owed:
    """A debt: `rate` in percent a year, `minimum` due each month."""

    name: str
    balance: Decimal
    rate: Decimal
    minimum: Decimal


@dataclass(frozen=True, slots=True)
class Wish:
    """A goal."""

    name: str
    target: Decimal
    saved: Decimal
    due: date
    is_reserve: bool = False

    @property
    def missing(self) -> Decimal:
        """What is still to be saved."""
        return max(ZERO, self.target - self.saved)


@dataclass(frozen=True, slots=True)
class Situation:
    """A customer on a day: `spent` holds what was spent by category (positive) over the last `months` full months."""

    today: date
    income: Decimal
    months: int
    spent: Mapping[Category, Decimal]
    debts: tuple[Owed, ...] = ()
    wishes: tuple[Wish, ...] = ()


@dataclass(frozen=True, slots=True)
class Figure:
    """A number as it is shown, and how it came about."""

    label: str
    value: str
    how: str


@dataclass(frozen=True, slots=True)
class Point:
    """One piece of advice; its figures explain each number in its headline."""

    topic: Topic
    tone: Tone
    headline: str
    text: str
    figures: tuple[Figure, ...] = field(default=())


def to_cents(amount: Decimal) -> Decimal:
    """An amount rounded to the cent, halves away from zero."""
    return amount.quantize(CENT, rounding=ROUND_HALF_UP)


def month_after(day: date, months: int) -> date:
    """The first day of the month so many months after that of a day; a negative number goes back."""
    index = day.year * 12 + day.month - 1 + months
    return date(index // 12, index % 12 + 1, 1)


def months_until(today: date, due: date) -> int:
    """How many firsts of a month there are after `today`, up to the month of `due`; none when it is over."""
    return max(0, (due.year - today.year) * 12 + due.month - today.month)
