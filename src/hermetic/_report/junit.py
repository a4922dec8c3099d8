"""Writes a report as JUnit XML, which nearly every build server shows.

Each file with findings is a suite, each finding a failed case; what a comment or the baseline allows is skipped.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import PurePath
from xml.etree import ElementTree

from .._catalogue import Finding
from .story import story
from .told import RECOGNISED_NOTHING, Report, seen_in_words

_WIDTH = 120
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render(report: Report) -> str:
    """The report as one XML document, ASCII only; a clean one holds one case that passes."""
    skipped = [(each, "the baseline holds it") for each in report.known]
    skipped += [(each, reason or "a comment allows it") for each, reason in report.suppressed]
    whys = [(each, None) for each in report.findings] + skipped
    by_file: dict[str, list[tuple[Finding, str | None]]] = {}
    for finding, why in sorted(whys, key=lambda pair: (pair[0].file, pair[0].line, pair[0].column)):
        by_file.setdefault(finding.file, []).append((finding, why))
    root = _element("testsuites", name="hermetic", tests=max(len(whys), 1), failures=len(report.findings), errors=0)
    for file, cases in by_file.items():
        root.append(_suite(file, cases, report))
    if not by_file:
        root.append(_nothing(report))
    ElementTree.indent(root)
    text: str = ElementTree.tostring(root, encoding="us-ascii", xml_declaration=True).decode("ascii")
    return text + "\n"


def _suite(file: str, cases: Iterable[tuple[Finding, str | None]], report: Report) -> ElementTree.Element:
    """The findings of one file, each with the reason to skip it or None."""
    cases = list(cases)
    skipped = sum(why is not None for _, why in cases)
    counts = {"tests": len(cases), "failures": len(cases) - skipped, "errors": 0, "skipped": skipped}
    suite = _element("testsuite", name=file, file=file, **counts)
    for finding, why in cases:
        name = f"{finding.slug} in {finding.function or file}"
        case = _element("testcase", name=name, classname=".".join(PurePath(file).with_suffix("").parts))
        case.append(_skipped(why) if why is not None else _failure(finding, report))
        suite.append(case)
    return suite


def _failure(finding: Finding, report: Report) -> ElementTree.Element:
    element = _element("failure", type=f"{finding.code} {finding.slug} ({finding.confidence})", message=finding.message)
    lines = [
        f"{finding.file}:{finding.line}:{finding.column}: {finding.message}",
        *(line.plain.rstrip() for line in story(finding, report, _WIDTH)),
    ]
    fix = [] if finding.fix is None else [f"fix: {finding.fix}"]
    seen = [f"seen: {seen_in_words([report.seen[finding]])}"] if finding in report.seen else []
    element.text = _xml("\n".join([*lines, *fix, *seen]))
    return element


def _skipped(why: str) -> ElementTree.Element:
    return _element("skipped", message=why)


def _nothing(report: Report) -> ElementTree.Element:
    """The suite of a report without findings: a case that passes, or is skipped where nothing was recognised."""
    unsure = report.recognised_nothing
    suite = _element("testsuite", name="hermetic", tests=1, failures=0, errors=0, skipped=int(unsure))
    case = _element("testcase", name="no findings", classname="hermetic")
    if unsure:
        case.append(_skipped(RECOGNISED_NOTHING))
    suite.append(case)
    return suite


def _element(tag: str, **attributes: str | int) -> ElementTree.Element:
    return ElementTree.Element(tag, {name: _xml(str(value)) for name, value in attributes.items()})


def _xml(text: str) -> str:
    """The text without the signs that no XML document may hold, such as lone surrogates of file names."""
    return _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", text)
