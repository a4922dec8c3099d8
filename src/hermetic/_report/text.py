"""Writes a report for people: each finding with its story beside the source, then what was found and understood."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from textwrap import wrap

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from .._catalogue import CONFIDENCES, Finding, Safety, Severity
from .story import story
from .told import RECOGNISED_NOTHING, Counts, Report, Sightings, Stale, many, seen_in_words

_NARROWEST = 60
SEVERITIES: dict[Severity, str] = {"error": "bold red", "warning": "bold yellow", "info": "bold blue"}
_BY: dict[Safety | None, str] = {"safe": "--fix", "unsafe": "--fix --unsafe"}
_UNRESOLVED_NAMED = 5
_STALE_NAMED = 3


@dataclass(frozen=True, slots=True)
class Layout:
    """How wide to write, whether to break long lines there (not into a pipe: one finding, one line), and in colour."""

    width: int = 100
    breaks: bool = False
    colour: bool = False
    summary: bool = True


def render(report: Report, layout: Layout | None = None) -> str:
    """The whole report, findings first, its summary last."""
    layout = layout or Layout()
    return drawn(_lines(report, layout), layout)


def drawn(lines: Iterable[Text], layout: Layout) -> str:
    """The lines as a stream takes them, in colour or plain."""
    out = io.StringIO()
    console = Console(
        file=out, width=layout.width, force_terminal=layout.colour, no_color=not layout.colour, highlight=False,
        markup=False, emoji=False, legacy_windows=False,
    )  # fmt: skip
    for line in lines:
        line.rstrip()  # in place
        console.print(line, soft_wrap=True)
    return out.getvalue()


def findings(report: Report, layout: Layout) -> Iterator[Text]:
    """The findings with their stories; under a line of their own, those that were seen only while the program ran."""
    for title, told in _parts(report):
        if title and told:
            yield Text(title, "bold")
            yield Text()
        for group in _by_cause(told):
            yield from _header(group[0], layout)
            yield from story(group[0], report, max(layout.width, _NARROWEST))
            yield from _fix(group[0], layout)
            yield from _seen([report.seen[each] for each in group if each in report.seen])
            yield from _also(group[1:], layout)
            yield Text()


def _parts(report: Report) -> Iterator[tuple[str, list[Finding]]]:
    yield "", [each for each in report.findings if each not in report.only_seen]
    yield "Seen while running, and not by the check:", [each for each in report.findings if each in report.only_seen]


def _seen(sightings: Sequence[Sightings]) -> Iterator[Text]:
    """How often it happened while the program ran."""
    if sightings:
        yield Text.assemble(("  seen: ", "bold magenta"), (seen_in_words(sightings), "magenta"))


def _lines(report: Report, layout: Layout) -> Iterator[Text]:
    yield from findings(report, layout)
    for unused in report.unused_suppressions:
        yield Text.assemble(
            (f"{unused.file}:{unused.line}", "cyan"),
            (" allow", "bold yellow"),
            f"[{unused.slug}] covers nothing; remove it",
        )
    if layout.summary:
        if report.unused_suppressions:
            yield Text()
        yield from _table(report.findings)
        for sentence in _sentences(report):
            yield from wrapped(sentence, layout)


def _by_cause(findings: Iterable[Finding]) -> Iterable[list[Finding]]:
    """The findings, those together whose stories end in the same line of another place: many calls, one cause."""
    groups: dict[object, list[Finding]] = {}
    for finding in findings:
        end = finding.story[-1] if finding.story else None
        elsewhere = end is not None and (end.file, end.line) != (finding.file, finding.line)
        key = (finding.slug, finding.confidence, end.file, end.line) if elsewhere and end else id(finding)
        groups.setdefault(key, []).append(finding)
    return groups.values()


def _also(alike: Sequence[Finding], layout: Layout) -> Iterator[Text]:
    """Where else a finding with the same cause was made, each file named once."""
    places: dict[str, list[str]] = {}
    for finding in alike:
        places.setdefault(finding.file, []).append(f"{finding.line}:{finding.column}")
    told = [f"{file}:{', '.join(lines)}" for file, lines in places.items()]
    for index, place in enumerate(told):
        label = "   also: " if index == 0 else " " * 9
        for number, piece in enumerate(_pieces(place, layout.width - len(label)) if layout.breaks else [place]):
            yield Text.assemble((label if number == 0 else " " * len(label), "dim"), (piece, "cyan"))


def _header(finding: Finding, layout: Layout) -> Iterator[Text]:
    doubt = "" if finding.confidence == "proven" else f" ({finding.confidence})"
    header = Text.assemble(
        (f"{finding.file}:{finding.line}:{finding.column}", "cyan"),
        " ",
        (finding.slug, SEVERITIES[finding.severity]),
        (doubt, "dim"),
        "  ",
        (" ".join(finding.message.split()), "bold"),
    )
    yield from wrapped(header, layout)


def _fix(finding: Finding, layout: Layout) -> Iterator[Text]:
    if finding.fix is None:
        return
    label = "   fix: "
    by = f"  [{_BY[finding.safety]}]" if finding.edits and finding.safety in _BY else ""
    for index, line in enumerate(f"{finding.fix.strip()}{by}".split("\n")):
        start = label if index == 0 else " " * len(label)
        pieces = wrap(line, max(layout.width, _NARROWEST) - len(label)) if layout.breaks else [line]
        for number, piece in enumerate(pieces or [""]):
            yield Text.assemble((start if number == 0 else " " * len(label), "bold green"), (piece, "green"))


def wrapped(line: Text, layout: Layout) -> Iterator[Text]:
    """A line as it is, or broken between words with the rest indented; a path is never broken, so it can be clicked."""
    if not layout.breaks or cell_len(line.plain) <= layout.width:
        yield line
        return
    at = 0
    for piece in _pieces(line.plain, layout.width - 2):
        start = line.plain.index(piece, at)
        yield Text("  " if at else "") + line[start : start + len(piece)]
        at = start + len(piece)


def _pieces(text: str, width: int) -> list[str]:
    """The text cut between words, as its own substrings."""
    return wrap(
        text, max(width, 20), break_long_words=False, break_on_hyphens=False, expand_tabs=False,
        replace_whitespace=False,
    )  # fmt: skip


def _table(findings: Iterable[Finding]) -> Iterator[Text]:
    """How often each hazard was found, by confidence, the most frequent first."""
    counts = Counter((finding.slug, finding.confidence) for finding in findings)
    if not counts:
        return
    confidences = [each for each in CONFIDENCES if any(confidence == each for _, confidence in counts)]
    totals: Counter[str] = Counter()
    for (slug, _), count in counts.items():
        totals[slug] += count
    width = max(map(len, totals))
    yield Text(" " * width + "".join(f"{each:>10}" for each in confidences), "dim")
    for slug, _ in sorted(totals.items(), key=lambda pair: (-pair[1], pair[0])):
        cells = "".join(f"{counts[slug, each] or '':>10}" for each in confidences)
        yield Text.assemble((f"{slug:<{width}}", "bold"), cells)
    yield Text()


def _sentences(report: Report) -> Iterator[Text]:
    counts = report.counts
    found = len(report.findings)
    files = len({finding.file for finding in report.findings})
    if found:
        yield Text.assemble(
            (f"{many(found, 'finding')} in {many(files, 'file')}", "bold"),
            f"; hermetic explain {_most_frequent(report.findings)} tells what to do",
        )
    else:
        yield Text("no findings", "bold")
    if report.suppressed:
        yield Text(f"{len(report.suppressed)} allowed by comments")
    if report.known:
        yield Text(f"{len(report.known)} known from the baseline")
    if report.stale:
        yield Text.assemble((_stale(report.stale), "yellow"))
    yield from _left_out(counts)
    yield Text(
        f"checked {many(counts.files, 'file')}, {many(counts.lines, 'line')} in {counts.seconds:.1f} s:"
        f" {many(counts.sessions, 'session provider')}, {many(counts.models, 'mapped class', 'mapped classes')}"
    )
    missing = (
        (report.unresolved, "session provider", "not understood"),
        (report.given_up, "function", "too long to follow to the end"),
    )
    for names, noun, what in missing:
        if names:
            more = ", …" if len(names) > _UNRESOLVED_NAMED else ""
            named = ", ".join(names[:_UNRESOLVED_NAMED])
            yield Text(f"{many(len(names), noun)} {what}: {named}{more}", "yellow")
    if report.recognised_nothing:
        yield Text(RECOGNISED_NOTHING, "bold yellow")


def _left_out(counts: Counts) -> Iterator[Text]:
    """How much there is besides what is told."""
    if counts.unchanged:
        yield Text(f"{counts.unchanged} that no change touches, not shown")
    if counts.elsewhere:
        yield Text(f"{counts.elsewhere} seen while running, in files that were not checked")
    if counts.hidden:
        yield Text(f"{counts.hidden} less sure, not shown: --min-confidence possible shows them")
    if counts.lowered:
        yield Text(
            f"{counts.lowered} in tests, migrations and examples, taken as one step less sure: --tests takes them as code"
        )


def _stale(stale: Sequence[Stale]) -> str:
    """How much of the baseline is found no more, and where."""
    places = [f"{each.hazard} in {each.function} ({each.file})" for each in stale[:_STALE_NAMED]]
    more = ", …" if len(stale) > _STALE_NAMED else ""
    count = sum(each.count for each in stale)
    return f"{count} in the baseline no longer found, --prune takes {'it' if count == 1 else 'them'} out: {', '.join(places)}{more}"


def _most_frequent(findings: Iterable[Finding]) -> str:
    return Counter(finding.slug for finding in findings).most_common(1)[0][0]
