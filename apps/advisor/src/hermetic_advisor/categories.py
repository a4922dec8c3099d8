"""What money is spent on, and what of it one cannot do without."""

from __future__ import annotations

from enum import StrEnum


class Category(StrEnum):
    """What a transaction is about."""

    INCOME = "income"
    HOUSING = "housing"
    FOOD = "food"
    UTILITIES = "utilities"
    TRANSPORT = "transport"
    HEALTH = "health"
    INSURANCE = "insurance"
    EDUCATION = "education"
    DEBT = "debt"
    LEISURE = "leisure"
    SHOPPING = "shopping"
    OTHER = "other"
    SAVINGS = "savings"


NEEDS = frozenset(
    {
        Category.HOUSING,
        Category.FOOD,
        Category.UTILITIES,
        Category.TRANSPORT,
        Category.HEALTH,
        Category.INSURANCE,
        Category.EDUCATION,
        Category.DEBT,
    }
)
WANTS = frozenset({Category.LEISURE, Category.SHOPPING, Category.OTHER})
SPENDING = NEEDS | WANTS
"""What is gone when it is spent; what is put aside as savings is still there."""

WORDS: dict[str, Category] = {
    "salary": Category.INCOME,
    "payroll": Category.INCOME,
    "wage": Category.INCOME,
    "rent": Category.HOUSING,
    "mortgage": Category.HOUSING,
    "supermarket": Category.FOOD,
    "grocer": Category.FOOD,
    "bakery": Category.FOOD,
    "market": Category.FOOD,
    "electric": Category.UTILITIES,
    "water works": Category.UTILITIES,
    "internet": Category.UTILITIES,
    "mobile": Category.UTILITIES,
    "railway": Category.TRANSPORT,
    "tram": Category.TRANSPORT,
    "fuel": Category.TRANSPORT,
    "petrol": Category.TRANSPORT,
    "pharmacy": Category.HEALTH,
    "dentist": Category.HEALTH,
    "doctor": Category.HEALTH,
    "insurance": Category.INSURANCE,
    "tuition": Category.EDUCATION,
    "bookshop": Category.EDUCATION,
    "loan": Category.DEBT,
    "credit card": Category.DEBT,
    "cinema": Category.LEISURE,
    "restaurant": Category.LEISURE,
    "theatre": Category.LEISURE,
    "holiday": Category.LEISURE,
    "clothes": Category.SHOPPING,
    "furniture": Category.SHOPPING,
    "savings": Category.SAVINGS,
}


def category_of(description: str, *, is_income: bool) -> Category:
    """The category that the words of a bank's line speak of; the first word of the table that occurs decides."""
    lowered = description.casefold()
    found = next((category for word, category in WORDS.items() if word in lowered), None)
    if found is None or (found is Category.INCOME and not is_income):
        return Category.INCOME if is_income else Category.OTHER
    return found
