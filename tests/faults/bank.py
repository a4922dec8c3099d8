"""A bank: accounts, an entry for each transfer, and an audit that finds money or transfers that are lost or doubled.

An entry carries the key of its transfer, and nothing in the table keeps two entries from having the same: whoever does a
transfer twice is found out.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from sqlalchemy import Engine, ForeignKey, insert, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from hermetic.scopes import once_table

ACCOUNTS = 12
START = 1000


class Base(DeclarativeBase):
    """The bank's tables."""


class Account(Base):
    __tablename__ = "accounts"

    id: Mapped[int] = mapped_column(primary_key=True)
    balance: Mapped[int]


class Entry(Base):
    __tablename__ = "entries"

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(index=True)
    source_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    target_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    amount: Mapped[int]


once_table(Base.metadata)


@dataclass(frozen=True, slots=True)
class Order:
    """What a client asks of the bank: one transfer, under a key of its own."""

    key: str
    source: int
    target: int
    amount: int


def orders(name: str, count: int, seed: int) -> Iterator[Order]:
    """Transfers as clients ask for them, no two with the same key."""
    rng = random.Random(seed)
    for number in range(count):
        source, target = rng.sample(range(1, ACCOUNTS + 1), 2)
        yield Order(f"{name}-{number}", source, target, rng.randint(1, 20))


def open_bank(engine: Engine) -> None:
    """Fresh tables, and the same money in every account."""
    with engine.begin() as connection:
        Base.metadata.drop_all(connection)
        Base.metadata.create_all(connection)
        connection.execute(insert(Account), [{"id": 1 + n, "balance": START} for n in range(ACCOUNTS)])


def transfer(session: Session, order: Order, lock: bool = False) -> int:
    """Do a transfer, and give the number of its entry; with a lock the accounts are read for update, lowest first."""
    wanted = select(Account).where(Account.id.in_([order.source, order.target])).order_by(Account.id)
    accounts = {each.id: each for each in session.scalars(wanted.with_for_update() if lock else wanted)}
    accounts[order.source].balance -= order.amount
    accounts[order.target].balance += order.amount
    entry = Entry(key=order.key, source_id=order.source, target_id=order.target, amount=order.amount)
    session.add(entry)
    session.flush()
    return entry.id


@dataclass(slots=True)
class Told:
    """What the clients were told of their orders, by key."""

    done: dict[str, int] = field(default_factory=dict)
    """Acknowledged, with the number of the entry."""
    failed: dict[str, BaseException] = field(default_factory=dict)
    """Not done, they were told."""
    unknown: dict[str, Order] = field(default_factory=dict)
    """Nobody could tell."""
    listen: Callable[[Order, int], None] = lambda _order, _number: None
    """Is told each acknowledgement when it is given."""

    def acknowledge(self, order: Order, number: int) -> None:
        """The client is told that the order is done."""
        self.done[order.key] = number
        self.listen(order, number)


@dataclass(frozen=True, slots=True)
class Audit:
    """What is wrong in the bank; nothing is when all are empty."""

    money: int
    """By how much the sum of all balances differs from what there was."""
    accounts: list[int]
    """Accounts whose balance is not what their entries say."""
    lost: list[str]
    """Keys that were acknowledged and have no entry."""
    doubled: list[str]
    """Keys with more than one entry."""
    ghosts: list[str]
    """Keys that were told as failed and have an entry."""
    mistold: list[str]
    """Keys whose client was told the number of another entry."""

    @property
    def is_clean(self) -> bool:
        return not (self.money or self.accounts or self.lost or self.doubled or self.ghosts or self.mistold)


def audit(engine: Engine, told: Told) -> Audit:
    """Compare what is in the bank with what was told."""
    with Session(engine) as session:
        return _compared(session, told)


def _compared(session: Session, told: Told) -> Audit:
    entries = session.scalars(select(Entry)).all()
    balances = {account.id: account.balance for account in session.scalars(select(Account))}
    due = dict.fromkeys(balances, START)
    for entry in entries:
        due[entry.source_id] -= entry.amount
        due[entry.target_id] += entry.amount
    counted = Counter(entry.key for entry in entries)
    numbers = {entry.id: entry.key for entry in entries}
    return Audit(
        sum(balances.values()) - START * ACCOUNTS,
        [account for account in balances if balances[account] != due[account]],
        [key for key in told.done if not counted[key]],
        [key for key, times in counted.items() if times > 1],
        [key for key in told.failed if counted[key]],
        [key for key, number in told.done.items() if counted[key] and numbers.get(number) != key],
    )
