"""The command with everything behind it, on a small shop."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.running import run

MODELS = """\
from sqlalchemy import ForeignKey, create_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship, sessionmaker

engine = create_engine("sqlite:///shop.db")
SessionLocal = sessionmaker(engine)


class Base(DeclarativeBase):
    pass


class Customer(Base):
    __tablename__ = "customer"
    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str]


class Order(Base):
    __tablename__ = "order"
    id: Mapped[int] = mapped_column(primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"))
    customer: Mapped[Customer] = relationship()
"""

MAIL = """\
from shop.models import Order, SessionLocal


def address(order_id: int) -> str:
    with SessionLocal() as session:
        order = session.get_one(Order, order_id)
    return order.customer.email
"""


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package `shop` in a working directory of its own."""
    (tmp_path / "shop").mkdir()
    for name, text in {"__init__": "", "models": MODELS, "mail": MAIL}.items():
        (tmp_path / "shop" / f"{name}.py").write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.usefixtures("shop")
def test_a_detached_read_is_found_across_files() -> None:
    """The models are in one file, the mistake in another."""
    done = run("check", "--format", "json")
    (finding,) = json.loads(done.stdout)["findings"]

    assert (1, "detached-access", "shop/mail.py", 7) == (
        done.exit_code, finding["slug"], finding["file"], finding["line"],
    )  # fmt: skip


def test_a_reason_beside_it_ends_the_matter(shop: Path) -> None:
    """The finding is allowed, and the check is clean."""
    allowed = MAIL.replace(".email\n", ".email  # hermetic: allow[detached-access] shown in the manual\n")
    (shop / "shop" / "mail.py").write_text(allowed, encoding="utf-8")
    done = run("check")

    assert 0 == done.exit_code
    assert "1 allowed by comments" in done.stdout


def test_a_document_is_checked_like_a_module(shop: Path) -> None:
    """The same mistake in a fenced block is found at its line in the document."""
    code = MODELS + MAIL.removeprefix("from shop.models import Order, SessionLocal\n")
    (shop / "guide.md").write_text(f"# Guide\n\n```python\n{code}```\n", encoding="utf-8")
    done = run("check", "--format", "json", "guide.md")
    lines = (shop / "guide.md").read_text("utf-8").split("\n")

    assert ["    return order.customer.email"] == [
        lines[each["line"] - 1] for each in json.loads(done.stdout)["findings"] if each["slug"] == "detached-access"
    ]
