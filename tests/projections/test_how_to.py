from __future__ import annotations

import pytest

from tests.pages import examples, run

PAGES = {"projections": 15, "projections-by-kind": 10, "coming-from": 7}


@pytest.mark.filterwarnings("ignore:The declarative_mixin decorator")  # Advanced Alchemy 1.12 on SQLAlchemy 2.1
@pytest.mark.parametrize("page", PAGES)
def test_the_page_does_what_it_says(page: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The examples of the page are one module, and what they claim holds."""
    names = run(page, monkeypatch)
    names["session"].close()
    names["engine"].dispose()

    assert PAGES[page] == len(examples(page))
