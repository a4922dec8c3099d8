"""How much memory a projection takes beside the DTOs that it makes: 100,000 nested rows at once, and as a stream."""

from __future__ import annotations

import gc
import tempfile
import tracemalloc
from collections.abc import Callable

from sqlalchemy import Engine, create_engine, select
from sqlalchemy.orm import Session

from hermetic import fetch, stream

from .samples.orders import Nested, NestedStruct, Order, fill

PARENTS = 20_000  # with a customer and five items each: 100,000 rows in collections


def peak(engine: Engine, read: Callable[[Session], object]) -> tuple[float, float]:
    """MB at the highest point and MB that the result itself takes."""
    gc.collect()
    tracemalloc.start()
    with Session(engine) as session:
        result = read(session)
        _, highest = tracemalloc.get_traced_memory()
    gc.collect()
    left, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    del result
    return highest / 1e6, left / 1e6


def streamed(rows: int) -> Callable[[Session], object]:
    """So many parents, one after the other."""
    return lambda session: sum(1 for _ in stream(session, NestedStruct, select(Order).where(Order.id <= rows)))


def main() -> None:
    """Tell the peaks."""
    with tempfile.TemporaryDirectory() as folder:
        engine = create_engine(f"sqlite:///{folder}/bench.db")
        fill(engine, PARENTS)
        for dto in (NestedStruct, Nested):
            highest, left = peak(engine, lambda session, dto=dto: fetch(session, dto, select(Order)))  # type: ignore[misc]
            print(f"fetch → {dto.__name__}: peak {highest:.0f} MB, the DTOs {left:.0f} MB: {highest / left:.2f}×")
        for rows in (PARENTS // 10, PARENTS):
            print(f"stream of {rows} parents: peak {peak(engine, streamed(rows))[0]:.1f} MB")
        engine.dispose()


if __name__ == "__main__":
    main()
