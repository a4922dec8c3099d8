"""The leaky shop: whatever its table admits is found, in the function that the table names."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from hermetic._catalogue import Finding, catalogue
from hermetic._check.options.config import Config
from hermetic._check.run import check

SHOP = Path(__file__).resolve().parent.parent / "demo" / "leaky_shop"
ROW = re.compile(r"^\| `([\w/]+\.py)`(?: `(\w+)`)? \| `([\w-]+)` \|", re.MULTILINE)
ADMITTED = ROW.findall((SHOP / "README.md").read_text(encoding="utf-8"))


@cache
def findings() -> tuple[Finding, ...]:
    """What the check finds in the shop, in all confidences, its tests taken as code."""
    return check([SHOP], Config(tests=True, min_confidence="possible")).findings


def lines_of(file: str, function: str) -> range:
    """The lines of a function of the shop, or of the whole file where none is named."""
    text = (SHOP / file).read_text(encoding="utf-8")
    if not function:
        return range(1, text.count("\n") + 2)
    (found,) = (
        node
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == function
    )
    return range(found.lineno, (found.end_lineno or found.lineno) + 1)


def is_story_of(finding: Finding, file: str, lines: range) -> bool:
    """Whether a finding, or a step of its story, lies within these lines of a file of the shop."""
    places = [(finding.file, finding.line), *((step.file, step.line) for step in finding.story)]
    return any(name.endswith(f"leaky_shop/{file}") and line in lines for name, line in places)


@pytest.mark.parametrize(("file", "function", "slug"), ADMITTED, ids=["-".join(row) for row in ADMITTED])
def test_admitted_mistake_is_found(file: str, function: str, slug: str) -> None:
    """Each row of the shop's table is a finding."""
    lines = lines_of(file, function)

    assert [finding for finding in findings() if finding.slug == slug and is_story_of(finding, file, lines)]


def test_nothing_else_is_found() -> None:
    """What the table does not admit is right, and draws no finding: no false alarms in the shop."""
    rows = [(file, lines_of(file, function), slug) for file, function, slug in ADMITTED]

    assert [] == [
        f"{finding.file}:{finding.line} {finding.slug}"
        for finding in findings()
        if finding.confidence != "possible"
        and not any(finding.slug == slug and is_story_of(finding, file, lines) for file, lines, slug in rows)
    ]


def test_shop_shows_every_checked_hazard() -> None:
    """Each hazard that the check sees is there to be met in the shop."""
    seen_by_check = {slug for slug, hazard in catalogue().items() if "check" in hazard.seen_by}

    assert seen_by_check == {slug for _, _, slug in ADMITTED}
