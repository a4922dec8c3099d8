"""A project that stays in memory: the first answer about an edited file is what a look at all of it says next."""

from __future__ import annotations

from pathlib import Path

import pytest

from hermetic._check.living.near import Near
from hermetic._check.living.project import LivingProject
from tests.cli.test_whole import MAIL, MODELS

SHARED = """\
import threading

from shop.models import Order, SessionLocal

session = SessionLocal()


def work() -> None:
    session.get(Order, 1)


def start() -> None:
    for _ in range(2):
        threading.Thread(target=work).start()
"""
CURED = MAIL.replace("    return order.customer.email", "        return order.customer.email")
EDITS = {
    "mail.py": (CURED, MAIL + "\n\nx = 1\n", "# told\n\n" + MAIL, MAIL.replace("order.customer.email", "order.id")),
    "shared.py": (SHARED + "\n\nx = 1\n", "# told\n\n" + SHARED),
}


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package with one finding that shows in its file, and one that only the whole program shows."""
    for name, text in {"__init__": "", "models": MODELS, "mail": MAIL, "shared": SHARED}.items():
        file = tmp_path / "shop" / f"{name}.py"
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, "utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("file", EDITS)
def test_the_near_look_says_what_the_whole_says(shop: Path, file: str) -> None:
    """After each edit, by its place and hazard; a finding that the near look cannot see stays, and moves with its line."""
    project, near, name = LivingProject(shop, no_trace=True), Near(), f"shop/{file}"
    first = project.check({}, [name])
    near.settle(first.around[name])
    answers = []
    for text in EDITS[file]:
        soon = near.look(name, text)
        later = project.check({name: text}).findings
        whole = [(each.line, each.slug) for each in later if each.file == name]
        answers.append(([(each.line, each.slug) for each in soon or ()], whole))

    assert [whole for _, whole in answers] == [soon for soon, _ in answers]
    assert any(whole for _, whole in answers)


def test_nothing_is_written_without_leave(shop: Path) -> None:
    """A living project without a trace leaves the folder as it was."""
    before = sorted(shop.rglob("*"))
    LivingProject(shop, no_trace=True).check({})

    assert before == sorted(shop.rglob("*"))
