"""Writes the hazards' pages into the reference and the README, so that nobody keeps copies in step by hand."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from hermetic._catalogue import Hazard, catalogue
from hermetic._messages.pages import Page, pages

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
REFERENCE = ROOT / "docs" / "reference" / "hazards.md"
ERRORS = ROOT / "docs" / "errors"
SHOP = ROOT / "demo" / "leaky_shop"
SHOWN = "leaky_shop/auth.py"
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


def error(page: Page) -> str:
    """The page of a message, whose title is no HTML, and whose hazards are links."""
    title, _, text = page.document.partition("\n")
    told = page.told
    for slug in page.hazards:
        told = told.replace(f"`{slug}`", f"[`{slug}`](../reference/hazards.md#{slug})")
    return f"{as_text(title)}\n{text.replace(page.told, told)}"


def errors() -> dict[str, str]:
    """The pages of all messages by the names of their files, and the list of them."""
    rows = "".join(f"- [{as_text(page.title)}]({page.slug}.md)\n" for page in pages())
    opening = (
        "# Error messages\n\nWhat each message means, the code that gives it, and what cures it."
        " `hermetic explain` tells the same of a traceback: `python app.py 2>&1 | hermetic explain`."
        " These files are written by `make docs` from `src/hermetic/_messages/pages/`.\n\n"
    )
    return {"index.md": opening + rows, **{f"{page.slug}.md": error(page) for page in pages()}}


def as_text(title: str) -> str:
    """A title in which Markdown sees no HTML."""
    return title.replace("<", "&lt;")


def finding() -> str:
    """What `hermetic check` tells first of the demo's login, as the terminal shows it."""
    command = [sys.executable, "-m", "hermetic", "check", "--quiet", "--select=detached-access", SHOP.name]
    told = subprocess.run(
        command, cwd=SHOP.parent, capture_output=True, text=True, env={**os.environ, "COLUMNS": "120"}
    )
    first = next((block for block in told.stdout.split("\n\n") if block.startswith(SHOWN)), None)
    if first is None:
        raise RuntimeError(f"the check found nothing in {SHOWN} to show in the README\n{told.stdout}{told.stderr}")
    return f"```console\n$ hermetic check {SHOP.name}\n{first}\n```\n"


def readme(text: str, hazards: list[Hazard]) -> str:
    """The README's text with today's finding and today's table, each between its two markers."""
    text = between("finding", text, finding())
    return between("hazards", text, table(hazards, pages=REFERENCE.relative_to(ROOT).as_posix()))


def between(marker: str, text: str, new: str) -> str:
    """The text with what stands between `<!-- marker -->` and `<!-- /marker -->` replaced."""
    before, opening, rest = text.partition(f"<!-- {marker} -->\n")
    _, closing, after = rest.partition(f"<!-- /{marker} -->")
    if not closing:
        raise ValueError(f"README.md has no place for {marker}: write <!-- {marker} --> and <!-- /{marker} --> into it")
    return before + opening + new + closing + after


def main() -> None:
    hazards = list(catalogue().values())
    REFERENCE.write_text(reference(hazards), encoding="utf-8")
    README.write_text(readme(README.read_text(encoding="utf-8"), hazards), encoding="utf-8")
    ERRORS.mkdir(exist_ok=True)
    for name, text in errors().items():
        (ERRORS / name).write_text(text, encoding="utf-8")
    print(
        f"{len(hazards)} hazards written to {REFERENCE.relative_to(ROOT)} and README.md, {len(pages())} messages to docs/errors"
    )


if __name__ == "__main__":
    main()
