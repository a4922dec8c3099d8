"""Every text that a reader sees goes through the catalogue, and no language lacks one."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.checkers import python_format
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po

import hermetic_chat
from hermetic_chat.language import LANGUAGES, catalogue, preferred

PACKAGE = Path(hermetic_chat.__file__).parent
TEMPLATES = sorted((PACKAGE / "templates").glob("*.html"))
JINJA = re.compile(r"\{% block body_class %\}\w*\{% endblock %\}|\{%.*?%\}|\{\{.*?\}\}|\{#.*?#\}", re.DOTALL)
THE_SAME = {"MCP Chat", "✕", "☰", "⋯", "·", "· MCP Chat", "()"}
SHOWN = {"title", "alt", "placeholder", "aria-label"}


def texts() -> set[str | tuple[str, ...]]:
    """The texts that Babel finds in the code and in the templates."""
    with (PACKAGE.parents[1] / "babel.cfg").open(encoding="utf-8") as config:
        methods, options = parse_mapping_cfg(config)
    found = extract_from_dir(str(PACKAGE), methods, options)
    return {message for _, _, message, _, _ in found}


def translations(language: str) -> Catalog:
    with (PACKAGE / "locale" / language / "LC_MESSAGES" / "chat.po").open("rb") as file:
        return read_po(file, locale=language)


@pytest.mark.parametrize("language", sorted({*LANGUAGES} - {"en"}))
def test_no_text_is_missing(language: str) -> None:
    """Each text of the code has a translation, nothing is left over, and nothing is only guessed."""
    known = translations(language)
    written = {
        message.id if isinstance(message.id, str) else tuple(message.id)
        for message in known
        if message.id and all([message.string] if isinstance(message.string, str) else message.string)
    }

    assert texts() == written
    assert [] == [message.id for message in known if message.fuzzy]


@pytest.mark.parametrize("language", sorted({*LANGUAGES} - {"en"}))
def test_a_translation_has_the_same_holes(language: str) -> None:
    """What is filled into a text is filled into its translation."""
    known = translations(language)
    for message in known:
        if message.id and message.python_format:
            python_format(known, message)


class Words(HTMLParser):
    """The words of a template that stand outside of Jinja."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.found.append(" ".join(data.split()))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value for name, value in attrs if name in SHOWN and value]


@pytest.mark.parametrize("template", TEMPLATES, ids=[each.name for each in TEMPLATES])
def test_no_template_has_words_of_its_own(template: Path) -> None:
    """What stands in a template beside the catalogue is the same in every language."""
    words = Words()
    words.feed(JINJA.sub("", template.read_text(encoding="utf-8")))

    assert [] == [each for each in words.found if each not in THE_SAME]


def test_the_script_has_no_words_of_its_own() -> None:
    """What the script says, it is given by the page."""
    script = re.sub(r"^//.*$", "", (PACKAGE / "static" / "chat.js").read_text(encoding="utf-8"), flags=re.MULTILINE)

    assert [] == re.findall(r"[\"'`][A-ZА-Я][a-zа-я]+ [^\"'`]*[\"'`]", script)


def test_russian_counts() -> None:
    """One, few and many have forms of their own."""
    count = catalogue("ru").ngettext
    forms = [count("%(count)s message", "%(count)s messages", n) % {"count": n} for n in (1, 2, 5, 21)]

    assert ["1 сообщение", "2 сообщения", "5 сообщений", "21 сообщение"] == forms


def test_a_language_that_is_not_there_is_english() -> None:
    """Nobody is left without words."""
    assert "Send" == catalogue("de").gettext("Send")
    assert "en" == preferred("xx", "de,fr;q=0.5")
    assert "ru" == preferred("ru", "en")
