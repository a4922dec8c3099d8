"""What a check found out about a project goes when the check is over, however many follow in the same process."""

from __future__ import annotations

import gc
from pathlib import Path
from weakref import ref

import pytest

from hermetic._check.engine import analyze
from hermetic._check.work.memory import Memory
from tests.hazards.cases import cases


@pytest.mark.parametrize("slug", ["blind-retry", "n-plus-one", "poisoned-session"])
def test_the_syntax_of_a_project_goes_with_its_check(slug: str, tmp_path: Path) -> None:
    """Conditions, loops, retries and the heads of functions are remembered while they are there, and no longer."""
    trees = []
    for case in list(cases(slug))[:10]:
        files = case.sources()
        analyze(files, memory=Memory(tmp_path / str(case.number), ()))
        trees += [ref(file.tree) for file in files]
    del files
    gc.collect()

    assert [None] * len(trees) == [tree() for tree in trees]
