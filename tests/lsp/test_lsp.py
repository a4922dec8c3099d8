"""`hermetic lsp`, driven by a client of the protocol through the real server process."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from tests.lsp.editor import Editor, applied, editing

MODELS = """\
from sqlalchemy import ForeignKey, create_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship, sessionmaker


class Base(DeclarativeBase):
    pass


class Customer(Base):
    __tablename__ = "customer"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]


class Order(Base):
    __tablename__ = "order"
    id: Mapped[int] = mapped_column(primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"))
    customer: Mapped[Customer] = relationship()


Session = sessionmaker(create_engine("sqlite://"))
"""
LEAKY = """\
from sqlalchemy import select

from models import Order, Session


def customer_of_first():
    with Session() as session:
        order = session.scalars(select(Order)).first()
    return order.customer
"""
CURED = LEAKY.replace("    return order.customer", "        return order.customer.name")
LEFT_OPEN = """\
from models import Order, Session


def number_of(order_id):
    session = Session()
    order = session.get(Order, order_id)
    if order is None:
        raise LookupError(order_id)
    number = order.id
    session.close()
    return number
"""
CALLER = """\
from models import Order, Session
from store import first


def show():
    with Session() as session:
        order = first(session)
    return order.customer.name
"""
STORE = """\
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from models import Order


def first(session):
    return session.scalars(select(Order).options(joinedload(Order.customer))).first()
"""

Scenario = Callable[[Editor], Awaitable[None]]


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    (tmp_path / "pyproject.toml").write_text("[tool.hermetic]\n", "utf-8")
    (tmp_path / "models.py").write_text(MODELS, "utf-8")
    return tmp_path


def play(folder: Path, scenario: Scenario) -> None:
    """Play a scenario in an editor on a folder."""

    async def played() -> None:
        async with editing(folder) as editor:
            await scenario(editor)

    asyncio.run(played())


def test_findings_come_and_go_as_one_types(shop: Path) -> None:
    """Nothing is saved: the buffer counts, and not the file."""
    (shop / "mail.py").write_text(CURED, "utf-8")
    seen = []

    async def scenario(editor: Editor) -> None:
        editor.open("mail.py", CURED)
        await editor.until(lambda: editor.uri("mail.py") in editor.shown)
        seen.append(editor.codes("mail.py"))
        editor.type("mail.py", LEAKY)
        await editor.until(lambda: editor.codes("mail.py") != [])
        seen.append(editor.codes("mail.py"))
        editor.type("mail.py", CURED)
        await editor.until(lambda: editor.codes("mail.py") == [])

    play(shop, scenario)

    assert [[], [(9, "detached-access")]] == seen


def test_a_finding_tells_its_story(shop: Path) -> None:
    """As related places; its code links to the hazard's page, and a hover shows that."""
    (shop / "mail.py").write_text(LEAKY, "utf-8")
    told = []

    async def scenario(editor: Editor) -> None:
        editor.open("mail.py", LEAKY)
        await editor.until(lambda: editor.codes("mail.py") != [])
        told.append(editor.shown[editor.uri("mail.py")][0])
        told.append(await editor.page("mail.py", 8, 15))
        told.append(await editor.page("mail.py", 0, 0))

    play(shop, scenario)
    finding, page, nothing = told

    story = [(each.location.range.start.line + 1, each.message) for each in finding.related_information]
    assert [(8, "loaded without `customer`"), (7, "closed")] == story[:2]
    assert ("hermetic", True) == (finding.source, finding.code_description.href.endswith("/detached_access.py"))
    assert "## Use instead" in page
    assert "" == nothing


def test_broken_source_keeps_the_last_findings(shop: Path) -> None:
    """They move with their lines, until the source is Python again."""
    (shop / "mail.py").write_text(LEAKY, "utf-8")
    seen = []

    async def scenario(editor: Editor) -> None:
        editor.open("mail.py", LEAKY)
        await editor.until(lambda: editor.codes("mail.py") != [])
        editor.type("mail.py", "\n\ndef (\n" + LEAKY)
        await editor.until(lambda: editor.codes("mail.py") not in ([], [(9, "detached-access")]))
        seen.append(editor.codes("mail.py"))

    play(shop, scenario)

    assert [[(12, "detached-access")]] == seen


def test_an_edit_in_one_file_breaks_another(shop: Path) -> None:
    """The file in hand is told of at once, all that rests on it in the second step, open or not."""
    (shop / "store.py").write_text(STORE, "utf-8")
    (shop / "show.py").write_text(CALLER, "utf-8")
    seen = []

    async def scenario(editor: Editor) -> None:
        editor.open("store.py", STORE)
        await editor.until(lambda: editor.uri("store.py") in editor.shown)
        seen.append(editor.codes("show.py"))
        editor.type("store.py", STORE.replace(".options(joinedload(Order.customer))", ""))
        await editor.until(lambda: editor.codes("show.py") != [])
        seen.append(editor.codes("show.py"))

    play(shop, scenario)

    assert [[], [(8, "detached-access")]] == seen


def test_a_fix_is_offered_with_what_it_is_worth(shop: Path) -> None:
    """Carried out, it mends the finding; the other offer is a comment that allows it."""
    (shop / "names.py").write_text(LEFT_OPEN, "utf-8")
    titles, after = [], []

    async def scenario(editor: Editor) -> None:
        editor.open("names.py", LEFT_OPEN)
        await editor.until(lambda: editor.codes("names.py") != [])
        while len(offered := await editor.actions("names.py")) < 2:
            await asyncio.sleep(0.1)
        for each in offered:
            titles.append(each.title)
            assert each.edit is not None
            assert each.edit.changes is not None
            text = applied(LEFT_OPEN, list(each.edit.changes[editor.uri("names.py")]))
            editor.type("names.py", text)
            await editor.until(lambda: editor.codes("names.py") == [])
            after.append(text)
            editor.type("names.py", LEFT_OPEN)
            await editor.until(lambda: editor.codes("names.py") != [])

    play(shop, scenario)

    assert [
        "Fix session-leak (safe: keeps what the code means)",
        "Allow session-leak here, with a comment that says why",
    ] == titles
    assert ["    with Session() as session:", "    session = Session()  # hermetic: allow[session-leak] say why"] == [
        text.split("\n")[4] for text in after
    ]


def test_configuration_and_baseline_count(shop: Path) -> None:
    """As for `hermetic check`: what is ignored is not shown, and a wrong key is told once."""
    (shop / "mail.py").write_text(LEAKY, "utf-8")
    (shop / "pyproject.toml").write_text('[tool.hermetic]\nignore = ["detached-access"]\n', "utf-8")
    seen = []

    async def scenario(editor: Editor) -> None:
        editor.open("mail.py", LEAKY)
        await editor.until(lambda: editor.uri("mail.py") in editor.shown)
        seen.append(editor.codes("mail.py"))
        (shop / "pyproject.toml").write_text('[tool.hermetic]\nignored = ["detached-access"]\n', "utf-8")
        editor.save("mail.py")
        await editor.until(lambda: editor.messages != [])

    play(shop, scenario)

    assert [[]] == seen
