"""Sessions, transactions and findings where OpenTelemetry's own SDK has them: in spans, events and metrics."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest

pytest.importorskip("opentelemetry.sdk", reason="opentelemetry-sdk is not installed")

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.semconv.attributes.code_attributes import CODE_FILE_PATH, CODE_FUNCTION_NAME, CODE_LINE_NUMBER
from opentelemetry.semconv.attributes.db_attributes import DB_SYSTEM_NAME

from hermetic.exporters.opentelemetry import OpenTelemetry

from .work import commit, load_lazily, told_to

DB_CLIENT_CONNECTION_COUNT = "db.client.connection.count"


class Sdk:
    """OpenTelemetry's SDK, keeping what it is told in memory."""

    def __init__(self) -> None:
        self._spans, self._metrics = InMemorySpanExporter(), InMemoryMetricReader()
        self.tracers, self.meters = TracerProvider(), MeterProvider([self._metrics])
        self.tracers.add_span_processor(SimpleSpanProcessor(self._spans))
        self.exporter = OpenTelemetry(tracer_provider=self.tracers, meter_provider=self.meters)

    def spans(self) -> dict[str, ReadableSpan]:
        """The spans that ended, by name."""
        return {span.name: span for span in self._spans.get_finished_spans()}

    def points(self, name: str) -> list[Any]:
        """The points of a metric. Any: their class depends on its kind."""
        data = self._metrics.get_metrics_data()
        found = [
            each
            for resource in data.resource_metrics
            if data
            for scope in resource.scope_metrics
            for each in scope.metrics
        ]
        return [point for metric in found if metric.name == name for point in metric.data.data_points]


@pytest.fixture
def sdk() -> Sdk:
    """A fresh SDK, with an exporter."""
    return Sdk()


def test_a_transaction_is_a_span(shop: ModuleType, sdk: Sdk) -> None:
    """Below its session's, which is below the span that was current; named and told as the conventions have it."""
    with told_to(sdk.exporter), sdk.tracers.get_tracer("app").start_as_current_span("GET /orders"):
        commit(shop)
    spans = sdk.spans()
    transaction, session, request = (spans[name] for name in ("transaction", "session", "GET /orders"))
    told = dict(transaction.attributes or {})

    assert [session.context, request.context] == [transaction.parent, session.parent]
    assert ("sqlite", "commit") == (told[DB_SYSTEM_NAME], told[CODE_FUNCTION_NAME])
    assert ("committed", 1, 0) == tuple(told[f"hermetic.{name}"] for name in ("outcome", "statements", "lazy_loads"))
    assert str(told[CODE_FILE_PATH]).endswith("work.py")
    assert isinstance(told[CODE_LINE_NUMBER], int)


def test_a_finding_is_an_event(shop: ModuleType, sdk: Sdk) -> None:
    """On the span in which it happened, with what it is and where; a transaction counts its lazy loads."""
    with told_to(sdk.exporter), sdk.tracers.get_tracer("app").start_as_current_span("GET /orders"):
        load_lazily(shop)
    spans = sdk.spans()
    (event,) = spans["GET /orders"].events
    told = dict(event.attributes or {})

    assert ("hermetic.finding", "n-plus-one", "warning", "load_lazily") == (
        event.name, told["hermetic.hazard"], told["hermetic.severity"], told[CODE_FUNCTION_NAME],
    )  # fmt: skip
    assert 3 == dict(spans["transaction"].attributes or {})["hermetic.lazy_loads"]


def test_metrics(shop: ModuleType, sdk: Sdk) -> None:
    """Held connections now, and in all: findings, lazy loads, and how long transactions were open and idle."""
    with told_to(sdk.exporter):
        load_lazily(shop)
        with shop.SessionLocal() as session:
            session.get(shop.Order, 1)
            held = sdk.points(DB_CLIENT_CONNECTION_COUNT)
        after = sdk.points(DB_CLIENT_CONNECTION_COUNT)
        found, lazy, took = (sdk.points(f"hermetic.{name}") for name in ("findings", "lazy_loads", "transaction.idle"))

    assert [1, 0] == [held[0].value, after[0].value]
    assert [({"hermetic.hazard": "n-plus-one", "hermetic.severity": "warning"}, 3)] == [
        (dict(each.attributes), each.value) for each in found
    ]
    assert [3] == [each.value for each in lazy]
    assert [("closed", 2)] == [(each.attributes["hermetic.outcome"], each.count) for each in took]
