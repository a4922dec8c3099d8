"""DTOs batch by batch, in a memory that does not grow with the number of rows."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from functools import partial
from typing import Any

from sqlalchemy import CursorResult, Result
from sqlalchemy.exc import NoSuchColumnError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from .pages import dtos
from .prepare import Prepared
from .rows import Fetched, missing_column
from .sessions import AnySession, plain
from .settle import settled


def batches(
    session: Session, prepared: Prepared, parameters: Mapping[str, object] | None, rows: int
) -> Iterator[list[Any]]:
    """Lists of up to that many DTOs, from a cursor that stays open. Any: of whatever class."""

    def run(current: Prepared) -> Result[Any]:
        try:
            return session.execute(current.statement, parameters, execution_options={"yield_per": rows})
        except NoSuchColumnError as error:
            raise missing_column(error) from error

    current, result = settled(prepared, run, context_of, Result.close)
    raw = getattr(result, "raw", None)
    try:
        if isinstance(raw, CursorResult) and raw.cursor is not None and len(raw.cursor.description) == current.width:
            types = tuple([column[1] for column in raw.cursor.description])
            while found := raw.cursor_strategy.fetchmany(raw, raw.cursor, rows):
                yield dtos(current, Fetched(list(found), raw.context, types), session)
        else:
            for partition in result.partitions(rows):
                yield dtos(current, Fetched(list(partition), context_of(result), None), session)
    finally:
        result.close()


def context_of(result: Result[Any]) -> object:
    """SQLAlchemy's account of the execution, None when a listener answered. Any: rows of whatever columns."""
    raw = getattr(result, "raw", None)
    return raw.context if isinstance(raw, CursorResult) else None


def one_by_one(
    session: Session, prepared: Prepared, parameters: Mapping[str, object] | None, rows: int
) -> Iterator[Any]:
    """The DTOs of all batches. Any: of whatever class."""
    for batch in batches(session, prepared, parameters, rows):
        yield from batch


async def awaited_one_by_one(
    session: AsyncSession, prepared: Prepared, parameters: Mapping[str, object] | None, rows: int
) -> AsyncIterator[Any]:
    """The DTOs of all batches, each batch awaited. Any: of whatever class."""
    source = await session.run_sync(lambda plain: batches(plain, prepared, parameters, rows))
    try:
        while (batch := await session.run_sync(partial(next_batch, source))) is not None:
            for one in batch:
                yield one
    finally:
        await session.run_sync(lambda _: source.close())  # type: ignore[attr-defined]  # a generator has it


def next_batch(source: Iterator[list[Any]], session: Session) -> list[Any] | None:
    """The next batch, or None after the last. Any: of whatever class."""
    return next(source, None)


def streamed(
    session: AnySession, prepared: Prepared, parameters: Mapping[str, object] | None, rows: int
) -> Iterator[Any] | AsyncIterator[Any]:
    """The DTOs one by one, for the kind of session. Any: of whatever class."""
    actual = plain(session)
    if isinstance(actual, AsyncSession):
        return awaited_one_by_one(actual, prepared, parameters, rows)
    return one_by_one(actual, prepared, parameters, rows)
