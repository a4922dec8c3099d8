"""What a customer owes."""

from __future__ import annotations

import streamlit as st
from pydantic import ValidationError

from hermetic_advisor.amounts import euro, parse_amount, percent
from hermetic_advisor.errors import AdvisorError
from hermetic_advisor.schemas import DebtCreate, DebtResponse, DebtUpdate
from hermetic_advisor.service.debts import create_debt, update_debt
from hermetic_advisor.ui.customer import current
from hermetic_advisor.ui.reading import debts_of
from hermetic_advisor.ui.words import plain
from hermetic_advisor.ui.writing import say_and_rerun, show_error, submit


def change(debt: DebtResponse) -> None:
    """One debt, and the form for what is left of it."""
    with st.expander(f"{plain(debt.name)} – {euro(debt.balance)} at {percent(debt.rate)} a year"):
        with st.form(f"debt-{debt.id}", border=False):
            first, second, third = st.columns(3)
            balance = first.text_input("Balance", value=f"{debt.balance}", key=f"balance-{debt.id}-{debt.version}")
            rate = second.text_input("Percent a year", value=f"{debt.rate}", key=f"rate-{debt.id}-{debt.version}")
            minimum = third.text_input("Minimum a month", value=f"{debt.minimum}", key=f"min-{debt.id}-{debt.version}")
            sent = st.form_submit_button("Save")
        if not sent:
            return
        try:
            changes = DebtUpdate(
                balance=parse_amount(balance),
                rate=parse_amount(rate),
                minimum=parse_amount(minimum),
                version=debt.version,
            )
            submit(f"debt-{debt.id}", update_debt, debt.id, changes)
        except (AdvisorError, ValidationError, ValueError) as error:
            show_error(error)
            return
        say_and_rerun(f"Debt saved: {debt.name}")


def enter() -> None:
    """The form for a debt."""
    with st.form("debt"):
        first, second = st.columns(2)
        name = first.text_input("Name", max_chars=119)
        balance = second.text_input("Balance", placeholder="1200.00", help="What is owed today, in euro")
        rate = first.text_input("Percent a year", placeholder="7.5")
        minimum = second.text_input("Minimum a month", placeholder="50.00", help="What has to be paid each month")
        sent = st.form_submit_button("Add debt", type="primary")
    if not sent:
        return
    try:
        data = DebtCreate(
            name=name, balance=parse_amount(balance), rate=parse_amount(rate), minimum=parse_amount(minimum)
        )
        submit("debt", create_debt, current().id, data)
    except (AdvisorError, ValidationError, ValueError) as error:
        show_error(error)
        return
    say_and_rerun(f"Debt added: {data.name}")


st.title("Debts")
debts = debts_of(current().id)
if not debts:
    st.info("No debts. What is left each month can go to the reserve and to goals.")
for each in debts:
    change(each)
st.header("Add a debt")
enter()
