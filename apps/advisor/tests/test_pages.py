"""The pages, as Streamlit runs them: reruns, two users, caches, and what users type."""

from __future__ import annotations

import typing
from collections.abc import Callable
from dataclasses import is_dataclass
from decimal import Decimal
from pathlib import Path

import pytest
from pydantic import BaseModel
from streamlit.testing.v1 import AppTest

import hermetic_advisor.ui
from hermetic import Database
from hermetic.scopes import ScopeSession
from hermetic_advisor.categories import Category
from hermetic_advisor.schemas import CustomerUpdate, GoalUpdate
from hermetic_advisor.service.customers import get_all_customers, get_customer_by_email, update_customer
from hermetic_advisor.service.goals import get_customer_goals, update_goal
from hermetic_advisor.service.statements import get_customer_statements
from hermetic_advisor.service.transactions import get_customer_transactions
from hermetic_advisor.ui import reading

MAIN = Path(hermetic_advisor.ui.__file__).parent / "main.py"
PAGES = ["overview", "transactions", "goals", "debts", "advice", "statements", "profile"]

Csv = Callable[[str], bytes]


@pytest.fixture
def db(seeded: str) -> typing.Iterator[Database[ScopeSession]]:
    """The database of the pages, looked at from outside."""
    db = Database(seeded)
    yield db
    db.dispose()


def opened(page: str = "overview") -> AppTest:
    """A user who has opened a page."""
    return turned(AppTest.from_file(str(MAIN), default_timeout=60).run(), page)


def turned(app: AppTest, page: str) -> AppTest:
    return sound(app.switch_page(f"views/{page}.py").run())


def sound(app: AppTest) -> AppTest:
    """The page, which shows no exception."""
    assert [] == [each.value for each in app.exception]
    return app


def click(app: AppTest, label: str) -> AppTest:
    (button,) = [each for each in app.button if each.label == label]
    return sound(button.click().run())


def fill(app: AppTest, **fields: str) -> AppTest:
    """Type into the fields of a form by their labels; the last one where there are several."""
    for label, value in fields.items():
        [*_, field] = [each for each in app.text_input if each.label == label.replace("_", " ")]
        field.input(value)
    return app


def said(app: AppTest) -> list[str]:
    """What the page says of what was done: good news and bad."""
    return [each.value.replace("\\", "") for each in (*app.success, *app.error)]


def new_customer(app: AppTest, **fields: str) -> AppTest:
    """Fill in the form of the sidebar's last entry."""
    choice = app.sidebar.selectbox(key="customer")
    sound(choice.select(choice.options[-1] if isinstance(choice.value, str) else 0).run())
    return click(
        fill(app, **{"Name": "Zoe", "Email": "zoe@example.org", "Income": "2,400.50", **fields}), "Create Customer"
    )


@pytest.mark.parametrize("page", PAGES)
def test_every_page_opens(seeded: str, page: str) -> None:
    """With something on it."""
    app = opened(page)

    assert 1 == len(app.title)


@pytest.mark.parametrize("page", PAGES)
def test_every_page_opens_for_a_customer_without_anything(seeded: str, page: str) -> None:
    """The empty states say what to do."""
    app = turned(new_customer(opened()), page)

    assert 1 == len(app.title)
    assert page == "profile" or [each.value for each in app.info]


def test_customer_creation_form(db: Database[ScopeSession]) -> None:
    """The document's own test: the form, the message, and the customer in the selection."""
    app = new_customer(opened())

    assert ["Customer created: Zoe"] == said(app)
    assert "Zoe" in app.sidebar.selectbox(key="customer").options
    assert ["Zoe"] == [each.value for each in app.title]
    with db.read() as session:
        assert Decimal("2400.50") == get_customer_by_email(session, "zoe@example.org").income


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("Name", " ", "Name: String should have at least 1 character."),
        ("Email", "zoe", "Email: value is not a valid email address"),
        (
            "Email",
            "ada.okafor@example.org",
            "There is a customer with the e-mail address ada.okafor@example.org already.",
        ),
        ("Income", "1.234", "1.234 could be 1234 or 1.234; write 1234.00 if that is meant"),
        ("Income", "much", "'much' is no amount; write it like -12.50"),
    ],
)
def test_a_form_says_what_is_wrong(db: Database[ScopeSession], field: str, value: str, sentence: str) -> None:
    """And keeps what was typed; nothing is in the database."""
    app = new_customer(opened(), **{field: value})

    assert [True] == [each.startswith(sentence) for each in said(app)]
    assert value in [each.value for each in app.text_input]
    with db.read() as session:
        assert 3 == len(get_all_customers(session))


def test_a_rerun_does_nothing_twice(db: Database[ScopeSession]) -> None:
    """A form is kept once, however often the script runs again."""
    app = click(fill(opened("transactions"), Amount="-12.50", Description="Lamp"), "Add transaction")
    for _ in range(3):
        sound(app.run())
    with db.read() as session:
        found = get_customer_transactions(session, 1, text="Lamp")

    assert [Decimal("-12.50")] == [each.amount for each in found.items]


def test_a_form_that_comes_twice_is_kept_once(db: Database[ScopeSession]) -> None:
    """A second click while the first is at work has the same key, and finds the work done."""
    app = fill(opened("transactions"), Amount="-12.50", Description="Lamp")
    app.session_state["transaction.once"] = "the key of this form"
    click(app, "Add transaction")
    app.session_state["transaction.once"] = "the key of this form"
    click(fill(app, Amount="-12.50", Description="Lamp"), "Add transaction")
    with db.read() as session:
        assert 1 == get_customer_transactions(session, 1, text="Lamp").total


def test_transactions_are_narrowed(seeded: str) -> None:
    """By words and by categories; the table has what the caption says."""
    app = opened("transactions")
    before = app.caption[0].value
    app.multiselect[0].select(Category.LEISURE).run()
    narrowed = app.caption[0].value
    fill(app, Search="nothing like it").run()

    assert before != narrowed
    assert ["No transaction matches."] == [each.value for each in app.info]


def test_goals_are_added_and_changed(db: Database[ScopeSession]) -> None:
    """Progress is what is saved."""
    app = click(fill(opened("goals"), Name="Piano", Target="3000"), "Add goal")
    added = said(app)
    with db.read() as session:
        piano = next(each for each in get_customer_goals(session, 1) if each.name == "Piano")
    app.text_input(key=f"saved-{piano.id}-1").input("1.234,50")
    button = next(each for each in app.button if each.label == "Save" and f"goal-{piano.id}" in (each.form_id or ""))
    changed = said(sound(button.click().run()))
    with db.read() as session:
        piano = next(each for each in get_customer_goals(session, 1) if each.name == "Piano")

    assert (["Goal added: Piano"], ["Goal saved: Piano"]) == (added, changed)
    assert Decimal("1234.50") == piano.saved


def test_debts_are_added(db: Database[ScopeSession]) -> None:
    """With a rate."""
    fields = {"Name": "Sofa", "Balance": "900", "Percent_a_year": "9.9", "Minimum_a_month": "30"}

    assert ["Debt added: Sofa"] == said(click(fill(opened("debts"), **fields), "Add debt"))


def test_advice_is_given(seeded: str) -> None:
    """And explains each number; the overview shows it."""
    app = click(opened("advice"), "Get advice")
    explained = [each.value for each in app.markdown if "Left each month" in each.value]

    assert ["Advice is ready"] == said(app)
    assert explained
    assert [each.value for each in turned(app, "overview").markdown if each.value.startswith("**Budget**")]


def test_two_users_at_once(db: Database[ScopeSession]) -> None:
    """Each sees their own customer; what one changes the other sees at the next click, and overwrites nothing."""
    one, other = opened("profile"), opened("profile")
    sound(other.sidebar.selectbox(key="customer").select(2).run())
    names = [app.text_input[0].value for app in (one, other)]
    sound(other.sidebar.selectbox(key="customer").select(1).run())
    first = said(click(fill(one, Income="3,500.00"), "Save customer"))
    with db.begin() as session:
        update_customer(session, 1, CustomerUpdate(income=Decimal(3600)))

    second = said(click(fill(other, Name="Ada O."), "Save customer"))
    with db.read() as session:
        after = get_customer_by_email(session, "ada.okafor@example.org")

    assert ["Ada Okafor", "Grace Lindqvist"] == names
    assert ["Customer saved: Ada Okafor"] == first
    assert ["Somebody else has changed this meanwhile. Look at it again, then repeat your change."] == second
    assert ("Ada Okafor", Decimal(3600)) == (after.name, after.income)


def test_what_tools_change_is_seen(db: Database[ScopeSession]) -> None:
    """After the few seconds for which anything is kept, or at once when the page changed something itself."""
    app = opened("goals")
    with db.begin() as session:
        (first, *_) = get_customer_goals(session, 1)
        update_goal(session, first.id, GoalUpdate(name="Three weeks in Lisbon"))
    reading.forget()
    sound(app.run())

    assert [True] == ["Three weeks" in each.label for each in app.expander if "weeks" in each.label]


def plain_data(kind: object) -> bool:
    """Whether a type is made of DTOs and plain values only."""
    inner = typing.get_args(kind)
    if inner:
        return all(plain_data(each) for each in inner)
    return isinstance(kind, type) and (issubclass(kind, BaseModel) or is_dataclass(kind))


def test_what_is_cached_is_plain_data() -> None:
    """No function with a cache gives an entity, a session or a connection."""
    cached = [each for each in vars(reading).values() if hasattr(each, "clear") and hasattr(each, "__wrapped__")]
    kinds = {each.__name__: typing.get_type_hints(each.__wrapped__)["return"] for each in cached}

    assert 7 == len(kinds)
    assert [] == [name for name, kind in kinds.items() if not plain_data(kind)]


def upload(app: AppTest, name: str, data: bytes) -> AppTest:
    return sound(app.file_uploader[0].upload(name, data, "text/csv").run())


def test_a_statement_is_imported(db: Database[ScopeSession], csv: Csv) -> None:
    """Looked at first, then brought in; the same file again is recognised."""
    data = csv("2026-10-01,-3.20,Lamp shop\n2026-10-02,-4.10,Lamp oil\n")
    app = upload(opened("statements"), "october.csv", data)
    looked_at = said(app)
    first = said(click(app, "Import 2 transactions"))
    again = said(click(upload(opened("statements"), "again.csv", data), "Import 2 transactions"))
    with db.read() as session:
        total = get_customer_transactions(session, 1, text="lamp").total

    assert ["All 2 lines can be read."] == looked_at
    assert "Imported october.csv: 2 added" in first
    assert [each for each in again if each.startswith("This file was imported on")]
    assert 2 == total


def test_bad_lines_are_reported(db: Database[ScopeSession], csv: Csv) -> None:
    """In a table, by line; there is no button, and nothing is kept."""
    app = upload(opened("statements"), "october.csv", csv("2026-10-01,-3.20,Lamp\nnever,-1,x\n"))

    assert ["1 line cannot be read, so nothing is imported. Mend it, and bring the file again."] == said(app)
    assert [3] == list(app.dataframe[0].value["Line"])
    assert [] == [each.label for each in app.button if each.label.startswith("Import")]
    with db.read() as session:
        assert [] == get_customer_statements(session, 1)


def test_an_import_that_is_broken_off_keeps_nothing(
    db: Database[ScopeSession], csv: Csv, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who touches the page while the bar moves ends the script in the middle of the unit: no half of it is there."""
    from streamlit.delta_generator import DeltaGenerator
    from streamlit.runtime.scriptrunner import RerunData, RerunException

    app = upload(opened("statements"), "october.csv", csv("2026-10-01,-3.20,Lamp\n" * 700))
    moved = DeltaGenerator.progress

    def touched(bar: DeltaGenerator, value: float, *args: object) -> DeltaGenerator:
        if 0 < value < 1:
            raise RerunException(RerunData())
        return moved(bar, value, *args)  # type: ignore[arg-type]  # whatever a bar takes

    monkeypatch.setattr(DeltaGenerator, "progress", touched)
    click(app, "Import 700 transactions")
    with db.read() as session:
        kept = get_customer_transactions(session, 1, text="Lamp").total, get_customer_statements(session, 1)

    assert (0, []) == kept
