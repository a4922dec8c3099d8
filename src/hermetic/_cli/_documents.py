"""Reads what a run or a check wrote as JSON, for a report that people read."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .._catalogue import Finding, catalogue, finding_of
from .._check.checked import Sightings
from .._check.telling import seen as saw
from .._report.told import many
from ..errors import CheckFailed
from ._ran import Sources

VERSION = 1


@dataclass(frozen=True, slots=True)
class Document:
    """A document as a report needs it."""

    title: str
    facts: Sequence[tuple[str, str]]
    findings: Sequence[Finding]
    seen: Mapping[Finding, Sightings] = field(default_factory=dict)
    lines: Mapping[tuple[str, int], str] = field(default_factory=dict)
    titles: Mapping[str, str] = field(default_factory=dict)


def read(file: Path) -> Document:
    """What is in a file. Raises CheckFailed where that is neither a run's nor a check's."""
    try:
        text = file.read_text("utf-8")
        told = _told(text)
        return _run(told["run"], saw.load(file)) if "run" in told else _check(told)
    except OSError as error:
        raise CheckFailed(f"{file} cannot be read ({error.strerror})") from None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise CheckFailed(
            f"{file} is not what `hermetic run --output FILE` or `hermetic check --format json` writes"
        ) from None


# Any, here and below: JSON values; where they are not what we write, that is an error that `read` knows.
def _told(text: str) -> Mapping[str, Any]:
    """The document; JSON Lines are those of a run."""
    try:
        told = json.loads(text)
    except ValueError:
        return {"run": {}}
    if "fingerprint" in told:
        return {"run": {}}
    if told["version"] != VERSION:
        raise ValueError("another version")
    document: Mapping[str, Any] = told
    return document


def _run(run: Mapping[str, Any], seen: Mapping[Finding, Sightings]) -> Document:
    facts = []
    if run:
        count = many(len(run["processes"]), "process", "processes")
        facts = [
            ("command", shlex.join(run["command"])),
            ("watched", f"{count} for {run['seconds']:,.1f} s"),
            ("exit code", str(run["exit_code"])),
        ]
        facts += [("off", reason) for reason in dict.fromkeys(off for each in run["processes"] for off in each["off"])]
    return _document("What hermetic saw in a run", facts, list(seen), seen)


def _check(told: Mapping[str, Any]) -> Document:
    summary = told["summary"]
    facts = [
        (
            "checked",
            f"{many(summary['files'], 'file')}, {many(summary['lines'], 'line')} in {summary['seconds']:.1f} s",
        ),
        ("allowed", str(summary["suppressed"])),
        ("in the baseline", str(summary["known"])),
    ]
    findings = [finding_of(each) for each in told["findings"]]
    return _document("What hermetic found in a check", facts, findings, {})


def _document(
    title: str, facts: Sequence[tuple[str, str]], findings: Sequence[Finding], seen: Mapping[Finding, Sightings]
) -> Document:
    count = f"{many(len(findings), 'finding')} in {many(len({each.file for each in findings}), 'file')}"
    sources = Sources()
    return Document(
        title=title,
        facts=[("found", count), *facts],
        findings=sorted(findings, key=lambda each: (each.file, each.line, each.column, each.code)),
        seen=seen,
        lines=sources.quoted(each for each in findings if sources.told(each).fingerprint == each.fingerprint),
        titles={slug: hazard.title for slug, hazard in catalogue().items()},
    )
