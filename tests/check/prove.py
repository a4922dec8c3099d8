"""The long proof of the cache: random edits, and after each a check that remembers beside one that does not; run by `make prove`.

python -m tests.check.prove --edits 10000 --seed 1 --jobs 2
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from hermetic._check.checked import Report
from hermetic._check.options.config import Config
from hermetic._check.providers import Provider
from hermetic._check.run import check
from hermetic._check.work import workers

from .mutate import Edits, written

PART = 100
"""So many edits are made to one project; then the next begins as at first."""


@dataclass(slots=True)
class Tally:
    """How many edits were made, how many units were looked at without and with a memory, and the first disagreement."""

    edits: int = 0
    cold: int = 0
    warm: int = 0
    disagreement: str = ""


PROVIDERS = ((), (Provider("app.db.get_session", "factory"),))
"""What the configuration of a project says of it, which is changed now and then."""


def checked(project: Path, cache: Path | None, providers: tuple[Provider, ...] = ()) -> Report:
    """The report on a project, without what differs between any two checks: the time they took."""
    config = Config(min_confidence="possible", jobs=1, base=project, cache_dir=cache, providers=providers)
    report = check([project], config)
    return replace(report, counts=replace(report.counts, seconds=0.0, phases=()))


def prove(edits: int, seed: int, root: Path) -> Tally:
    """Make so many edits to a project below `root`; stops at the first after which the two checks disagree."""
    project = written(root / "shop")
    luck = Edits(project, Random(seed))
    looked = _Looked()
    tally = Tally()
    with looked:
        for tally.edits in range(1, edits + 1):
            edit = luck.make()
            providers = luck.luck.choice(PROVIDERS)
            looked.count = 0
            cold = checked(project, None, providers)
            tally.cold += looked.count
            looked.count = 0
            warm = checked(project, root / "cache", providers)
            tally.warm += looked.count
            if cold != warm:
                tally.disagreement = f"seed {seed}, edit {tally.edits}: {edit}\n  without: {cold}\n  with:    {warm}"
                break
    return tally


class _Looked:
    """Counts what a check looks at."""

    def __init__(self) -> None:
        self.count = 0
        self._look_at = workers.look_at

    def __enter__(self) -> None:
        def count(*given: object) -> None:
            self.count += 1
            self._look_at(*given)  # type: ignore[arg-type]  # handed on as it came

        workers.look_at = count

    def __exit__(self, *_: object) -> None:
        workers.look_at = self._look_at


def prove_part(seed: int) -> Tally:
    """One project's part of the proof."""
    with TemporaryDirectory() as root:
        return prove(PART, seed, Path(root))


def parts(edits: int, seed: int, jobs: int) -> Iterator[Tally]:
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        yield from pool.map(prove_part, range(seed, seed + -(-edits // PART)))


def main() -> int:
    """Prove, print what was compared, and answer 1 when the two checks disagree anywhere."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--edits", type=int, default=10_000, help="how many edits to make at least")
    parser.add_argument("--seed", type=int, default=1, help="where the random edits start")
    parser.add_argument("--jobs", type=int, default=2, help="how many processes share the work")
    asked = parser.parse_args()
    total = Tally()
    for part in parts(asked.edits, asked.seed, asked.jobs):
        total = Tally(total.edits + part.edits, total.cold + part.cold, total.warm + part.warm)
        if part.disagreement:
            sys.stdout.write(f"after {total.edits:,} edits the two checks disagree:\n{part.disagreement}\n")
            return 1
        sys.stderr.write(f"  {total.edits:,} edits\n")
    sys.stdout.write(
        f"{total.edits:,} edits, and never a disagreement between a check that remembers and one that does not;"
        f" it looked at {total.warm:,} functions and modules, the other at {total.cold:,}\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
