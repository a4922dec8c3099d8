"""Who the pages are about: chosen in the sidebar, or created there."""

from __future__ import annotations

import streamlit as st
from pydantic import ValidationError

from ..amounts import parse_amount
from ..errors import AdvisorError
from ..schemas import CustomerCreate, CustomerResponse
from ..service.customers import create_customer
from .reading import all_customers
from .writing import say_and_rerun, show_error, submit

CREATE = 0
"""What stands for nobody yet among the ids of customers."""


def choose() -> CustomerResponse | None:
    """The customer who is chosen in the sidebar; None when a new one is to be created."""
    found = {each.id: each for each in all_customers()}
    options = [*found, CREATE]
    if "next" in st.session_state:
        st.session_state["customer"] = st.session_state.pop("next")
    if st.session_state.get("customer") not in options:
        st.session_state["customer"] = _asked_for(options)
    chosen = st.sidebar.selectbox(
        "Customer",
        options,
        format_func=lambda key: found[key].name if key in found else "Create New Customer",
        key="customer",
    )
    st.query_params["customer"] = str(chosen)
    return found.get(chosen)


def _asked_for(options: list[int]) -> int:
    """The customer that the address names, or the first."""
    asked = st.query_params.get("customer", "")
    return int(asked) if asked.isdecimal() and len(asked) < 10 and int(asked) in options else options[0]


def current() -> CustomerResponse:
    """The customer whom the page is about."""
    chosen = st.session_state["chosen"]
    assert isinstance(chosen, CustomerResponse)
    return chosen


def create() -> None:
    """The form for a new customer."""
    st.title("New customer")
    st.caption("Everything else – transactions, goals, debts and advice – belongs to a customer.")
    with st.form("customer", width=560):
        name = st.text_input("Name", max_chars=119, placeholder="Ada Okafor")
        email = st.text_input("Email", max_chars=254, placeholder="ada@example.org")
        age = st.number_input("Age", min_value=18, max_value=120, value=30, step=1)
        income = st.text_input("Income", placeholder="2400.00", help="What reaches the account in a month, in euro")
        sent = st.form_submit_button("Create Customer", type="primary")
    if not sent:
        return
    try:
        data = CustomerCreate(name=name, email=email, age=age, income=parse_amount(income))
        number = submit("customer", create_customer, data)
    except (AdvisorError, ValidationError, ValueError) as error:
        show_error(error)
        return
    st.session_state["next"] = number
    say_and_rerun(f"Customer created: {data.name}")
