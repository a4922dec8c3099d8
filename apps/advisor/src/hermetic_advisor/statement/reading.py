"""A bank's CSV file, read to the end: every line that can be kept, and every line that cannot, with the reason."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from pydantic import ValidationError

from ..amounts import parse_amount
from ..categories import Category, category_of
from ..schemas import TransactionCreate
from .lines import Line, Problem, decode, excerpt, read_lines

HEADS = {
    "date": ("date", "booked on", "booking date", "value date", "transaction date", "buchungstag", "datum"),
    "amount": ("amount", "value", "betrag", "sum"),
    "description": ("description", "text", "details", "payee", "reference", "verwendungszweck", "memo"),
    "category": ("category", "kategorie"),
}
NEEDED = ("date", "amount", "description")
DAYS = ("%Y-%m-%d", "%d.%m.%Y", "%d/%m/%Y", "%d-%m-%Y")
MOST_LINES = 50_000
MOST_PROBLEMS = 200
STEPS = 50
"""How often progress is told at most."""

Tell = Callable[[float], object]


@dataclass(frozen=True, slots=True)
class Row:
    """A transaction of a statement; the fingerprint is the same when another file has the same line again."""

    line: int
    booked_on: date
    amount: Decimal
    category: Category
    description: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Reading:
    """What a file holds. It may be imported when there are no problems; `defused` counts cells that were formulas."""

    digest: str
    rows: tuple[Row, ...]
    problems: tuple[Problem, ...]
    lines: int
    defused: int

    @property
    def is_clean(self) -> bool:
        return not self.problems and bool(self.rows)


def read_statement(data: bytes, tell: Tell = lambda _: None) -> Reading:
    """Read a file to its end; `tell` is given the share that is done, from 0 to 1."""
    digest = hashlib.sha256(data).hexdigest()
    try:
        text = decode(data)
    except ValueError as error:
        return Reading(digest, (), (Problem(1, str(error), ""),), 0, 0)
    found = list(read_lines(text))
    if not found:
        return Reading(digest, (), (Problem(1, "the file is empty", ""),), 0, 0)
    if len(found) > MOST_LINES:
        problem = Problem(MOST_LINES, f"the file has {len(found):,} lines; {MOST_LINES:,} are allowed", "")
        return Reading(digest, (), (problem,), len(found), 0)
    head, *rest = found
    try:
        columns = _columns(head)
    except ValueError as error:
        return Reading(digest, (), (Problem(1, str(error), excerpt(text.splitlines()[0])),), len(found), 0)
    return _read_rows(digest, rest, columns, tell)


def _read_rows(digest: str, lines: list[Line | Problem], columns: dict[str, int], tell: Tell) -> Reading:
    seen: Counter[tuple[date, Decimal, str]] = Counter()
    rows: list[Row] = []
    problems: list[Problem] = []
    step = max(1, len(lines) // STEPS)
    for done, line in enumerate(lines, start=1):
        if done % step == 0 or done == len(lines):
            tell(done / len(lines))
        if isinstance(line, Problem):
            problems.append(line)
            continue
        try:
            rows.append(_row(line, columns, seen))
        except ValueError as error:
            problems.append(Problem(line.number, _sentence(error), excerpt(line.text)))
    if not lines:
        problems.append(Problem(1, "there is a head, and no line below it", ""))
    defused = sum(1 for row in rows if row.description.startswith("'"))
    return Reading(digest, tuple(rows), tuple(problems[:MOST_PROBLEMS]), len(lines), defused)


def _columns(head: Line | Problem) -> dict[str, int]:
    """Where each column is. Raises ValueError where one is missing."""
    if isinstance(head, Problem):
        raise ValueError(head.problem)
    names = [cell.strip().casefold() for cell in head.cells]
    found = {
        column: next(names.index(word) for word in words if word in names)
        for column, words in HEADS.items()
        if any(word in names for word in words)
    }
    missing = [column for column in NEEDED if column not in found]
    if missing:
        raise ValueError(f"the first line has to name the columns, and there is none for: {', '.join(missing)}")
    return found


def _row(line: Line, columns: dict[str, int], seen: Counter[tuple[date, Decimal, str]]) -> Row:
    """The transaction of a line. Raises ValueError with a sentence that says what is wrong with it."""
    if len(line.cells) <= max(columns.values()):
        raise ValueError(f"it has {len(line.cells)} cells, and the head asks for {max(columns.values()) + 1}")
    amount = parse_amount(line.cells[columns["amount"]])
    if amount == 0:
        raise ValueError("the amount is nothing")
    description = line.cells[columns["description"]]
    data = TransactionCreate(
        booked_on=_day(line.cells[columns["date"]]),
        amount=amount,
        category=_category(line, columns, amount),
        description=description,
    )
    key = (data.booked_on, data.amount, data.description)
    seen[key] += 1
    told = f"{data.booked_on}|{data.amount:.2f}|{data.description}|{seen[key]}"
    fingerprint = hashlib.sha256(told.encode()).hexdigest()
    return Row(line.number, data.booked_on, data.amount, data.category, data.description, fingerprint)


def _category(line: Line, columns: dict[str, int], amount: Decimal) -> Category:
    named = line.cells[columns["category"]].casefold() if "category" in columns else ""
    if not named:
        return category_of(line.cells[columns["description"]], is_income=amount > 0)
    if named not in set(Category):
        raise ValueError(f"{named[:40]!r} is no category; there are {', '.join(Category)}")
    return Category(named)


def _day(text: str) -> date:
    for form in DAYS:
        try:
            return datetime.strptime(text, form).date()
        except ValueError:
            continue
    raise ValueError(f"{text[:40]!r} is no date; write it like 2026-03-31 or 31.03.2026")


def _sentence(error: ValueError) -> str:
    """What a line is told: the first sentence of a model's refusal, or the error's own."""
    if isinstance(error, ValidationError):
        first = error.errors(include_url=False)[0]
        return f"{first['loc'][0]}: {first['msg'].removeprefix('Value error, ')}"
    return str(error)
