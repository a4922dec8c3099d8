"""The languages of the chat: every text goes through a catalogue of gettext, and English is what stands in the code."""

from __future__ import annotations

import io
from functools import cache
from gettext import GNUTranslations, NullTranslations
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header

LANGUAGES = {"en": "English", "ru": "Русский"}
CATALOGUES = Path(__file__).with_name("locale")


@cache
def catalogue(language: str) -> NullTranslations:
    """The texts of a language; one that is not there is English."""
    file = CATALOGUES / language / "LC_MESSAGES" / "chat.po"
    if language not in LANGUAGES or not file.exists():
        return NullTranslations()
    compiled = io.BytesIO()
    with file.open("rb") as source:
        write_mo(compiled, read_po(source, locale=language))
    compiled.seek(0)
    return GNUTranslations(compiled)


def preferred(chosen: object, accept: str) -> str:
    """The language that the user chose, else the first of theirs that there is."""
    if chosen in LANGUAGES:
        return str(chosen)
    return parse_accept_header(accept, LanguageAccept).best_match(LANGUAGES, "en")
