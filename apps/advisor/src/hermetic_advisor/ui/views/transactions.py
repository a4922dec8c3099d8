"""A customer's transactions: looked through, and entered."""

from __future__ import annotations

from datetime import UTC, datetime

import streamlit as st
from pydantic import ValidationError

from hermetic_advisor.amounts import euro, parse_amount
from hermetic_advisor.categories import Category
from hermetic_advisor.errors import AdvisorError
from hermetic_advisor.schemas import TransactionCreate
from hermetic_advisor.service.transactions import create_transaction
from hermetic_advisor.ui.customer import current
from hermetic_advisor.ui.reading import page_of_transactions
from hermetic_advisor.ui.writing import say_and_rerun, show_error, submit

SIZE = 20


def enter() -> None:
    """The form for a transaction."""
    with st.form("transaction", clear_on_submit=False):
        first, second = st.columns(2)
        booked_on = first.date_input("Date", value=datetime.now(UTC).date(), format="YYYY-MM-DD")
        amount = second.text_input("Amount", placeholder="-12.50", help="In euro; what was spent is negative")
        category = first.selectbox("Category", list(Category), format_func=str.capitalize) or Category.OTHER
        description = second.text_input("Description", max_chars=199)
        sent = st.form_submit_button("Add transaction", type="primary")
    if not sent:
        return
    try:
        data = TransactionCreate(
            booked_on=booked_on, amount=parse_amount(amount), category=category, description=description
        )
        submit("transaction", create_transaction, current().id, data)
    except (AdvisorError, ValidationError, ValueError) as error:
        show_error(error)
        return
    say_and_rerun(f"Transaction added: {euro(data.amount)}, {data.description}")


def look_through() -> None:
    """The table, narrowed by what is asked for."""
    first, second = st.columns([2, 3])
    text = first.text_input("Search", placeholder="in descriptions", max_chars=100)
    categories = second.multiselect("Categories", list(Category), format_func=str.capitalize, placeholder="all")
    key = f"page of {current().id}: {text} {categories}"
    found = page_of_transactions(current().id, st.session_state.get(key, 1), SIZE, tuple(categories), text)
    if not found.total:
        st.info("No transaction matches." if text or categories else "There is no transaction yet. Enter one below.")
        return
    st.dataframe(
        {
            "Date": [each.booked_on.isoformat() for each in found.items],
            "Amount": [euro(each.amount) for each in found.items],
            "Description": [each.description for each in found.items],
            "Category": [each.category.value for each in found.items],
        },
        hide_index=True,
        height="content",
        column_config={"Amount": st.column_config.TextColumn(alignment="right")},
        alt="Transactions, the newest first",
    )
    st.caption(f"{found.total:,} transactions, page {found.number} of {found.pages}")
    if found.pages > 1:
        st.pagination(found.pages, key=key)


st.title("Transactions")
look_through()
st.header("Enter a transaction")
enter()
