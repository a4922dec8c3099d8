"""The page on exporters runs, from its first example to its last."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

pytest.importorskip("prometheus_client", reason="prometheus-client is not installed")
pytest.importorskip("opentelemetry.sdk", reason="opentelemetry-sdk is not installed")

import hermetic
from tests.pages import run


@pytest.fixture
def unwatched() -> Iterator[None]:
    """Whatever a page switches on is off again."""
    yield
    for _ in range(4):
        hermetic.unwatch()


@pytest.mark.usefixtures("unwatched")
def test_the_page_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its four exporters are on together, and none of them is dropped."""
    names = run("exporters", monkeypatch)
    watch = names["hermetic"].watch(mode="count")
    off = watch.off
    hermetic.unwatch()

    assert {} == off
    assert callable(names["told"])
