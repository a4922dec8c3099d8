"""What Prometheus gets at a scrape: read as it does, and by a real one where it is installed."""

from __future__ import annotations

import json
import shutil
import subprocess
import urllib.parse
import urllib.request
from pathlib import Path
from types import ModuleType

import pytest

pytest.importorskip("prometheus_client", reason="prometheus-client is not installed")

from prometheus_client import CollectorRegistry, generate_latest, start_http_server
from prometheus_client.parser import text_string_to_metric_families

from hermetic.exporters.prometheus import Prometheus
from tests.watch.running import eventually, free_port, says

from .work import commit, load_lazily, told_to

GRAFANA = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "grafana.json"


def samples(registry: CollectorRegistry) -> dict[str, float]:
    """What a scrape gets: values by name and labels."""
    families = text_string_to_metric_families(generate_latest(registry).decode())
    return {
        " ".join([sample.name, *(f"{key}={value}" for key, value in sample.labels.items())]): sample.value
        for family in families
        for sample in family.samples
    }


def test_a_scrape(shop: ModuleType) -> None:
    """Connections that are held now; findings, lazy loads, transactions and their idle time in all."""
    registry = CollectorRegistry()
    with told_to(Prometheus(registry)):
        load_lazily(shop)
        commit(shop)
        with shop.SessionLocal() as session:
            session.get(shop.Order, 1)
            meanwhile = samples(registry)
        after = samples(registry)

    assert [1, 0] == [each["hermetic_connections_held"] for each in (meanwhile, after)]
    assert 3 == after["hermetic_findings_total hazard=n-plus-one severity=warning"]
    assert 3 == after["hermetic_lazy_loads_total"]
    assert [2, 1] == [after[f"hermetic_transaction_seconds_count outcome={it}"] for it in ("closed", "committed")]
    assert after["hermetic_transaction_idle_seconds_sum outcome=closed"] > 0


def test_the_board_asks_for_what_there_is(shop: ModuleType) -> None:
    """Every metric that the panels of docs/how-to/grafana.json name is one that is exported."""
    registry = CollectorRegistry()
    with told_to(Prometheus(registry)):
        load_lazily(shop)
        names = {name.split()[0] for name in samples(registry)}
    panels = json.loads(GRAFANA.read_text("utf-8"))["panels"]
    asked = [target["expr"] for panel in panels for target in panel["targets"]]

    assert len(asked) >= 6
    assert [] == [expr for expr in asked if not any(name in expr for name in names if name.startswith("hermetic_"))]


def test_a_real_prometheus_scrapes_it(shop: ModuleType, tmp_path: Path) -> None:
    """Debian's, of a program that serves its metrics as prometheus-client does."""
    if shutil.which("prometheus") is None:
        pytest.skip("there is no Prometheus here: apt-get install prometheus")
    registry, port, metrics_port = CollectorRegistry(), free_port(), free_port()
    scrape = {"job_name": "shop", "static_configs": [{"targets": [f"127.0.0.1:{metrics_port}"]}]}
    (tmp_path / "prometheus.yml").write_text(
        json.dumps({"global": {"scrape_interval": "1s"}, "scrape_configs": [scrape]})
    )
    command = [
        "prometheus",
        "--config.file=prometheus.yml",
        "--storage.tsdb.path=data",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    query = urllib.parse.quote('hermetic_findings_total{hazard="n-plus-one"}')
    with told_to(Prometheus(registry)):
        load_lazily(shop)
        server, thread = start_http_server(metrics_port, "127.0.0.1", registry)
        prometheus = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            found = eventually(
                lambda: (
                    json.loads(says(f"http://127.0.0.1:{port}/api/v1/query?query={query}") or b"{}")
                    .get("data", {})
                    .get("result")
                ),
                "Prometheus has scraped it",
            )
        finally:
            prometheus.terminate()
            prometheus.wait()
            server.shutdown()
            server.server_close()
            thread.join()

    assert [("warning", "3")] == [(each["metric"]["severity"], each["value"][1]) for each in found]
