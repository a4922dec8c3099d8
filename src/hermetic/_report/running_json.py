"""Writes what a run has to tell for programs: one document as `run.schema.json` beside this file has it, or a line a finding."""

from __future__ import annotations

import json
from typing import Any

from .._catalogue import Finding
from .json import FORMAT_VERSION, finding_fields, seen_fields
from .running import Process, Run, Unwatched
from .told import Sightings, told_apart, version


def render(run: Run) -> str:
    """The run as one JSON document, ASCII only."""
    return json.dumps(_document(run), indent=2) + "\n"


def render_lines(run: Run) -> str:
    """The findings, each as one line of JSON."""
    apart = told_apart(run.report.findings)
    return "".join(sighting(each, run.report.seen[each], fingerprint) for each, fingerprint in apart)


def sighting(finding: Finding, seen: Sightings, fingerprint: str) -> str:
    """One finding as one line; a later line with its fingerprint replaces it."""
    return json.dumps(_sighted(finding, seen, fingerprint), separators=(",", ":")) + "\n"


# Any, here and below: JSON values.
def _document(run: Run) -> dict[str, Any]:
    return {
        "version": FORMAT_VERSION,
        "tool": {"name": "hermetic", "version": version()},
        "run": {
            "command": list(run.command),
            "exit_code": run.exit_code,
            "seconds": round(run.seconds, 3),
            "processes": list(map(_process, run.processes)),
            "unwatched": list(map(_unwatched, run.unwatched)),
        },
        "findings": [
            _sighted(finding, run.report.seen[finding], fingerprint)
            for finding, fingerprint in told_apart(run.report.findings)
        ],
    }


def _sighted(finding: Finding, seen: Sightings, fingerprint: str) -> dict[str, Any]:
    return {**finding_fields(finding), "fingerprint": fingerprint, "seen": seen_fields(seen)}


def _process(process: Process) -> dict[str, Any]:
    return {
        "pid": process.pid,
        "ppid": process.ppid,
        "argv": list(process.argv),
        "python": process.python,
        "sqlalchemy": process.sqlalchemy,
        "off": list(process.off),
    }


def _unwatched(process: Unwatched) -> dict[str, Any]:
    return {"pid": process.pid, "python": process.python, "off": process.off}
