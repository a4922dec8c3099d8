"""What the pages show: plain data, kept for all users until somebody changes something.

What is kept is DTOs: each rerun gets copies, and no session, connection or mapped object is in them. The tools change the
same tables from another process, so nothing is kept for longer than a few seconds.
"""

from __future__ import annotations

from datetime import date

import streamlit as st

from ..categories import Category
from ..engine.situation import month_after
from ..schemas import AdviceResponse, CustomerResponse, DebtResponse, GoalResponse, StatementResponse, TransactionPage
from ..service import advice, customers, debts, goals, statements, transactions
from ..service.transactions import Spent
from .host import advisor

KEPT_S = 5
MONTHS_SHOWN = 6


@st.cache_data(ttl=KEPT_S, show_spinner=False)
def all_customers() -> list[CustomerResponse]:
    """All customers, by name."""
    with advisor().read() as session:
        return customers.get_all_customers(session)


@st.cache_data(ttl=KEPT_S, show_spinner=False)
def page_of_transactions(
    customer_id: int, number: int, size: int, categories: tuple[Category, ...], text: str
) -> TransactionPage:
    """A page of a customer's transactions, the newest first."""
    with advisor().read() as session:
        return transactions.get_customer_transactions(
            session, customer_id, number=number, size=size, categories=categories, text=text
        )


@st.cache_data(ttl=KEPT_S, show_spinner=False)
def booked(customer_id: int, today: date) -> list[Spent]:
    """What was booked by month and category, over the last months and this one."""
    with advisor().read() as session:
        return transactions.spending(session, customer_id, month_after(today, 1 - MONTHS_SHOWN), month_after(today, 1))


@st.cache_data(ttl=KEPT_S, show_spinner=False)
def goals_of(customer_id: int) -> list[GoalResponse]:
    """A customer's goals, the one due first before the others."""
    with advisor().read() as session:
        return goals.get_customer_goals(session, customer_id)


@st.cache_data(ttl=KEPT_S, show_spinner=False)
def debts_of(customer_id: int) -> list[DebtResponse]:
    """A customer's debts, the dearest first."""
    with advisor().read() as session:
        return debts.get_customer_debts(session, customer_id)


@st.cache_data(ttl=KEPT_S, show_spinner=False)
def advice_of(customer_id: int) -> list[AdviceResponse]:
    """The last advices of a customer, the newest first."""
    with advisor().read() as session:
        return advice.get_customer_advice(session, customer_id)


@st.cache_data(ttl=KEPT_S, show_spinner=False)
def statements_of(customer_id: int) -> list[StatementResponse]:
    """The imports of a customer, the newest first."""
    with advisor().read() as session:
        return statements.get_customer_statements(session, customer_id)


def forget() -> None:
    """Read everything anew from here on."""
    st.cache_data.clear()
