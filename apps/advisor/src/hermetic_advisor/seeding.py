"""Three customers with half a year behind them, so that there is something to look at: always the same ones."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random

from sqlalchemy.orm import Session

from .categories import Category
from .engine.situation import month_after
from .models import Customer, Debt, Goal, Transaction

MONTHS = 6

Monthly = tuple[int, Category, str, str]
"""The day of the month, what it is about, who gets it, and how much."""

Often = tuple[int, Category, tuple[str, ...], int, int]
"""How often a month, what it is about, who gets it, and between how many euro."""


@dataclass(frozen=True, slots=True)
class Life:
    """How somebody earns and spends."""

    name: str
    email: str
    age: int
    income: str
    monthly: tuple[Monthly, ...]
    often: tuple[Often, ...]
    goals: tuple[tuple[str, str, str, int, bool], ...]
    debts: tuple[tuple[str, str, str, str], ...]


LIVES = (
    Life(
        "Ada Okafor",
        "ada.okafor@example.org",
        34,
        "3450.00",
        (
            (1, Category.HOUSING, "Rent Lindenstraße 12", "-1120.00"),
            (3, Category.UTILITIES, "City electric and gas", "-96.40"),
            (5, Category.UTILITIES, "Fibre internet", "-39.90"),
            (6, Category.INSURANCE, "Household and liability insurance", "-41.25"),
            (15, Category.DEBT, "Car loan, instalment", "-210.00"),
            (20, Category.SAVINGS, "Savings, standing order", "-150.00"),
        ),
        (
            (7, Category.FOOD, ("Supermarket at the bridge", "Corner bakery", "Farmers' market"), 9, 85),
            (3, Category.TRANSPORT, ("Railway ticket", "Fuel station A4"), 12, 60),
            (4, Category.LEISURE, ("Cinema Lumière", "Restaurant Olive", "Theatre season ticket"), 14, 72),
            (2, Category.SHOPPING, ("Clothes, Hafen arcade", "Bookshop and paper"), 18, 110),
        ),
        (
            ("Rainy days", "5400.00", "2300.00", 14, True),
            ("Two weeks in Lisbon", "1800.00", "650.00", 8, False),
            ("A new bicycle", "1250.00", "400.00", 11, False),
        ),
        (("Car loan", "4150.00", "6.40", "210.00"), ("Credit card", "890.00", "17.90", "45.00")),
    ),
    Life(
        "Grace Lindqvist",
        "grace.lindqvist@example.org",
        58,
        "4980.00",
        (
            (2, Category.HOUSING, "Mortgage, Norra Bank", "-980.00"),
            (4, Category.UTILITIES, "Electric company", "-88.10"),
            (9, Category.INSURANCE, "Life insurance", "-64.00"),
            (21, Category.SAVINGS, "Savings, retirement", "-600.00"),
        ),
        (
            (8, Category.FOOD, ("Supermarket Söder", "Fish market"), 12, 95),
            (2, Category.HEALTH, ("Pharmacy at the square", "Dentist Holm"), 10, 140),
            (3, Category.LEISURE, ("Concert hall", "Restaurant Kajen"), 25, 95),
        ),
        (("Reserve", "9000.00", "9400.00", 20, True), ("Kitchen", "14500.00", "6200.00", 18, False)),
        (),
    ),
    Life(
        "Marek Nowak",
        "marek.nowak@example.org",
        26,
        "1980.00",
        (
            (1, Category.HOUSING, "Rent, shared flat", "-640.00"),
            (7, Category.UTILITIES, "Mobile contract", "-29.99"),
            (12, Category.DEBT, "Student loan", "-85.00"),
            (18, Category.EDUCATION, "Evening school tuition", "-120.00"),
        ),
        (
            (9, Category.FOOD, ("Supermarket 24", "Bakery Złota"), 6, 62),
            (5, Category.TRANSPORT, ("Tram ticket", "Railway weekend"), 4, 38),
            (7, Category.LEISURE, ("Cinema", "Restaurant Pod Lipą", "Concert tickets"), 11, 66),
            (3, Category.SHOPPING, ("Clothes online", "Furniture second hand"), 20, 130),
        ),
        (("Emergency money", "3900.00", "250.00", 16, True), ("A notebook", "1400.00", "150.00", 5, False)),
        (("Student loan", "7600.00", "3.20", "85.00"), ("Store card", "1240.00", "21.50", "40.00")),
    ),
)


def seed(session: Session, today: date | None = None) -> int:
    """Add the customers and their half year up to `today`; how many. The same customers each time, to the cent."""
    day = today or datetime.now(UTC).date()
    for number, life in enumerate(LIVES):
        customer = Customer(name=life.name, email=life.email, age=life.age, income=Decimal(life.income))
        session.add(customer)
        session.flush()
        session.add_all(_transactions(life, customer.id, day, Random(number)))
        session.add_all(
            Goal(
                customer_id=customer.id,
                name=name,
                target=Decimal(target),
                saved=Decimal(saved),
                due=month_after(day, months) - timedelta(days=1),
                is_reserve=is_reserve,
            )
            for name, target, saved, months, is_reserve in life.goals
        )
        session.add_all(
            Debt(
                customer_id=customer.id,
                name=name,
                balance=Decimal(balance),
                rate=Decimal(rate),
                minimum=Decimal(minimum),
            )
            for name, balance, rate, minimum in life.debts
        )
    return len(LIVES)


def _transactions(life: Life, customer_id: int, today: date, random: Random) -> Iterator[Transaction]:
    """What was booked in the last months and in this one up to today."""
    for back in range(-MONTHS, 1):
        month = month_after(today, back)
        booked = [*_fixed(life, month), *_varying(life, month, random)]
        for day, category, description, amount in sorted(booked, key=lambda each: each[0]):
            if day <= today:
                yield Transaction(
                    customer_id=customer_id, booked_on=day, category=category, description=description, amount=amount
                )


def _fixed(life: Life, month: date) -> Iterator[tuple[date, Category, str, Decimal]]:
    yield month.replace(day=25), Category.INCOME, "Salary", Decimal(life.income)
    for day, category, description, amount in life.monthly:
        yield month.replace(day=day), category, description, Decimal(amount)


def _varying(life: Life, month: date, random: Random) -> Iterator[tuple[date, Category, str, Decimal]]:
    for times, category, places, least, most in life.often:
        for _ in range(times):
            amount = Decimal(-random.randrange(least * 100, most * 100)).scaleb(-2)
            yield month.replace(day=random.randrange(1, 29)), category, random.choice(places), amount
