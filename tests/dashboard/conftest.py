"""A program under `hermetic run --ui`, and its dashboard in a browser."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.watch.running import Running, running

if TYPE_CHECKING:
    from playwright.sync_api import Page

PICTURES = Path(__file__).resolve().parents[2] / "docs" / "how-to"
OBEDIENT = Path(__file__).parent / "obedient.py"


@dataclass
class Obedient:
    """A program that does what it is told, and the address of its dashboard, which is good for one visit."""

    run: Running
    address: str

    def do(self, *lines: str) -> None:
        """Have it do something, and wait until it is done."""
        stdin = self.run.process.stdin
        assert stdin
        for line in lines:
            stdin.write(f"{line}\n")
            stdin.flush()
            self.run.line("done")

    def die(self) -> None:
        """Have it die, which it cannot tell any more."""
        stdin = self.run.process.stdin
        assert stdin
        stdin.write("die\n")
        stdin.flush()


@contextmanager
def looked_at(folder: Path, *command: str) -> Iterator[Obedient]:
    """A command under `hermetic run --ui`."""
    shutil.copy(OBEDIENT, folder)
    with running(folder, *command, options=("--ui",)) as run:
        address = re.search(r"http://\S+", run.line("the dashboard is at"))
        assert address
        yield Obedient(run, address.group())


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Obedient]:
    """The obedient program, stocked."""
    with looked_at(tmp_path, sys.executable, "obedient.py") as program:
        program.do("stock")
        yield program


@pytest.fixture
def picture(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[..., None]:
    """`picture(page, "dashboard.png")`: a screenshot for the how-to pages with --screenshots, else thrown away."""
    folder = PICTURES if request.config.getoption("--screenshots") else tmp_path

    def take(page: Page, name: str, *, full: bool = False) -> None:
        page.screenshot(path=folder / name, full_page=full)

    return take
