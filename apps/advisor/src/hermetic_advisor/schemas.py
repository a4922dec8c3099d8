"""What comes in and what goes out: plain models, so nothing of a session ever leaves the service layer."""

from __future__ import annotations

import unicodedata
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, EmailStr, Field, StringConstraints

from .amounts import LARGEST
from .categories import Category

FORMULA = ("=", "+", "-", "@")


def one_line(text: str) -> str:
    """The text, if it can be shown on a line. Raises ValueError for control characters, visible or not."""
    if any(unicodedata.category(sign) in {"Cc", "Cf", "Cs"} for sign in text):
        raise ValueError("must be one line of text, without control characters")
    return text


def defused(text: str) -> str:
    """The text with an apostrophe before what a spreadsheet would take for a formula, should it ever get there."""
    return f"'{text}" if text.startswith(FORMULA) else text


Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1), AfterValidator(one_line)]
Name = Annotated[Words, StringConstraints(max_length=119), AfterValidator(defused)]
Email = Annotated[EmailStr, StringConstraints(max_length=254), AfterValidator(str.lower)]
Age = Annotated[int, Field(ge=18, le=120)]
Money = Annotated[Decimal, Field(ge=-LARGEST, le=LARGEST, decimal_places=2, allow_inf_nan=False)]
NotNegative = Annotated[Money, Field(ge=0)]
Positive = Annotated[Money, Field(gt=0)]
Rate = Annotated[Decimal, Field(ge=0, le=200, decimal_places=2, allow_inf_nan=False)]
Description = Annotated[Words, StringConstraints(max_length=199), AfterValidator(defused)]
Day = Annotated[date, Field(ge=date(1990, 1, 1), le=date(2150, 12, 31))]


class Incoming(BaseModel):
    """What a client gives; a field that does not exist is an error, not silence."""

    model_config = ConfigDict(extra="forbid")


class Outgoing(BaseModel):
    """What a client gets; frozen, because it may be shared by a cache."""

    model_config = ConfigDict(frozen=True)


class CustomerCreate(Incoming):
    """A new customer."""

    name: Name
    email: Email
    age: Age
    income: Annotated[NotNegative, Field(description="what reaches the account in a month, in euro")]


class CustomerUpdate(Incoming):
    """What changes of a customer; what is not given stays. `version` is the one that was read, where it matters."""

    name: Name | None = None
    email: Email | None = None
    age: Age | None = None
    income: NotNegative | None = None
    version: int | None = None


class CustomerResponse(Outgoing):
    """A customer."""

    id: int
    name: str
    email: str
    age: int
    income: Decimal
    created_at: datetime
    updated_at: datetime
    version: int


class TransactionCreate(Incoming):
    """Money that came (positive) or went (negative)."""

    booked_on: Day
    amount: Money
    category: Category
    description: Description


class TransactionResponse(Outgoing):
    """A transaction; `statement_id` names the import it came with."""

    id: int
    booked_on: date
    amount: Decimal
    category: Category
    description: str
    statement_id: int | None


class TransactionPage(Outgoing):
    """A page of transactions, the newest first."""

    items: list[TransactionResponse]
    number: int
    pages: int
    total: int


class GoalCreate(Incoming):
    """Something to save for."""

    name: Name
    target: Positive
    saved: NotNegative = Decimal(0)
    due: Day
    is_reserve: bool = False


class GoalUpdate(Incoming):
    """What changes of a goal; what is not given stays."""

    name: Name | None = None
    target: Positive | None = None
    saved: NotNegative | None = None
    due: Day | None = None
    is_reserve: bool | None = None
    version: int | None = None


class GoalResponse(Outgoing):
    """A goal."""

    id: int
    name: str
    target: Decimal
    saved: Decimal
    due: date
    is_reserve: bool
    version: int


class DebtCreate(Incoming):
    """Money owed; `rate` is percent a year, `minimum` what has to be paid each month."""

    name: Name
    balance: NotNegative
    rate: Rate
    minimum: NotNegative


class DebtUpdate(Incoming):
    """What changes of a debt; what is not given stays."""

    name: Name | None = None
    balance: NotNegative | None = None
    rate: Rate | None = None
    minimum: NotNegative | None = None
    version: int | None = None


class DebtResponse(Outgoing):
    """A debt."""

    id: int
    name: str
    balance: Decimal
    rate: Decimal
    minimum: Decimal
    version: int


class FigureResponse(Outgoing):
    """A number, and how it came about."""

    label: str
    value: str
    how: str


class PointResponse(Outgoing):
    """One piece of an advice; `tone` is good, warn or bad."""

    topic: str
    tone: str
    headline: str
    text: str
    figures: list[FigureResponse]


class AdviceResponse(Outgoing):
    """What a customer was advised, and when."""

    id: int
    created_at: datetime
    points: list[PointResponse]


class StatementResponse(Outgoing):
    """An import: `added` lines are new, `known` ones were there from an earlier file."""

    id: int
    file_name: str
    added: int
    known: int
    imported_at: datetime
