"""Writes a report as Markdown, for the comment on a pull request or the summary of a job."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from .._catalogue import CONFIDENCES, Finding
from .story import story
from .told import RECOGNISED_NOTHING, Report, many, seen_in_words

LONGEST = 60_000
"""Signs of findings told in full; GitHub refuses a comment of more than 65,536."""

_WIDTH = 100
_SIGNS = re.compile(r"([\\`*_{}\[\]<>#|~!&@])")


def render(report: Report) -> str:
    """A heading, a table by hazard, each finding with its story folded away, and what was checked."""
    return "\n".join(_lines(report)) + "\n"


def _lines(report: Report) -> Iterator[str]:
    found, files = len(report.findings), len({finding.file for finding in report.findings})
    yield f"## Hermetic: {many(found, 'finding')} in {many(files, 'file')}" if found else "## Hermetic: no findings"
    yield ""
    if report.recognised_nothing:
        yield f"**{RECOGNISED_NOTHING}**"
        yield ""
    if found:
        yield from _table(report)
        yield ""
        yield from _details(report)
    yield _summary(report)


def _table(report: Report) -> Iterator[str]:
    """How often each hazard was found, the most frequent first."""
    totals = Counter(finding.slug for finding in report.findings)
    counts = Counter((finding.slug, finding.confidence) for finding in report.findings)
    yield f"| hazard | {' | '.join(CONFIDENCES)} |"
    yield "|---|" + "--:|" * len(CONFIDENCES)
    for slug, _ in sorted(totals.items(), key=lambda pair: (-pair[1], pair[0])):
        yield f"| `{slug}` | {' | '.join(str(counts[slug, each] or '') for each in CONFIDENCES)} |"


def _details(report: Report) -> Iterator[str]:
    """The findings in full, as many as one comment takes."""
    room = LONGEST
    for index, finding in enumerate(report.findings):
        told = list(_detail(finding, report))
        room -= sum(len(line) + 1 for line in told)
        if room < 0:
            yield f"and {len(report.findings) - index} more; `hermetic check` tells all of them."
            yield ""
            return
        yield from told


def _detail(finding: Finding, report: Report) -> Iterator[str]:
    doubt = "" if finding.confidence == "proven" else f" ({finding.confidence})"
    place = _escaped(f"{finding.file}:{finding.line}")
    yield f"<details><summary>{place} <b>{finding.slug}</b>{doubt}: {_escaped(finding.message)}</summary>"
    yield ""
    yield from _fenced("\n".join(line.plain.rstrip() for line in story(finding, report, _WIDTH)))
    if finding.fix is not None:
        yield "Fix:"
        yield from _fenced(finding.fix)
    if finding in report.seen:
        yield f"Seen {seen_in_words([report.seen[finding]])}."
        yield ""
    yield "</details>"
    yield ""


def _summary(report: Report) -> str:
    counts = report.counts
    told = [
        f"{many(counts.files, 'file')}, {many(counts.lines, 'line')}",
        many(counts.sessions, "session provider"),
        many(counts.models, "mapped class", "mapped classes"),
    ]
    beside = [
        (len(report.known), "known from the baseline"),
        (sum(each.count for each in report.stale), "in the baseline no longer found"),
        (len(report.suppressed), "allowed by comments"),
        (counts.hidden, "less sure, not shown"),
        (counts.unchanged, "that no change touches"),
        (len(report.problems), "files or comments with problems"),
    ]
    return "; ".join([f"Checked {', '.join(told)}", *(f"{count} {what}" for count, what in beside if count)]) + "."


def _fenced(text: str) -> Iterator[str]:
    """A text as a code block, whatever it holds."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    yield f"{fence}text\n{text}\n{fence}"


def _escaped(text: str) -> str:
    """A text on one line that Markdown and HTML leave as it is, and that calls nobody."""
    return _SIGNS.sub(lambda sign: f"&#{ord(sign[1])};", " ".join(text.split()))
