"""The user's line is told from those of the libraries between."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy.orm import session

from hermetic._where import PROJECT, SKIPPED, Sites


@pytest.mark.parametrize("name", ["sqlalchemy", "sqlmodel", "shop"])
def test_a_folder_may_bear_the_name_of_a_library(tmp_path: Path, name: str) -> None:
    """Whose a file is depends on which package was imported from there, not on how the folder is called."""
    kinds = [Sites().kind(str(file)) for file in (tmp_path / name / "app.py", session.__file__)]

    assert [PROJECT, SKIPPED] == kinds
