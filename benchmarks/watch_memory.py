"""Shows that what the watcher keeps does not grow: `python benchmarks/watch_memory.py 1000000` prints a flat line."""

from __future__ import annotations

import gc
import resource
import sys

from sqlalchemy import ForeignKey, create_engine, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship
from sqlalchemy.pool import StaticPool

import hermetic

STEPS = 10
"""So many lines are printed."""


class Base(DeclarativeBase):
    pass


class Author(Base):
    __tablename__ = "authors"

    id: Mapped[int] = mapped_column(primary_key=True)
    books: Mapped[list[Book]] = relationship()


class Book(Base):
    __tablename__ = "books"

    id: Mapped[int] = mapped_column(primary_key=True)
    author_id: Mapped[int] = mapped_column(ForeignKey("authors.id"))


def work(session: Session, number: int) -> None:
    """Two authors and a lazy load for each; every tenth session loses a row, every hundredth is left open."""
    for author in session.scalars(select(Author)):
        len(author.books)
    if number % 10 == 0:
        session.add(Book(author_id=1))
        session.flush()
    if number % 100:
        session.close()


def main(sessions: int) -> None:
    engine = create_engine("sqlite://", poolclass=StaticPool)
    Base.metadata.create_all(engine)
    with Session(engine) as session, session.begin():
        session.add_all([Author(id=1, books=[Book()]), Author(id=2, books=[Book()])])
    with hermetic.watch(mode="count") as watch:
        for number in range(1, sessions + 1):
            work(Session(engine), number)
            if number % (sessions // STEPS) == 0:
                gc.collect()  # what is left open is garbage, which the collector may take its time for
                mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
                seen = sum(each.count for each in watch.findings())
                print(f"{number:>10} sessions  {len(watch.open()):>3} open  {seen:>8} seen  {mib:>6.1f} MiB at most")
    engine.dispose()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
