"""The tables: customers, and what each of them has – transactions, statements, goals, debts and advice."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import CheckConstraint, Enum, ForeignKey, Index, MetaData, String, Text, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from hermetic.scopes import once_table

from .categories import Category
from .columns import Hundredths, Instant, now


class Base(DeclarativeBase):
    """Money and rates are whole hundredths in the database, and constraints have names that migrations can speak of."""

    type_annotation_map = {  # noqa: RUF012  # SQLAlchemy reads it as it is
        Decimal: Hundredths(),
        datetime: Instant(),
        Category: Enum(Category, native_enum=False, length=20, values_callable=lambda kind: [it.value for it in kind]),
    }
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_label)s",
            "uq": "uq_%(table_name)s_%(column_0_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


once_table(Base.metadata)


class Customer(Base):
    """Somebody who is advised; `income` is what reaches the account in a month."""

    __tablename__ = "customers"
    __table_args__ = (
        CheckConstraint("age BETWEEN 18 AND 120", name="age"),
        CheckConstraint("income >= 0", name="income"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(120))
    email: Mapped[str] = mapped_column(String(254), unique=True)
    age: Mapped[int]
    income: Mapped[Decimal]
    created_at: Mapped[datetime] = mapped_column(default=now)
    updated_at: Mapped[datetime] = mapped_column(default=now, onupdate=now)
    version: Mapped[int] = mapped_column()

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012  # SQLAlchemy reads it as it is


class Statement(Base):
    """A bank's file that was imported; `digest` is that of its bytes, so it is known when it comes again."""

    __tablename__ = "statements"
    __table_args__ = (UniqueConstraint("customer_id", "digest"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id", ondelete="CASCADE"))
    file_name: Mapped[str] = mapped_column(String(200))
    digest: Mapped[str] = mapped_column(String(64))
    added: Mapped[int]
    known: Mapped[int]
    imported_at: Mapped[datetime] = mapped_column(default=now)


class Transaction(Base):
    """Money that came (positive) or went (negative); `fingerprint` tells a line of a bank from every other."""

    __tablename__ = "transactions"
    __table_args__ = (
        UniqueConstraint("customer_id", "fingerprint"),
        Index("ix_transactions_of_customer", "customer_id", "booked_on", "id"),
        CheckConstraint("amount <> 0", name="amount"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id", ondelete="CASCADE"))
    booked_on: Mapped[date]
    amount: Mapped[Decimal]
    category: Mapped[Category]
    description: Mapped[str] = mapped_column(String(200))
    statement_id: Mapped[int | None] = mapped_column(ForeignKey("statements.id", ondelete="SET NULL"))
    fingerprint: Mapped[str | None] = mapped_column(String(64))


class Goal(Base):
    """Something to save for; `is_reserve` marks what is kept for bad days."""

    __tablename__ = "goals"
    __table_args__ = (
        CheckConstraint("target > 0", name="target"),
        CheckConstraint("saved >= 0", name="saved"),
        Index("ix_goals_of_customer", "customer_id", "due"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(120))
    target: Mapped[Decimal]
    saved: Mapped[Decimal]
    due: Mapped[date]
    is_reserve: Mapped[bool]
    version: Mapped[int] = mapped_column()

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012  # SQLAlchemy reads it as it is


class Debt(Base):
    """Money owed; `rate` is percent a year, `minimum` what has to be paid each month."""

    __tablename__ = "debts"
    __table_args__ = (
        CheckConstraint("balance >= 0", name="balance"),
        CheckConstraint("rate >= 0", name="rate"),
        CheckConstraint("minimum >= 0", name="minimum"),
        Index("ix_debts_of_customer", "customer_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(120))
    balance: Mapped[Decimal]
    rate: Mapped[Decimal]
    minimum: Mapped[Decimal]
    version: Mapped[int] = mapped_column()

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012  # SQLAlchemy reads it as it is


class Advice(Base):
    """What a customer was advised, and when."""

    __tablename__ = "advice"
    __table_args__ = (Index("ix_advice_of_customer", "customer_id", "created_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id", ondelete="CASCADE"))
    created_at: Mapped[datetime] = mapped_column(default=now)
    points: Mapped[list[AdvicePoint]] = relationship(order_by="AdvicePoint.position", cascade="all, delete-orphan")


class AdvicePoint(Base):
    """One piece of an advice."""

    __tablename__ = "advice_points"
    __table_args__ = (UniqueConstraint("advice_id", "position"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    advice_id: Mapped[int] = mapped_column(ForeignKey("advice.id", ondelete="CASCADE"))
    position: Mapped[int]
    topic: Mapped[str] = mapped_column(String(20))
    tone: Mapped[str] = mapped_column(String(10))
    headline: Mapped[str] = mapped_column(String(300))
    text: Mapped[str] = mapped_column(Text)
    figures: Mapped[list[AdviceFigure]] = relationship(order_by="AdviceFigure.position", cascade="all, delete-orphan")


class AdviceFigure(Base):
    """A number of a piece of advice, and how it came about."""

    __tablename__ = "advice_figures"
    __table_args__ = (UniqueConstraint("point_id", "position"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    point_id: Mapped[int] = mapped_column(ForeignKey("advice_points.id", ondelete="CASCADE"))
    position: Mapped[int]
    label: Mapped[str] = mapped_column(String(160))
    value: Mapped[str] = mapped_column(String(60))
    how: Mapped[str] = mapped_column(Text)
