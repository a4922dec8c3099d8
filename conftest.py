"""What can be said on pytest's command line, wherever the tests are."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--screenshots` has the pictures of the documents taken anew."""
    parser.addoption("--screenshots", action="store_true", help="write the pictures in the documents anew")
