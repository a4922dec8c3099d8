"""What there is to know of a customer at a glance."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import streamlit as st

from hermetic_advisor.amounts import euro
from hermetic_advisor.categories import SPENDING
from hermetic_advisor.engine.situation import ZERO, month_after
from hermetic_advisor.service.transactions import Spent
from hermetic_advisor.ui.charts import progress_chart, spending_chart
from hermetic_advisor.ui.customer import current
from hermetic_advisor.ui.reading import advice_of, booked, debts_of, goals_of
from hermetic_advisor.ui.words import plain


def spent_in(month: date, rows: list[Spent]) -> Decimal:
    """What was spent in a month."""
    return -sum((each.amount for each in rows if each.month == month and each.category in SPENDING), ZERO)


customer = current()
today = datetime.now(UTC).date()
rows = booked(customer.id, today)
goals = goals_of(customer.id)
last = spent_in(month_after(today, -1), rows)

st.title(plain(customer.name))
for column, (label, value) in zip(
    st.columns(4),
    [
        ("Income a month", euro(customer.income)),
        (f"Spent in {month_after(today, -1):%B}", euro(last)),
        ("Saved for goals", euro(sum((goal.saved for goal in goals), ZERO))),
        ("Owed", euro(sum((debt.balance for debt in debts_of(customer.id)), ZERO))),
    ],
    strict=True,
):
    column.metric(label, value, border=True)

spending, saving = st.columns([3, 2], gap="large")
with spending:
    st.header("Spending")
    if any(each.category in SPENDING for each in rows):
        st.altair_chart(spending_chart(rows), alt="Spending by month and category")
    else:
        st.info("Nothing was spent in the last six months. Enter transactions, or import a statement.")
with saving:
    st.header("Goals")
    if goals:
        st.altair_chart(progress_chart(goals), alt="How much of each goal is saved")
    else:
        st.info("There is no goal yet. Add one on the page Goals.")
    st.header("Latest advice")
    advice = advice_of(customer.id)
    for point in advice[0].points[:3] if advice else ():
        st.markdown(f"**{point.topic.capitalize()}**  \n{plain(point.headline)}")
    if not advice:
        st.info("There is no advice yet. Ask for it on the page Advice.")
