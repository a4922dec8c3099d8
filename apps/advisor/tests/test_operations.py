"""Every operation that the document lists, on both databases: plain data comes out, usable for as long as one likes."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from pydantic import ValidationError

from hermetic import Database
from hermetic.scopes import ScopeSession
from hermetic.testing import queries, sandbox
from hermetic_advisor.categories import Category
from hermetic_advisor.errors import Conflict, NotFound, Refused
from hermetic_advisor.schemas import (
    CustomerCreate,
    CustomerUpdate,
    DebtCreate,
    DebtUpdate,
    GoalCreate,
    GoalUpdate,
    TransactionCreate,
)
from hermetic_advisor.service import advice, customers, debts, goals, transactions

from .conftest import ADA, TODAY

GRACE = CustomerCreate(name="Grace", email="grace@example.org", age=58, income=Decimal("4980.10"))
NOBODY = 999_999


def bread(amount: str = "-3.20", day: date = TODAY) -> TransactionCreate:
    return TransactionCreate(booked_on=day, amount=Decimal(amount), category=Category.FOOD, description="Corner bakery")


def test_create_customer(session: ScopeSession) -> None:
    """It gives the customer as kept: with an id, a version and the moments that the database has."""
    made = customers.create_customer(session, ADA)

    assert ("Ada Okafor", "ada@example.org", 34, Decimal("3450.00"), 1) == (
        made.name,
        made.email,
        made.age,
        made.income,
        made.version,
    )
    assert made.created_at.tzinfo is not None


def test_create_customer_outlives_its_session(db: Database[ScopeSession]) -> None:
    """What was the document's DetachedInstanceError: all of it is read after the session is gone."""
    with sandbox(db):
        with db.begin() as session:
            made = customers.create_customer(session, ADA)

        assert ADA.model_dump() == made.model_dump(include=set(CustomerCreate.model_fields))


def test_create_customer_refuses_an_email_twice(db: Database[ScopeSession]) -> None:
    """Also in other letters; the sentence names the address, and nothing of the database."""
    again = CustomerCreate.model_validate({**ADA.model_dump(), "name": "Another", "email": "ADA@Example.org"})
    with sandbox(db):
        with db.begin() as session:
            customers.create_customer(session, ADA)
        with pytest.raises(Conflict) as told, db.begin() as session:
            customers.create_customer(session, again)
        with db.read() as session:
            names = [each.name for each in customers.get_all_customers(session)]

    assert "There is a customer with the e-mail address ada@example.org already." == str(told.value)
    assert ["Ada Okafor"] == names


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", " "),
        ("name", "two\nlines"),
        ("name", "right-to-left \u202e"),
        ("email", "nobody"),
        ("age", 17),
        ("income", "1.005"),
        ("income", "-1"),
        ("income", "NaN"),
        ("income", "1e30"),
        ("colour", "blue"),
    ],
)
def test_create_customer_refuses_what_makes_no_sense(field: str, value: object) -> None:
    """The model says so before a session is opened."""
    with pytest.raises(ValidationError) as told:
        CustomerCreate.model_validate({**ADA.model_dump(), field: value})

    assert [(field,)] == [each["loc"] for each in told.value.errors()]


def test_get_customer(session: ScopeSession, ada: int) -> None:
    """By id."""
    assert "Ada Okafor" == customers.get_customer(session, ada).name


def test_get_customer_that_is_not_there(session: ScopeSession) -> None:
    """NotFound, by every operation that is about a customer."""
    asked = [
        lambda: customers.get_customer(session, NOBODY),
        lambda: customers.update_customer(session, NOBODY, CustomerUpdate()),
        lambda: transactions.create_transaction(session, NOBODY, bread()),
        lambda: transactions.get_customer_transactions(session, NOBODY),
        lambda: goals.get_customer_goals(session, NOBODY),
        lambda: debts.get_customer_debts(session, NOBODY),
        lambda: advice.create_advice(session, NOBODY, TODAY),
        lambda: advice.get_customer_advice(session, NOBODY),
    ]
    told = []
    for ask in asked:
        with pytest.raises(NotFound) as error:
            ask()
        told.append(str(error.value))

    assert [f"There is no customer {NOBODY}."] * len(asked) == told


def test_get_customer_by_email(session: ScopeSession, ada: int) -> None:
    """However its letters are written."""
    assert ada == customers.get_customer_by_email(session, " ADA@example.org ").id


def test_get_customer_by_email_that_nobody_has(session: ScopeSession) -> None:
    """NotFound, and no error of the database."""
    with pytest.raises(NotFound) as told:
        customers.get_customer_by_email(session, "' OR 1=1 --")

    assert "No customer has the e-mail address ' or 1=1 --." == str(told.value)


def test_get_all_customers(session: ScopeSession, ada: int) -> None:
    """By name."""
    customers.create_customer(session, GRACE.model_copy(update={"name": "Aaron"}))

    assert ["Aaron", "Ada Okafor"] == [each.name for each in customers.get_all_customers(session)]


def test_update_customer(session: ScopeSession, ada: int) -> None:
    """What is not given stays, and the version counts on."""
    made = customers.update_customer(session, ada, CustomerUpdate(age=35))

    assert ("Ada Okafor", 35, 2) == (made.name, made.age, made.version)


def test_update_customer_that_somebody_else_has_changed(session: ScopeSession, ada: int) -> None:
    """Who changes what they saw before somebody else's change is told; nothing is overwritten."""
    seen = customers.get_customer(session, ada)
    customers.update_customer(session, ada, CustomerUpdate(income=Decimal(3600), version=seen.version))
    with pytest.raises(Conflict):
        customers.update_customer(session, ada, CustomerUpdate(name="Ada O.", version=seen.version))

    after = customers.get_customer(session, ada)

    assert (Decimal(3600), "Ada Okafor") == (after.income, after.name)


def test_create_transaction(session: ScopeSession, ada: int) -> None:
    """To the cent."""
    made = transactions.create_transaction(session, ada, bread("-0.07"))

    assert (Decimal("-0.07"), Category.FOOD, TODAY) == (made.amount, made.category, made.booked_on)


def test_create_transaction_of_nothing(session: ScopeSession, ada: int) -> None:
    """Refused with a sentence."""
    with pytest.raises(Refused):
        transactions.create_transaction(session, ada, bread("0"))

    assert 0 == transactions.get_customer_transactions(session, ada).total


def test_get_customer_transactions(session: ScopeSession, ada: int) -> None:
    """In pages, the newest first: each one is on one page, also those of the same day."""
    for number in range(7):
        transactions.create_transaction(session, ada, bread(f"-{number + 1}", TODAY - timedelta(days=number // 3)))
    pages = [transactions.get_customer_transactions(session, ada, number=number, size=3) for number in (1, 2, 3)]

    assert [-3, -2, -1, -6, -5, -4, -7] == [each.amount for page in pages for each in page.items]
    assert [(3, 7)] * 3 == [(page.pages, page.total) for page in pages]


def test_get_customer_transactions_narrowed(session: ScopeSession, ada: int) -> None:
    """To words of descriptions and to categories; a `%` is a percent sign."""
    transactions.create_transaction(session, ada, bread())
    fuel = bread().model_copy(update={"category": Category.TRANSPORT, "description": "Fuel 100% synthetic"})
    transactions.create_transaction(session, ada, fuel)

    found = [
        [each.description for each in transactions.get_customer_transactions(session, ada, **how).items]
        for how in ({"text": "BAKERY"}, {"text": "0%"}, {"text": "%b"}, {"categories": [Category.TRANSPORT]})
    ]

    assert [["Corner bakery"], ["Fuel 100% synthetic"], [], ["Fuel 100% synthetic"]] == found


def test_create_goal(session: ScopeSession, ada: int) -> None:
    """With nothing saved yet, where nothing is said."""
    made = goals.create_goal(session, ada, GoalCreate(name="Lisbon", target=Decimal("1800"), due=TODAY))

    assert ("Lisbon", Decimal(1800), Decimal(0), False) == (made.name, made.target, made.saved, made.is_reserve)


def test_get_customer_goals(session: ScopeSession, ada: int) -> None:
    """The one due first before the others."""
    for name, days in (("later", 90), ("soon", 10)):
        due = TODAY + timedelta(days=days)
        goals.create_goal(session, ada, GoalCreate(name=name, target=Decimal(100), due=due))

    assert ["soon", "later"] == [each.name for each in goals.get_customer_goals(session, ada)]


def test_update_goal(session: ScopeSession, ada: int) -> None:
    """What is saved, and nothing else; an old version is refused."""
    made = goals.create_goal(session, ada, GoalCreate(name="Lisbon", target=Decimal("1800"), due=TODAY))
    after = goals.update_goal(session, made.id, GoalUpdate(saved=Decimal("12.34"), version=made.version))
    with pytest.raises(Conflict):
        goals.update_goal(session, made.id, GoalUpdate(saved=Decimal(0), version=made.version))
    with pytest.raises(NotFound):
        goals.update_goal(session, NOBODY, GoalUpdate())

    assert (Decimal("12.34"), Decimal(1800), 2) == (after.saved, after.target, after.version)


def test_create_debt(session: ScopeSession, ada: int) -> None:
    """The rate is exact, too."""
    data = DebtCreate(name="Card", balance=Decimal("890"), rate=Decimal("17.9"), minimum=Decimal(45))

    assert Decimal("17.90") == debts.create_debt(session, ada, data).rate


def test_get_customer_debts(session: ScopeSession, ada: int) -> None:
    """The dearest first."""
    for name, rate in (("cheap", "3.2"), ("dear", "21.5")):
        data = DebtCreate(name=name, balance=Decimal(100), rate=Decimal(rate), minimum=Decimal(5))
        debts.create_debt(session, ada, data)

    assert ["dear", "cheap"] == [each.name for each in debts.get_customer_debts(session, ada)]


def test_update_debt(session: ScopeSession, ada: int) -> None:
    """What is left of it."""
    data = DebtCreate(name="Card", balance=Decimal("890"), rate=Decimal("17.9"), minimum=Decimal(45))
    made = debts.create_debt(session, ada, data)
    with pytest.raises(NotFound):
        debts.update_debt(session, NOBODY, DebtUpdate())

    assert Decimal("445.50") == debts.update_debt(session, made.id, DebtUpdate(balance=Decimal("445.50"))).balance


def test_create_advice(session: ScopeSession, ada: int) -> None:
    """What the engine says of the last full months is kept, each number with its reason."""
    for amount, day in (("-900", date(2026, 10, 3)), ("-600", date(2026, 9, 3)), ("-99", TODAY)):
        transactions.create_transaction(session, ada, bread(amount, day))
    made = advice.create_advice(session, ada, TODAY)

    assert ["budget", "reserve"] == [each.topic for each in made.points]
    assert "€2,700.00 a month are left, 78.26 % of your income" == made.points[0].headline
    assert "the average of the last 2 full months" in made.points[0].figures[0].how


def test_get_customer_advice(session: ScopeSession, ada: int) -> None:
    """The newest first, as it was given."""
    given = [advice.create_advice(session, ada, TODAY) for _ in range(3)]

    assert given[:0:-1] == advice.get_customer_advice(session, ada, limit=2)


def test_get_customer_advice_takes_the_same_queries_for_one_and_for_many(db: Database[ScopeSession]) -> None:
    """The number of queries is a property of the model that is asked for."""
    counts = []
    with sandbox(db):
        with db.begin() as session:
            customer = customers.create_customer(session, ADA)
        for _ in range(3):
            with db.begin() as session:
                advice.create_advice(session, customer.id, TODAY)
            with db.read() as session, queries() as sent:
                advice.get_customer_advice(session, customer.id)
            counts.append(sent.count)

    assert counts[0] == counts[1] == counts[2]
