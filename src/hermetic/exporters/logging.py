"""Tells a logger of findings, and of transactions that were open or idle for long, with the facts as fields of the record.

`extra` is what structlog, python-json-logger and every handler of logging services take fields from; nothing else is needed.
"""

from __future__ import annotations

import logging

from .._watch import Seen, Transaction, Using, Watched

LEVELS = {"error": logging.ERROR, "warning": logging.WARNING}


class Logging:
    """Give it to `hermetic.watch(exporters=[…])`; fields begin with `hermetic_`.

    Transactions are told from `open_s` seconds on, or when they asked nothing of the database for `idle_s` seconds.
    """

    def __init__(self, logger: str | logging.Logger = "hermetic", *, open_s: float = 5.0, idle_s: float = 1.0) -> None:
        self._log = logging.getLogger(logger) if isinstance(logger, str) else logger
        self._open_s = open_s
        self._idle_s = idle_s

    def __call__(self, seen: Seen) -> None:
        """A finding is seen for the first time, or ten times as often as when it was told last."""
        finding = seen.finding
        fields = {
            "hermetic_hazard": finding.slug,
            "hermetic_code": finding.code,
            "hermetic_severity": finding.severity,
            "hermetic_file": finding.file,
            "hermetic_line": finding.line,
            "hermetic_function": finding.function,
            "hermetic_count": seen.count,
            "hermetic_fix": finding.fix or "",
        }
        level = LEVELS.get(finding.severity, logging.INFO)
        self._log.log(level, "%s: %s", finding.slug, finding.message, extra=fields)

    def watching(self, watch: Watched) -> None:
        """Remember nothing: a log has no state."""

    def began(self, transaction: Transaction) -> None:
        """Nothing is told of what only begins."""

    def ended(self, transaction: Transaction) -> None:
        """A transaction is over."""
        open_s, idle_s = transaction.seconds, transaction.idle_s
        if open_s < self._open_s and idle_s < self._idle_s:
            return
        fields = {
            "hermetic_worker": transaction.using.worker,
            "hermetic_outcome": transaction.outcome,
            "hermetic_open_s": round(open_s, 3),
            "hermetic_idle_s": round(idle_s, 3),
            "hermetic_statements": transaction.statements,
            "hermetic_lazy_loads": transaction.lazy_loads,
        }
        self._log.warning("a transaction was open for %.1f s, idle for %.1f s of them", open_s, idle_s, extra=fields)

    def closed(self, using: Using) -> None:
        """Nothing is told of a session that is closed."""
