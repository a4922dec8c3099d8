"""Who a customer is."""

from __future__ import annotations

import streamlit as st
from pydantic import ValidationError

from hermetic_advisor.amounts import parse_amount
from hermetic_advisor.errors import AdvisorError
from hermetic_advisor.schemas import CustomerUpdate
from hermetic_advisor.service.customers import update_customer
from hermetic_advisor.ui.customer import current
from hermetic_advisor.ui.writing import say_and_rerun, show_error, submit

customer = current()
mark = f"{customer.id}-{customer.version}"
st.title("Customer")
st.caption(f"Since {customer.created_at:%d %B %Y}, last changed {customer.updated_at:%d %B %Y, %H:%M} UTC")
with st.form("profile", width=560):
    name = st.text_input("Name", value=customer.name, max_chars=119, key=f"name-{mark}")
    email = st.text_input("Email", value=customer.email, max_chars=254, key=f"email-{mark}")
    age = st.number_input("Age", min_value=18, max_value=120, value=customer.age, step=1, key=f"age-{mark}")
    income = st.text_input("Income", value=f"{customer.income}", help="A month, in euro", key=f"income-{mark}")
    sent = st.form_submit_button("Save customer", type="primary")
if sent:
    try:
        changes = CustomerUpdate(name=name, email=email, age=age, income=parse_amount(income), version=customer.version)
        submit("profile", update_customer, customer.id, changes)
    except (AdvisorError, ValidationError, ValueError) as error:
        show_error(error)
    else:
        say_and_rerun(f"Customer saved: {changes.name}")
