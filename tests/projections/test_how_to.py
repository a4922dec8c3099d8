from __future__ import annotations

import pytest

from tests.pages import examples, run


def test_the_page_does_what_it_says(monkeypatch: pytest.MonkeyPatch) -> None:
    """The examples of the page are one module, and what they claim holds."""
    names = run("projections", monkeypatch)
    names["session"].close()
    names["engine"].dispose()

    assert 13 == len(examples("projections"))
