"""The arithmetic of advice, by what must hold for every customer."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal

from hypothesis import assume, given
from hypothesis import strategies as st

from hermetic_advisor.categories import Category
from hermetic_advisor.engine.advise import advise
from hermetic_advisor.engine.budget import budget_of, targets
from hermetic_advisor.engine.debts import dearest_first, pay_off, smallest_first
from hermetic_advisor.engine.goals import forecast, needed_a_month
from hermetic_advisor.engine.reserve import months_to_save, reserve_of
from hermetic_advisor.engine.situation import Owed, Situation, Wish, month_after, months_until

from .conftest import TODAY

MONEY = st.decimals(min_value=0, max_value=20_000, places=2)
SPENT = st.dictionaries(st.sampled_from(list(Category)), MONEY)
DEBTS = st.lists(
    st.builds(
        Owed,
        name=st.sampled_from(["car", "card", "flat", "shop", "aunt"]),
        balance=st.decimals(min_value=1, max_value=9_000, places=2),
        rate=st.decimals(min_value=0, max_value=25, places=2),
        minimum=st.decimals(min_value=0, max_value=300, places=2),
    ),
    max_size=4,
    unique_by=lambda debt: debt.name,
).map(tuple)
WISHES = st.lists(
    st.builds(
        Wish,
        name=st.sampled_from(["roof", "trip", "bike", "piano", "rain"]),
        target=st.decimals(min_value=1, max_value=9_000, places=2),
        saved=st.decimals(min_value=0, max_value=9_000, places=2),
        due=st.dates(date(2026, 1, 1), date(2031, 12, 31)),
        is_reserve=st.booleans(),
    ),
    max_size=4,
    unique_by=lambda wish: wish.name,
).map(tuple)
SITUATIONS = st.builds(
    Situation,
    today=st.just(TODAY),
    income=MONEY,
    months=st.integers(0, 3),
    spent=SPENT,
    debts=DEBTS,
    wishes=WISHES,
)


@given(MONEY, st.integers(1, 3), SPENT)
def test_the_parts_of_a_budget_sum_up_to_the_income(
    income: Decimal, months: int, spent: dict[Category, Decimal]
) -> None:
    """To the cent, whatever was spent."""
    budget = budget_of(income, months, spent)

    assert income == budget.needs + budget.wants + budget.left


@given(MONEY)
def test_the_targets_sum_up_to_the_income(income: Decimal) -> None:
    """The cent that does not divide is not lost."""
    assert income == sum(targets(income).values())


@given(MONEY, st.lists(MONEY, max_size=3))
def test_a_reserve_lacks_what_is_not_held(needs: Decimal, held: list[Decimal]) -> None:
    """What is missing and what is held make the target, or there is more than enough."""
    reserve = reserve_of(needs, [Wish("rain", Decimal(1), each, TODAY, is_reserve=True) for each in held])

    assert reserve.missing == max(0, 3 * needs - sum(held))
    assert reserve.missing_first <= reserve.missing


@given(MONEY, st.decimals(min_value=1, max_value=900, places=2))
def test_months_to_save_are_the_fewest_that_do(amount: Decimal, monthly: Decimal) -> None:
    """One month less would not be enough."""
    months = months_to_save(amount, monthly)

    assert months is not None
    assert (months - 1) * monthly < amount <= months * monthly or (amount == 0 == months)


@given(DEBTS, MONEY)
def test_what_is_paid_is_what_was_owed_and_its_interest(debts: tuple[Owed, ...], extra: Decimal) -> None:
    """No cent is lost or paid twice, and each debt ends once, in the last month at the latest."""
    done = pay_off(debts, extra, dearest_first)
    assume(done is not None)
    assert done is not None

    assert done.paid == sum(debt.balance for debt in debts) + done.interest
    assert sorted(name for name, _ in done.ends) == sorted(debt.name for debt in debts)
    assert max((month for _, month in done.ends), default=0) == done.months


@given(DEBTS, MONEY)
def test_the_dearest_first_costs_least(debts: tuple[Owed, ...], extra: Decimal) -> None:
    """Not more than the smallest first, but for the cents that months round."""
    best, other = pay_off(debts, extra, dearest_first), pay_off(debts, extra, smallest_first)
    assume(best is not None and other is not None)
    assert best is not None
    assert other is not None

    assert best.interest <= other.interest + Decimal("0.01") * (best.months + other.months) * max(1, len(debts))


def test_a_debt_that_its_payments_do_not_cover_never_ends() -> None:
    """None, rather than a number of years that nobody lives."""
    assert None is pay_off([Owed("card", Decimal(10_000), Decimal(24), Decimal(100))], Decimal(0), dearest_first)


def test_a_debt_without_interest_ends_when_it_is_paid() -> None:
    """1,000 at 300 a month are four months."""
    done = pay_off([Owed("aunt", Decimal(1000), Decimal(0), Decimal(300))], Decimal(0), dearest_first)

    assert done is not None
    assert (4, Decimal(0), (("aunt", 4),)) == (done.months, done.interest, done.ends)


@given(WISHES, MONEY)
def test_goals_get_what_a_month_has_and_no_more(wishes: tuple[Wish, ...], monthly: Decimal) -> None:
    """What is paid in a month is never more than there is, and a goal that is reached got what it lacked."""
    seen = forecast(wishes, TODAY, lambda _: monthly)
    by_month: dict[int, Decimal] = {}
    for each in seen:
        for month, amount in each.payments:
            by_month[month] = by_month.get(month, Decimal(0)) + amount

    assert all(amount <= monthly for amount in by_month.values())
    assert all(
        sum(amount for _, amount in each.payments) == each.wish.missing for each in seen if each.reached is not None
    )


@given(WISHES, MONEY)
def test_all_goals_are_feasible_exactly_when_the_months_have_enough(wishes: tuple[Wish, ...], monthly: Decimal) -> None:
    """By each due month, what is due until then must fit into the months until then: no order can do better."""
    seen = forecast(wishes, TODAY, lambda _: monthly)
    enough = all(
        sum(wish.missing for wish in wishes if wish.due <= last.due) <= monthly * months_until(TODAY, last.due)
        or all(wish.missing == 0 for wish in wishes if wish.due <= last.due)
        for last in wishes
    )
    by_month = all(
        sum(wish.missing for wish in wishes if months_until(TODAY, wish.due) <= months_until(TODAY, last.due))
        <= monthly * months_until(TODAY, last.due)
        for last in wishes
    )

    assert by_month == all(each.is_feasible for each in seen)
    assert enough or not by_month


@given(st.builds(Wish, st.just("roof"), MONEY, MONEY, st.dates(date(2026, 12, 1), date(2030, 1, 1))))
def test_what_a_goal_needs_a_month_reaches_it(wish: Wish) -> None:
    """Exactly in time, when it gets that."""
    needed = needed_a_month(wish, TODAY)
    assert needed is not None
    (seen,) = forecast([wish], TODAY, lambda _: needed)

    assert seen.is_feasible


@given(SITUATIONS)
def test_every_number_of_a_headline_is_explained(situation: Situation) -> None:
    """Each amount or share in a headline is the value of a figure, and each figure says how it came about."""
    for point in advise(situation):
        numbers = re.findall(r"−?€[\d,.]+\d|[\d.]+ %", point.headline)
        values = {figure.value for figure in point.figures}

        assert [] == [number for number in numbers if number not in values]
        assert all(figure.how.strip() and figure.label.strip() for figure in point.figures)


@given(SITUATIONS)
def test_advice_is_a_function_of_the_situation(situation: Situation) -> None:
    """The same customer on the same day is told the same, in the same order: budget, reserve, debts, goals."""
    points = advise(situation)
    order = ["budget", "reserve", "debts", "goals"]

    assert points == advise(situation)
    assert [each.topic for each in points] == sorted((each.topic for each in points), key=order.index)


@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)), st.integers(-40, 40))
def test_months_are_counted_on_both_sides_of_a_year(day: date, months: int) -> None:
    """`month_after` and `months_until` agree."""
    assert max(0, months) == months_until(day, month_after(day, months))


def test_an_advice_that_can_be_checked_by_hand() -> None:
    """2,000 come in, 1,000 are needed, 400 are liked, 600 are left: the reserve of 3,000 takes five months."""
    situation = Situation(
        today=TODAY,
        income=Decimal(2000),
        months=2,
        spent={Category.HOUSING: Decimal(2000), Category.LEISURE: Decimal(800), Category.SAVINGS: Decimal(500)},
        wishes=(
            Wish("rain", Decimal(3000), Decimal(100), date(2027, 12, 1), is_reserve=True),
            Wish("trip", Decimal(1200), Decimal(0), date(2027, 6, 1)),
        ),
    )
    told = [(each.topic, each.tone, each.headline) for each in advise(situation)]

    assert [
        ("budget", "good", "€600.00 a month are left, 30 % of your income"),
        ("reserve", "bad", "Your reserve lacks €2,900.00"),
        ("goals", "good", "trip is reached in June 2027"),
    ] == told
