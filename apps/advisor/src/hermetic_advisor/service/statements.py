"""Statements: a bank's file goes in whole, once, or not at all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict

from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from hermetic import fetch, fetch_one

from ..errors import Conflict, Refused
from ..models import Statement, Transaction
from ..schemas import StatementResponse
from ..statement.reading import Reading, Row
from .customers import check_customer

BATCH = 500

Tell = Callable[[float], object]


def import_statement(
    session: Session, customer_id: int, file_name: str, reading: Reading, tell: Tell = lambda _: None
) -> StatementResponse:
    """Add the transactions of a file that has no bad line; lines that an earlier file brought are not added again.

    `tell` is given the share that is done. Whatever it raises undoes all of it, as any error does: the caller's unit of
    work is the file. Raises NotFound, Refused for a file with bad lines, and Conflict for one that was imported before.
    """
    check_customer(session, customer_id)
    if not reading.is_clean:
        raise Refused(f"{len(reading.problems)} of {reading.lines} lines cannot be read, so nothing is imported.")
    _check_new(session, customer_id, reading)
    statement = Statement(customer_id=customer_id, file_name=file_name[-200:], digest=reading.digest, added=0, known=0)
    session.add(statement)
    try:
        session.flush()
    except IntegrityError as error:
        raise Conflict("This file is being imported by somebody else right now.") from error
    for start in range(0, len(reading.rows), BATCH):
        batch = reading.rows[start : start + BATCH]
        fresh = _fresh(session, customer_id, batch)
        statement.added += len(fresh)
        statement.known += len(batch) - len(fresh)
        if fresh:
            session.execute(insert(Transaction), [_columns(row, customer_id, statement.id) for row in fresh])
        tell((start + len(batch)) / len(reading.rows))
    session.flush()
    return fetch_one(session, StatementResponse, select(Statement).where(Statement.id == statement.id))


def get_customer_statements(session: Session, customer_id: int) -> list[StatementResponse]:
    """The imports of a customer, the newest first. Raises NotFound."""
    check_customer(session, customer_id)
    mine = select(Statement).where(Statement.customer_id == customer_id)
    return fetch(session, StatementResponse, mine.order_by(Statement.imported_at.desc(), Statement.id.desc()))


def _check_new(session: Session, customer_id: int, reading: Reading) -> None:
    """Raise Conflict when the same bytes were imported before."""
    same = select(Statement).where(Statement.customer_id == customer_id, Statement.digest == reading.digest)
    before = fetch_one(session, StatementResponse, same, default=None)
    if before is not None:
        raise Conflict(
            f"This file was imported on {before.imported_at:%d %B %Y} as {before.file_name}: nothing is imported again."
        )


def _fresh(session: Session, customer_id: int, rows: Sequence[Row]) -> list[Row]:
    """The rows that no earlier file brought."""
    marks = [row.fingerprint for row in rows]
    mine = select(Transaction.fingerprint).where(Transaction.customer_id == customer_id)
    known = set(session.scalars(mine.where(Transaction.fingerprint.in_(marks))))
    return [row for row in rows if row.fingerprint not in known]


def _columns(row: Row, customer_id: int, statement_id: int) -> dict[str, object]:
    columns = asdict(row)
    del columns["line"]
    return {**columns, "customer_id": customer_id, "statement_id": statement_id}
