"""Reads the cases and pages: which code they hold, and on which of its lines a finding is expected."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from markdown_it import MarkdownIt

from hermetic._catalogue import CONFIDENCES, Finding, Hazard
from hermetic._check.source.discover import SourceFile
from hermetic._check.templates.files import Template

HERE = Path(__file__).resolve().parent
WORLD = HERE.parent / "world.py"
WHEN_IT_RUNS = "When it runs"

FILE = re.compile(r"\A(?:# |\{# )file: (?P<name>\S+)")
CAUGHT = re.compile(r"# caught(?:: (?P<words>[\w, -]+))?\s*$")


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block: the heading it stands under, the line of the document on which it begins, and its language."""

    heading: str
    line: int
    text: str
    language: str = "python"

    @property
    def file(self) -> str | None:
        """The name that the block's first line gives it."""
        named = FILE.match(self.text)
        return named["name"] if named else None


@dataclass(frozen=True, slots=True, order=True)
class Mark:
    """A hazard at a line of a file, expected or found; an empty confidence stands for any that is shown."""

    file: str
    line: int
    slug: str
    confidence: str = ""


@dataclass(frozen=True, slots=True)
class Case:
    """A small project of the hazard `slug`: source text by file name, templates apart from the code."""

    slug: str
    heading: str
    number: int
    files: tuple[tuple[str, str], ...]
    pages: tuple[tuple[str, str], ...] = ()

    @property
    def id(self) -> str:
        """The case as pytest shows it; numbered within its heading."""
        return f"{self.slug}: {self.heading}" + (f" ({self.number})" if self.number > 1 else "")

    def expected(self) -> set[Mark]:
        """The marks that the authors of the case left in its code."""
        return {mark for name, text in self.files for mark in marks(name, text, self.slug)}

    def sources(self) -> list[SourceFile]:
        """The files of the case with the shop beside them, ready to be analyzed."""
        return [source(name, text) for name, text in self.files] + [source("shop.py", WORLD.read_text("utf-8"))]

    def templates(self) -> list[Template]:
        """The templates of the case as discovery would give them."""
        return [Template(Path(name), name, text) for name, text in self.pages]


def blocks(document: str, languages: Collection[str] = ("python",)) -> Iterator[Block]:
    """The fenced blocks in these languages of a Markdown text, in its order."""
    heading, under_heading = "", False
    for token in MarkdownIt().parse(document):
        if token.type == "inline" and under_heading:
            heading = token.content
        elif token.type == "fence" and token.info in languages and token.map:
            yield Block(heading, token.map[0] + 2, token.content, token.info)
        under_heading = token.type == "heading_open"


def cases(slug: str) -> Iterator[Case]:
    """The cases of a hazard: a block is one, and so are all blocks of a heading that name their files."""
    document = (HERE / f"{slug}.md").read_text("utf-8")
    found = [block for block in blocks(document, ("python", "jinja")) if block.heading != WHEN_IT_RUNS]
    for heading, group in groupby(found, key=lambda block: block.heading):
        together = list(group)
        project = tuple((block.file, block.text) for block in together if block.file and block.language == "python")
        pages = tuple((block.file, block.text) for block in together if block.file and block.language == "jinja")
        projects = [(("case.py", block.text),) for block in together if not block.file] + ([project] if project else [])
        for number, files in enumerate(projects, start=1):
            yield Case(slug, heading, number, files, pages)


def run_block(slug: str) -> Block:
    """What a hazard's cases say happens when its page's code runs."""
    document = (HERE / f"{slug}.md").read_text("utf-8")
    return next(block for block in blocks(document) if block.heading == WHEN_IT_RUNS)


def example(hazard: Hazard, heading: str) -> Block:
    """The code of a page under one of its headings, `Example` or `Use instead`."""
    return next(block for block in blocks(hazard.page) if block.heading == heading)


def marks(name: str, text: str, slug: str) -> Iterator[Mark]:
    """The lines of a file on which a finding is expected."""
    for number, line in enumerate(text.splitlines(), start=1):
        if marked := CAUGHT.search(line):
            words = re.split(r",\s*", marked["words"]) if marked["words"] else []
            confidence = next((word for word in words if word in CONFIDENCES), "")
            for expected in [word for word in words if word not in CONFIDENCES] or [slug]:
                yield Mark(name, number, expected, confidence)


def source(name: str, text: str) -> SourceFile:
    """A file of a case as discovery would give it."""
    module = name.removesuffix(".py").replace("/", ".").removesuffix(".__init__")
    return SourceFile(Path(name), name, module, text, ast.parse(text, name))


def mismatch(case: Case, findings: Iterable[Finding]) -> str:
    """How the findings differ from what a case expects, one line each; empty where they agree.

    What is only possible may be marked so; it needs no mark.
    """
    findings, expected = list(findings), case.expected()
    shown = [found for found in findings if found.confidence != "possible"]
    missed = [mark for mark in sorted(expected) if not any(_agree(mark, found) for found in findings)]
    false = [found for found in shown if not any(_agree(mark, found) for mark in expected)]
    told = [f"  missed alarm  {mark.file}:{mark.line} {mark.slug} {mark.confidence}".rstrip() for mark in missed]
    told += [
        f"  false alarm   {found.file}:{found.line} {found.slug} {found.confidence}: {found.message}" for found in false
    ]
    return "\n".join([case.id, *told]) if told else ""


def _agree(mark: Mark, found: Finding) -> bool:
    where = (found.file, found.line, found.slug)
    is_as_sure = mark.confidence == found.confidence or (not mark.confidence and found.confidence != "possible")
    return where == (mark.file, mark.line, mark.slug) and is_as_sure
