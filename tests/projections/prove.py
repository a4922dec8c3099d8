"""Runs the comparison with the ORM for as long as one likes: `python -m tests.projections.prove --cases 10000`."""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections import Counter
from typing import Any

from hypothesis import HealthCheck, given, seed, settings
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool, StaticPool

from .test_equivalence import cases, compare


def prove(count: int, url: str, start: int) -> Counter[str]:
    """Compare so many made-up cases; the first that differs is shrunk and raised. What came out is counted."""
    told: Counter[str] = Counter()

    @seed(start)
    @settings(max_examples=count, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(cases())
    def agree(case: Any) -> None:
        # SQLite keeps its tables when a transaction is rolled back, so every case has a database in memory.
        engine = create_engine(url, poolclass=StaticPool if url == "sqlite://" else NullPool)
        by_orm, by_projection = compare(case, engine)
        engine.dispose()
        told["refused" if by_orm == "refused" else "rows" if by_orm else "no rows"] += 1
        assert by_orm == by_projection

    agree()
    return told


def main() -> int:
    """Tell how many cases agreed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=10_000)
    parser.add_argument("--url", default="sqlite://", help="an empty database; nothing is committed")
    parser.add_argument("--seed", type=int, default=random.randrange(2**32))
    options = parser.parse_args()
    began = time.monotonic()
    told = prove(options.cases, options.url, options.seed)
    spent = time.monotonic() - began
    print(f"seed {options.seed}: {told.total()} cases agree ({dict(told)}) after {spent:.0f} s")  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
