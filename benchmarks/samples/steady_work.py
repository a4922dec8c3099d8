"""Transactions for a dashboard to show, as fast as they go.

    python -m benchmarks.samples.steady_work

It prints the microseconds of processor time that a transaction of three statements took, the least of several blocks; what
the watcher's own threads took is in it.
"""

from __future__ import annotations

import time
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import Engine, create_engine, insert, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

BLOCKS, BLOCK = 12, 600


class Base(DeclarativeBase):
    pass


class Item(Base):
    __tablename__ = "items"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]


def transaction(engine: Engine) -> None:
    """Three statements that read."""
    with Session(engine) as session:
        for number in (1, 2, 3):
            session.execute(select(Item.name).where(Item.id == number)).all()


def cost(engine: Engine) -> float:
    """What a transaction costs, in microseconds."""
    best = float("inf")
    for _ in range(BLOCKS):
        began = time.process_time()
        for _ in range(BLOCK):
            transaction(engine)
        best = min(best, (time.process_time() - began) / BLOCK)
    return best * 1e6


def main() -> None:
    with TemporaryDirectory() as folder:
        engine = create_engine(f"sqlite:///{Path(folder) / 'items.db'}")
        Base.metadata.create_all(engine)
        with engine.begin() as connection:
            connection.execute(insert(Item), [{"name": f"item {number}"} for number in range(10)])
        print(cost(engine))
        engine.dispose()


if __name__ == "__main__":
    main()
