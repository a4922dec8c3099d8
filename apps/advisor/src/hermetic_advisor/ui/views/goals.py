"""What a customer saves for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import streamlit as st
from pydantic import ValidationError

from hermetic_advisor.amounts import euro, parse_amount
from hermetic_advisor.errors import AdvisorError
from hermetic_advisor.schemas import GoalCreate, GoalResponse, GoalUpdate
from hermetic_advisor.service.goals import create_goal, update_goal
from hermetic_advisor.ui.charts import progress_chart
from hermetic_advisor.ui.customer import current
from hermetic_advisor.ui.reading import goals_of
from hermetic_advisor.ui.words import plain
from hermetic_advisor.ui.writing import say_and_rerun, show_error, submit


def change(goal: GoalResponse) -> None:
    """One goal, and the form for what is saved for it."""
    kind = "reserve" if goal.is_reserve else f"due {goal.due:%d %B %Y}"
    with st.expander(f"{plain(goal.name)} – {euro(goal.saved)} of {euro(goal.target)}, {kind}"):
        with st.form(f"goal-{goal.id}", border=False):
            first, second, third = st.columns(3)
            saved = first.text_input("Saved", value=f"{goal.saved}", key=f"saved-{goal.id}-{goal.version}")
            target = second.text_input("Target", value=f"{goal.target}", key=f"target-{goal.id}-{goal.version}")
            due = third.date_input("Due", value=goal.due, format="YYYY-MM-DD", key=f"due-{goal.id}-{goal.version}")
            sent = st.form_submit_button("Save")
        if not sent:
            return
        try:
            changes = GoalUpdate(saved=parse_amount(saved), target=parse_amount(target), due=due, version=goal.version)
            submit(f"goal-{goal.id}", update_goal, goal.id, changes)
        except (AdvisorError, ValidationError, ValueError) as error:
            show_error(error)
            return
        say_and_rerun(f"Goal saved: {goal.name}")


def enter() -> None:
    """The form for a goal."""
    with st.form("goal"):
        first, second = st.columns(2)
        name = first.text_input("Name", max_chars=119)
        target = second.text_input("Target", placeholder="1500.00", help="In euro")
        saved = first.text_input("Saved so far", value="0.00")
        due = second.date_input("Due", value=datetime.now(UTC).date() + timedelta(days=365), format="YYYY-MM-DD")
        is_reserve = st.checkbox("This is my reserve for bad days")
        sent = st.form_submit_button("Add goal", type="primary")
    if not sent:
        return
    try:
        data = GoalCreate(
            name=name, target=parse_amount(target), saved=parse_amount(saved), due=due, is_reserve=is_reserve
        )
        submit("goal", create_goal, current().id, data)
    except (AdvisorError, ValidationError, ValueError) as error:
        show_error(error)
        return
    say_and_rerun(f"Goal added: {data.name}")


st.title("Goals")
goals = goals_of(current().id)
if goals:
    st.altair_chart(progress_chart(goals), alt="How much of each goal is saved")
else:
    st.info("There is no goal yet. What would be worth saving for?")
for each in goals:
    change(each)
st.header("Add a goal")
enter()
