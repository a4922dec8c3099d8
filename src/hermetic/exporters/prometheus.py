"""Tells Prometheus of connections that are held, transactions, their idle time, lazy loads and findings, when it asks."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Histogram, Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from .._watch import Seen, Transaction, Using, Watched

SECONDS = (0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0, 60.0)


class Prometheus(Collector):
    """Give it to `hermetic.watch(exporters=[…])`, and serve its registry as you serve your other metrics."""

    def __init__(self, registry: CollectorRegistry = REGISTRY) -> None:
        self._watch: Watched | None = None
        self._open = Histogram(
            "hermetic_transaction_seconds",
            "How long transactions were open",
            ["outcome"],
            buckets=SECONDS,
            registry=registry,
        )
        self._idle = Histogram(
            "hermetic_transaction_idle_seconds",
            "The longest that each transaction asked nothing of the database",
            ["outcome"],
            buckets=SECONDS,
            registry=registry,
        )
        self._lazy = Counter("hermetic_lazy_loads", "SELECTs that the read of an attribute needed", registry=registry)
        registry.register(self)

    def __call__(self, seen: Seen) -> None:
        """A finding is counted where it is collected."""

    def watching(self, watch: Watched) -> None:
        """What is asked at every scrape."""
        self._watch = watch

    def began(self, transaction: Transaction) -> None:
        """What is open is asked for at every scrape."""

    def ended(self, transaction: Transaction) -> None:
        """A transaction is over."""
        self._open.labels(transaction.outcome).observe(transaction.seconds)
        self._idle.labels(transaction.outcome).observe(transaction.idle_s)
        self._lazy.inc(transaction.lazy_loads)

    def closed(self, using: Using) -> None:
        """Sessions are not counted."""

    def collect(self) -> Iterator[Metric]:
        """What is asked of the watcher at a scrape."""
        held = GaugeMetricFamily("hermetic_connections_held", "Connections that are out of their pools")
        found = CounterMetricFamily("hermetic_findings", "Hazards that were seen", labels=["hazard", "severity"])
        if self._watch is not None:
            held.add_metric([], self._watch.connections_held())
            for (slug, severity), count in self._watch.counts().items():
                found.add_metric([slug, severity], count)
        yield held
        yield found
