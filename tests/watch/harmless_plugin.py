"""Loaded into the test suite of somebody else: writes down how each test ends and, where asked, watches meanwhile."""

from __future__ import annotations

import json
import os
from collections import Counter
from pathlib import Path

import pytest

OUTCOMES, WATCHED = "HARMLESS_OUTCOMES", "HARMLESS_WATCHED"
"""Environment variables: the file for the outcomes, and the one for what each process has watched, if it shall."""

SAID = 600
"""So many characters of an error are kept, the last ones."""

if WATCHED in os.environ:
    import hermetic
    from hermetic._watch import Settings

    # These tests are looked at as the programs that they play: what is held back in a test suite is not held back here.
    watch = hermetic.watch(settings=Settings(mode="count", under_test=False))


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Note how a phase of a test ended; with xdist, in the process that hands out the tests."""
    if "PYTEST_XDIST_WORKER" not in os.environ:
        outcome = f"x{report.outcome}" if hasattr(report, "wasxfail") else report.outcome
        said = str(report.longrepr)[-SAID:] if report.failed else ""
        _write(OUTCOMES, [report.nodeid, report.when, outcome, said])


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Tell what this process has watched: a suite that nobody watches is harmed by nobody."""
    if WATCHED not in os.environ or session.config.pluginmanager.has_plugin("dsession"):
        return
    findings: Counter[str] = Counter()
    for seen in watch.findings():
        findings[seen.finding.slug] += seen.count
    _write(WATCHED, [watch.off, watch.failures, findings])


def _write(variable: str, line: list[object]) -> None:
    """Add a line of JSON to the file that an environment variable names."""
    with Path(os.environ[variable]).open("a", encoding="utf-8") as file:
        file.write(f"{json.dumps(line)}\n")
