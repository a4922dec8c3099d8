"""Tells OpenTelemetry of sessions and transactions as spans, of findings as events on the span that is current, and in metrics.

Names are those of the semantic conventions (1.39) where they have one; the others begin with `hermetic.`.
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib import metadata

from opentelemetry import trace
from opentelemetry.metrics import CallbackOptions, MeterProvider, Observation, get_meter_provider
from opentelemetry.trace import Span, Status, StatusCode, TracerProvider, get_tracer_provider, set_span_in_context

from .._watch import Seen, Transaction, Using, Watched
from .._where import Site

DB_SYSTEM_NAME = "db.system.name"
CODE_FILE_PATH, CODE_LINE_NUMBER, CODE_FUNCTION_NAME = "code.file.path", "code.line.number", "code.function.name"

Attributes = dict[str, str | int | float]

LOST = ("thrown away", "process ended")


class OpenTelemetry:
    """Give it to `hermetic.watch(exporters=[…])`; providers are the global ones unless they are named."""

    def __init__(
        self, *, tracer_provider: TracerProvider | None = None, meter_provider: MeterProvider | None = None
    ) -> None:
        version = metadata.version("hermetic")
        self._tracer = (tracer_provider or get_tracer_provider()).get_tracer("hermetic", version)
        meter = (meter_provider or get_meter_provider()).get_meter("hermetic", version)
        self._watch: Watched | None = None
        self._sessions: dict[int, Span] = {}
        self._transactions: dict[int, Span] = {}
        self._open = meter.create_histogram("hermetic.transaction.duration", "s", "How long transactions were open")
        self._idle = meter.create_histogram("hermetic.transaction.idle", "s", "The longest that each asked nothing")
        self._lazy = meter.create_counter("hermetic.lazy_loads", "{load}", "SELECTs that an attribute needed")
        meter.create_observable_counter("hermetic.findings", [self._findings], "{finding}", "Hazards that were seen")
        meter.create_observable_up_down_counter(
            "db.client.connection.count", [self._connections], "{connection}", "Connections that are out of their pools"
        )

    def __call__(self, seen: Seen) -> None:
        """A finding: an event on the span in which it was seen first, or ten times as often as when it was told last."""
        finding = seen.finding
        trace.get_current_span().add_event(
            "hermetic.finding",
            {
                "hermetic.hazard": finding.slug,
                "hermetic.code": finding.code,
                "hermetic.severity": finding.severity,
                "hermetic.message": finding.message,
                "hermetic.fix": finding.fix or "",
                "hermetic.count": seen.count,
                CODE_FILE_PATH: finding.file,
                CODE_LINE_NUMBER: finding.line,
                CODE_FUNCTION_NAME: finding.function or "<module>",
            },
        )

    def watching(self, watch: Watched) -> None:
        """What the metrics ask when they are collected."""
        self._watch = watch

    def began(self, transaction: Transaction) -> None:
        """A span for the session at its first transaction, below the current one, and one for the transaction below that."""
        using = transaction.using
        session = self._sessions.get(id(using))
        if session is None:
            session = self._tracer.start_span("session", attributes=self._code(using.life.opened))
            session.set_attribute("hermetic.worker", using.worker)
            self._sessions[id(using)] = session
        span = self._tracer.start_span(
            "transaction",
            set_span_in_context(session),
            attributes={**self._code(transaction.site), DB_SYSTEM_NAME: using.life.dialect},
        )
        self._transactions[id(transaction)] = span

    def ended(self, transaction: Transaction) -> None:
        """A transaction is over."""
        system = {DB_SYSTEM_NAME: transaction.using.life.dialect}
        attributes = {"hermetic.outcome": transaction.outcome, **system}
        self._open.record(transaction.seconds, attributes)
        self._idle.record(transaction.idle_s, attributes)
        self._lazy.add(transaction.lazy_loads, system)
        span = self._transactions.pop(id(transaction), None)
        if span is None:
            return
        span.set_attributes(
            {
                "hermetic.outcome": transaction.outcome,
                "hermetic.statements": transaction.statements,
                "hermetic.lazy_loads": transaction.lazy_loads,
                "hermetic.idle": transaction.idle_s,
            }
        )
        if transaction.outcome in LOST:
            span.set_status(Status(StatusCode.ERROR, transaction.outcome))
        span.end()

    def closed(self, using: Using) -> None:
        """A session is closed."""
        span = self._sessions.pop(id(using), None)
        if span is not None:
            span.end()

    def _code(self, site: Site | None) -> Attributes:
        if site is None or self._watch is None:
            return {}
        place = self._watch.sites.place(site)
        return {
            CODE_FILE_PATH: place.file,
            CODE_LINE_NUMBER: place.line,
            CODE_FUNCTION_NAME: place.function or "<module>",
        }

    def _connections(self, _options: CallbackOptions) -> Iterable[Observation]:
        if self._watch is not None:
            yield Observation(self._watch.connections_held(), {"db.client.connection.state": "used"})

    def _findings(self, _options: CallbackOptions) -> Iterable[Observation]:
        for (slug, severity), count in (self._watch.counts() if self._watch is not None else {}).items():
            yield Observation(count, {"hermetic.hazard": slug, "hermetic.severity": severity})
