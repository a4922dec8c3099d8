"""A bank's statement, brought in whole or not at all."""

from __future__ import annotations

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from hermetic_advisor.amounts import euro
from hermetic_advisor.errors import AdvisorError
from hermetic_advisor.schemas import StatementResponse
from hermetic_advisor.service.statements import import_statement
from hermetic_advisor.statement.reading import Reading, read_statement
from hermetic_advisor.ui.customer import current
from hermetic_advisor.ui.host import advisor
from hermetic_advisor.ui.reading import forget, statements_of
from hermetic_advisor.ui.words import plain
from hermetic_advisor.ui.writing import say_and_rerun, show_error

SHOWN = 10


def read(file: UploadedFile) -> Reading:
    """What a file holds; a rerun does not read it again."""
    if st.session_state.get("read") != file.file_id:
        bar = st.progress(0.0, "Reading")
        st.session_state["reading"] = read_statement(file.getvalue(), bar.progress)
        st.session_state["read"] = file.file_id
        bar.empty()
    reading = st.session_state["reading"]
    assert isinstance(reading, Reading)
    return reading


def show_problems(reading: Reading) -> None:
    """Why a file is not imported, line by line."""
    many, them = (f"{len(reading.problems)} lines", "them") if len(reading.problems) > 1 else ("1 line", "it")
    st.error(
        f"{many} cannot be read, so nothing is imported. Mend {them}, and bring the file again.",
        icon=":material/error:",
    )
    st.dataframe(
        {
            "Line": [each.line for each in reading.problems],
            "What is wrong": [each.problem for each in reading.problems],
            "How it begins": [each.text for each in reading.problems],
        },
        hide_index=True,
        alt="Lines that cannot be read",
    )


def show_rows(reading: Reading) -> None:
    """What a file would bring."""
    st.success(f"All {len(reading.rows):,} lines can be read.", icon=":material/check_circle:")
    if reading.defused:
        st.warning(
            f"{reading.defused} descriptions look like formulas of a spreadsheet, and are kept as text with a ' before."
        )
    st.dataframe(
        {
            "Date": [each.booked_on.isoformat() for each in reading.rows[:SHOWN]],
            "Amount": [euro(each.amount) for each in reading.rows[:SHOWN]],
            "Description": [each.description for each in reading.rows[:SHOWN]],
            "Category": [each.category.value for each in reading.rows[:SHOWN]],
        },
        hide_index=True,
        alt="The first lines",
    )
    if len(reading.rows) > SHOWN:
        st.caption(f"The first {SHOWN} of {len(reading.rows):,}")


def bring_in(file_name: str, reading: Reading) -> None:
    """Import the file in one unit of work. Whoever leaves the page meanwhile breaks it off, and nothing is kept."""
    bar = st.progress(0.0, "Importing")
    try:
        with advisor().begin() as session:
            done = import_statement(session, current().id, file_name, reading, bar.progress)
            session.after_commit(forget)
    except AdvisorError as error:
        bar.empty()
        show_error(error)
        return
    known = f", {done.known:,} were there already" if done.known else ""
    say_and_rerun(f"Imported {done.file_name}: {done.added:,} added{known}")


def show_earlier(earlier: list[StatementResponse]) -> None:
    """What was imported before."""
    st.header("Imported so far")
    for each in earlier:
        known = f", {each.known:,} known already" if each.known else ""
        st.markdown(
            f"**{plain(each.file_name)}**  \n{each.imported_at:%d %B %Y, %H:%M} UTC – {each.added:,} added{known}"
        )


st.title("Import a statement")
st.caption("A CSV file of your bank with a date, an amount and a description in each line; a category, if it has one.")
file = st.file_uploader("Statement", type=["csv", "txt"])
if file is not None:
    found = read(file)
    if found.is_clean:
        show_rows(found)
        if st.button(f"Import {len(found.rows):,} transactions", type="primary"):
            bring_in(file.name, found)
    else:
        show_problems(found)
imported = statements_of(current().id)
if imported:
    show_earlier(imported)
elif file is None:
    st.info("Nothing was imported yet. A file is read whole first: when a line is wrong, nothing of it is kept.")
