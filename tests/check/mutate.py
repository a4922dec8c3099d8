"""Random edits of a small project, such as people make: they change what is found, near and far from the edited line."""

from __future__ import annotations

import ast
import random
import re
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

from tests.check.mutated_shop import PROJECT

FUNCTIONS = (
    "def added(order):\n    return order.customer.orders\n",
    "def worded(order):\n    return order\n",
    "def engine_again():\n    from sqlalchemy import create_engine\n    return create_engine('sqlite://')\n",
    "def told(order):\n    return order.status\n",
    "async def later(session):\n    import time\n    time.sleep(1)\n    await session.commit()\n",
    "class Special(Order):\n    note: Mapped[str]\n",
    "class Order(Base):\n    __tablename__ = 'others'\n    id: Mapped[int] = mapped_column(primary_key=True)\n",
    "class Worker(Service):\n    def rename(self, customer_id, name):\n        self.session.commit()\n",
    "SessionLocal = get_session\n",
    "Order.lines = relationship('Customer')\n",
)
DECORATORS = ("@functools.cache", "@property", "@app.get('/orders')", "@contextmanager", "@unknown", "@get_session")
PLACES = (
    "app/base.py", "app/extra.py", "app/copy.py", "app/__init__.py", "orders.py", "models.py", "app/orders/__init__.py",
    "app/words/__init__.py", "sqlalchemy/__init__.py", "lib/app/db.py", "app/views/models.py",
)  # fmt: skip
"""Where files come to lie: some of them change what an import means, and which modules a package has."""

SWAPS = (
    ("select(Order)", "select(Order).options(selectinload(Order.customer))"),
    ("sessionmaker(engine)", "sessionmaker(engine, expire_on_commit=False)"),
    ('relationship(back_populates="orders")', 'relationship(back_populates="orders", lazy="joined")'),
    ('relationship(back_populates="customer")', 'relationship(back_populates="customer", lazy="raise")'),
    ("with SessionLocal() as session", "with get_session() as session"),
    ("from app.telling import listed, told", "from app.telling import *"),
    ("from app import orders", "import app.orders as orders"),
    ("@contextmanager", "@staticmethod"),
    ("@property", "@classmethod"),
    ("session.commit()", "session.rollback()"),
    ("session.close()", "pass"),
    ("class Base(DeclarativeBase)", "class Base(object)"),
    ("def ", "async def "),
    (".first()", ".one()"),
    ("worded(order.customer.name)", "worded(order.status)"),
    ('"orders"', '"purchases"'),
    ("        customer.name = name", "        customer.name = name  # hermetic: allow[lost-write] told elsewhere"),
    ("engine = create_engine", "engine = None or create_engine"),
    ("sqlite:///shop.db", "postgresql+psycopg://shop"),
    ('create_engine("', 'create_engine(isolation_level="SERIALIZABLE", url="'),
    ("{{ order.status }}", "{{ order.label }}"),
    ("{{ named(order) }}", "{{ order.status }}"),
    ("{{ order.customer.name }}", "{{ order.id }}"),
    ('"row.html"', '"macros.html"'),
    ("orders=orders)", "orders=[])"),
    ("from app import orders\n", "from app import orders\nfrom flask import Flask\n"),
    ("status: Mapped[str]", "state: Mapped[str]"),
    ('relationship(back_populates="customer")', 'relationship(backref="customer")'),
    ("class Service:", "class Service(Base):"),
    ("from app.words import worded", "from .words import worded"),
    ("from app.db import SessionLocal, get_session", "from app.db import *"),
    ("Mapped[Customer]", 'Mapped["Customer"]'),
)


def written(root: Path) -> Path:
    """The project, written below `root`."""
    for name in PROJECT:
        _write(root / name, _first(name))
    return root


class Edits:
    """Makes one edit after the other; files that were edited out of shape come back in their first form now and then."""

    def __init__(self, root: Path, luck: random.Random) -> None:
        self.root = root
        self.luck = luck
        self._edits: tuple[Callable[[Path], bool], ...] = (
            self.swap, self.swap, self.swap, self.rename, self.rename_everywhere, self.remove, self.add, self.move,
            self.drop_line, self.double_line, self.shift, self.shift_below, self.delete, self.create, self.rename_file,
            self.shadow, self.decorate, self.break_syntax, self.restore, self.restore, self.restore_all,
        )  # fmt: skip

    def make(self) -> str:
        """Make an edit that changes something; gives the words for it."""
        while True:
            edit, file = self.luck.choice(self._edits), self.luck.choice(self._files())
            if edit(file):
                return f"{edit.__name__} in {file.relative_to(self.root)}"

    def _files(self) -> list[Path]:
        found = sorted(each for suffix in ("py", "md", "html") for each in self.root.rglob(f"*.{suffix}"))
        return found if len(found) > 3 else [self.root / name for name in PROJECT]

    def _names(self, text: str) -> list[str]:
        return sorted(set(re.findall(r"def (\w+)", text)))

    def _functions(self, text: str) -> list[tuple[int, int]]:
        """The lines of the functions at the margin: from, to."""
        try:
            body = ast.parse(text).body
        except (SyntaxError, ValueError):
            return []
        return [(node.lineno - 1, node.end_lineno or 0) for node in body if isinstance(node, ast.FunctionDef)]

    def swap(self, file: Path) -> bool:
        """An option, an argument, a decorator, an import: one way or the other."""
        ways = [pair for one, other in SWAPS for pair in ((one, other), (other, one))]
        text = _read(file)
        fitting = [(old, new) for old, new in ways if old in text]
        return bool(fitting) and _write(file, text.replace(*self.luck.choice(fitting), 1))

    def rename(self, file: Path) -> bool:
        """A function, in its own file only."""
        text = _read(file)
        names = self._names(text)
        return bool(names) and _write(file, text.replace(f"def {self.luck.choice(names)}(", "def renamed(", 1))

    def rename_everywhere(self, file: Path) -> bool:
        """A function and all that name it."""
        names = self._names(_read(file))
        if not names:
            return False
        old, new = self.luck.choice(names), self.luck.choice(["renamed", "told", "worded", "newest", "other"])
        done = [_write(each, re.sub(rf"\b{old}\b", new, _read(each))) for each in self.root.rglob("*.py")]
        return any(done)

    def remove(self, file: Path) -> bool:
        """A function goes."""
        return self._cut(file) is not None

    def add(self, file: Path) -> bool:
        """A function comes; it may take the name of another."""
        return file.suffix == ".py" and _write(file, f"{_read(file)}\n\n{self.luck.choice(FUNCTIONS)}")

    def move(self, file: Path) -> bool:
        """A function goes into another file."""
        other = self.luck.choice(self._files())
        moved = self._cut(file) if other != file and other.suffix == ".py" else None
        return moved is not None and _write(other, f"{_read(other)}\n\n{moved}\n")

    def _cut(self, file: Path) -> str | None:
        text = _read(file)
        functions = self._functions(text)
        if not functions:
            return None
        first, last = self.luck.choice(functions)
        lines = text.split("\n")
        _write(file, "\n".join([*lines[:first], *lines[last:]]))
        return "\n".join(lines[first:last])

    def drop_line(self, file: Path) -> bool:
        """Any line goes."""
        lines = _read(file).split("\n")
        del lines[self.luck.randrange(len(lines))]
        return _write(file, "\n".join(lines))

    def double_line(self, file: Path) -> bool:
        """Any line stands there twice."""
        lines = _read(file).split("\n")
        at = self.luck.randrange(len(lines))
        return _write(file, "\n".join([*lines[:at], lines[at], *lines[at:]]))

    def shift(self, file: Path) -> bool:
        """All lines move down by one."""
        return _write(file, f"\n{_read(file)}")

    def delete(self, file: Path) -> bool:
        """A file goes."""
        is_there = file.exists()
        file.unlink(missing_ok=True)
        return is_there

    def create(self, file: Path) -> bool:
        """A file comes: a copy under another name, or an empty one."""
        return _write(self.root / self.luck.choice(PLACES), self.luck.choice([_read(file), ""]))

    def rename_file(self, file: Path) -> bool:
        """A file goes elsewhere; what imports it may follow."""
        place = self.root / self.luck.choice(PLACES)
        if file == place or file.suffix != ".py" or not _write(place, _read(file)):
            return False
        file.unlink(missing_ok=True)
        if self.luck.random() < 0.5:
            for each in self.root.rglob("*.py"):
                _write(each, re.sub(rf"\b{file.stem}\b(?= import)", place.stem, _read(each)))
        return True

    def shadow(self, file: Path) -> bool:
        """A file defines a name that it imports, before or after its use."""
        text = _read(file)
        names = sorted(set(re.findall(r"^from \S+ import (\w+)", text, re.MULTILINE)))
        if not names or file.suffix != ".py":
            return False
        name = self.luck.choice(names)
        made = self.luck.choice(
            [f"def {name}(*given):\n    return given\n", f"{name} = None\n", f"class {name}:\n    pass\n"]
        )
        return _write(file, self.luck.choice([f"{text}\n\n{made}", f"{made}\n\n{text}"]))

    def decorate(self, file: Path) -> bool:
        """A function gets a decorator."""
        lines = _read(file).split("\n")
        places = [index for index, line in enumerate(lines) if re.match(r"\s*(async )?def ", line)]
        if not places:
            return False
        at = self.luck.choice(places)
        margin = " " * (len(lines[at]) - len(lines[at].lstrip()))
        return _write(file, "\n".join([*lines[:at], margin + self.luck.choice(DECORATORS), *lines[at:]]))

    def shift_below(self, file: Path) -> bool:
        """All lines behind one of them move down."""
        lines = _read(file).split("\n")
        at = self.luck.randrange(len(lines))
        return _write(file, "\n".join([*lines[:at], "", *lines[at:]]))

    def break_syntax(self, file: Path) -> bool:
        """A file is no Python any more."""
        return _write(file, f"{_read(file)}\ndef (:\n")

    def restore(self, file: Path) -> bool:
        """A file is as it was at first, whatever it was called."""
        name = self.luck.choice(sorted(PROJECT))
        return _write(self.root / name, _first(name))

    def restore_all(self, file: Path) -> bool:
        """Everything is as it was at first."""
        extra = [each for each in self._files() if str(each.relative_to(self.root)) not in PROJECT]
        done = [*map(self.delete, extra), *[_write(self.root / name, _first(name)) for name in PROJECT]]
        return any(done)


def _first(name: str) -> str:
    return dedent(PROJECT[name]).lstrip()


def _read(file: Path) -> str:
    return file.read_text("utf-8") if file.exists() else ""


def _write(file: Path, text: str) -> bool:
    """Write a text; tells whether it is another one."""
    if file.exists() and _read(file) == text:
        return False
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return True
