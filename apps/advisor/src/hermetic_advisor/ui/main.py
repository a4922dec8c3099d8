"""The pages of the advisor, as Streamlit runs them: again from the top with every click of every user."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from hermetic_advisor.ui.customer import choose, create
from hermetic_advisor.ui.writing import show_what_was_said

st.set_page_config(page_title="Advisor", page_icon=Path(__file__).parent / "icon.png", layout="wide")
page = st.navigation(
    [
        st.Page("views/overview.py", title="Overview", icon=":material/monitoring:", default=True),
        st.Page("views/transactions.py", title="Transactions", icon=":material/receipt_long:"),
        st.Page("views/goals.py", title="Goals", icon=":material/flag:"),
        st.Page("views/debts.py", title="Debts", icon=":material/account_balance:"),
        st.Page("views/advice.py", title="Advice", icon=":material/lightbulb:"),
        st.Page("views/statements.py", title="Import", icon=":material/upload_file:"),
        st.Page("views/profile.py", title="Customer", icon=":material/person:"),
    ]
)
st.session_state["chosen"] = choose()
show_what_was_said()
if st.session_state["chosen"] is None:
    create()
else:
    page.run()
