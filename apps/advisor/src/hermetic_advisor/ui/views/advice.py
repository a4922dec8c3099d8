"""What a customer is advised, and where each number comes from."""

from __future__ import annotations

from datetime import UTC, datetime

import streamlit as st

from hermetic_advisor.errors import AdvisorError
from hermetic_advisor.schemas import AdviceResponse, PointResponse
from hermetic_advisor.service.advice import create_advice
from hermetic_advisor.ui.customer import current
from hermetic_advisor.ui.reading import advice_of
from hermetic_advisor.ui.words import plain
from hermetic_advisor.ui.writing import say_and_rerun, show_error, submit

ICONS = {"good": ":material/check_circle:", "warn": ":material/error:", "bad": ":material/cancel:"}
WORDS = {"good": "on track", "warn": "worth a look", "bad": "act now"}


def show(point: PointResponse) -> None:
    """A piece of advice, with its numbers."""
    with st.container(border=True):
        st.caption(f"{ICONS[point.tone]} {point.topic.capitalize()} – {WORDS[point.tone]}")
        st.header(plain(point.headline))
        st.markdown(plain(point.text))
        if not point.figures:
            return
        with st.expander("Where these numbers come from"):
            for figure in point.figures:
                st.markdown(f"**{plain(figure.label)}: {plain(figure.value)}**  \n{plain(figure.how)}")


def ask() -> None:
    """The button that works out a new advice."""
    if not st.button("Get advice", type="primary", icon=":material/lightbulb:"):
        return
    try:
        submit("advice", create_advice, current().id, datetime.now(UTC).date())
    except AdvisorError as error:
        show_error(error)
        return
    say_and_rerun("Advice is ready")


def show_earlier(advices: list[AdviceResponse]) -> None:
    """What was advised before."""
    st.header("Earlier advice")
    for advice in advices:
        with st.expander(f"{advice.created_at:%d %B %Y, %H:%M} UTC"):
            for point in advice.points:
                st.markdown(f"{ICONS[point.tone]} {plain(point.headline)}")


st.title("Advice")
st.caption("Arithmetic, not opinion: up to three full months of transactions, your goals and your debts.")
ask()
advices = advice_of(current().id)
for each in advices[0].points if advices else ():
    show(each)
if not advices:
    st.info("There is no advice yet.")
if advices[1:]:
    show_earlier(advices[1:])
