"""Writes the hazards' pages into the reference and the README, so that nobody keeps copies in step by hand."""

from __future__ import annotations

import re
from pathlib import Path

from hermetic._catalogue import Hazard, catalogue

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
REFERENCE = ROOT / "docs" / "reference" / "hazards.md"
BETWEEN_MARKERS = re.compile(r"(?<=<!-- hazards -->\n).*(?=<!-- /hazards -->)", re.DOTALL)
HEADING = re.compile(r"^(?=#+ )", re.MULTILINE)


def table(hazards: list[Hazard], *, pages: str) -> str:
    """A Markdown table of the hazards in the given order; `pages` is the address of the file that holds their pages."""
    rows = [f"| {hazard.code} | [`{hazard.slug}`]({pages}#{hazard.slug}) | {hazard.title} |" for hazard in hazards]
    return "\n".join(["| code | hazard | the mistake |", "|---|---|---|", *rows]) + "\n"


def page(hazard: Hazard) -> str:
    """One hazard's page as a part of the reference, its headings moved below the hazard's own."""
    title, _, text = hazard.page.strip().partition("\n")
    facts = [hazard.code, hazard.severity, "seen by " + " and ".join(hazard.seen_by)]
    if hazard.sqlalchemy_codes:
        facts.append("SQLAlchemy " + ", ".join(f"`{code}`" for code in hazard.sqlalchemy_codes))
    return f"## {hazard.slug}\n{' · '.join(facts)}\n\n**{title}**\n\n{demoted(text.strip())}\n"


def demoted(text: str) -> str:
    """The text with each Markdown heading one level deeper; comments inside code blocks stay as they are."""
    fences = text.split("```")
    return "```".join(HEADING.sub("#", part) if index % 2 == 0 else part for index, part in enumerate(fences))


def reference(hazards: list[Hazard]) -> str:
    """The whole hazards reference."""
    opening = (
        "# Hazards\n\n"
        "`hermetic explain SLUG` prints the same pages. This file is written by `make docs` from `src/hermetic/hazards/`.\n"
    )
    return "\n".join([opening, table(hazards, pages=""), *map(page, hazards)])


def readme(text: str, hazards: list[Hazard]) -> str:
    """The README's text with today's table between its two markers."""
    today = table(hazards, pages=REFERENCE.relative_to(ROOT).as_posix())
    return BETWEEN_MARKERS.sub(lambda _: today, text)


def main() -> None:
    hazards = list(catalogue().values())
    REFERENCE.write_text(reference(hazards), encoding="utf-8")
    README.write_text(readme(README.read_text(encoding="utf-8"), hazards), encoding="utf-8")
    print(f"{len(hazards)} hazards written to {REFERENCE.relative_to(ROOT)} and README.md")


if __name__ == "__main__":
    main()
