"""Charts: lengths are drawn, amounts are written as they are."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt

from ..amounts import euro
from ..categories import SPENDING, Category
from ..schemas import GoalResponse
from ..service.transactions import Spent

COLOURS = {
    Category.HOUSING: "#0b6e69",
    Category.FOOD: "#e08e2b",
    Category.UTILITIES: "#4a7fb5",
    Category.TRANSPORT: "#8b5fa8",
    Category.HEALTH: "#c0504d",
    Category.INSURANCE: "#6b8e3d",
    Category.EDUCATION: "#2f9e8f",
    Category.DEBT: "#7a5c46",
    Category.LEISURE: "#d16a94",
    Category.SHOPPING: "#b5a03a",
    Category.OTHER: "#7d8a88",
}


def spending_chart(booked: Sequence[Spent]) -> alt.Chart:
    """What was spent in each month, by category."""
    rows = [
        {
            "Month": f"{each.month:%Y-%m}",
            "Category": each.category.value,
            "Spent": float(-each.amount),
            "Amount": euro(-each.amount),
        }
        for each in booked
        if each.category in SPENDING and each.amount < 0
    ]
    scale = alt.Scale(domain=[each.value for each in COLOURS], range=list(COLOURS.values()))
    chart: alt.Chart = (
        alt.Chart(alt.InlineData(values=rows), height=320)
        .mark_bar()
        .encode(
            x=alt.X("Month:N", title=None, axis=alt.Axis(labelAngle=0)),
            y=alt.Y("Spent:Q", title="Euro", axis=alt.Axis(format=",.0f")),
            color=alt.Color("Category:N", scale=scale, legend=alt.Legend(orient="bottom", columns=4, title=None)),
            tooltip=["Month:N", "Category:N", "Amount:N"],
        )
    )
    return chart


def progress_chart(goals: Sequence[GoalResponse]) -> alt.LayerChart:
    """How much of each goal is saved, the one due first at the top."""
    rows = [
        {
            "Goal": goal.name,
            "Share": min(1.0, float(goal.saved / goal.target)),
            "Whole": 1.0,
            "Saved": f"{euro(goal.saved)} of {euro(goal.target)}",
        }
        for goal in goals
    ]
    names = alt.Y("Goal:N", sort=None, title=None, axis=alt.Axis(labelLimit=160))
    base = alt.Chart(alt.InlineData(values=rows), height=alt.Step(46)).encode(y=names, tooltip=["Goal:N", "Saved:N"])
    whole = base.mark_bar(color="#7d8a88", opacity=0.25, size=18, cornerRadius=4).encode(
        x=alt.X("Whole:Q", title=None, axis=alt.Axis(format="%", values=[0, 0.25, 0.5, 0.75, 1]))
    )
    done = base.mark_bar(color="#0b8a80", size=18, cornerRadius=4).encode(x="Share:Q")
    return alt.LayerChart(layer=[whole, done])
