"""What the words of a question and of a tool's description mean, in English and Russian, whatever their form."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import snowballstemmer  # type: ignore[import-untyped]  # it has no types

LEXICON = Path(__file__).with_name("lexicon.toml")
WORD = re.compile(r"[^\W_]+")
CYRILLIC = re.compile(r"[а-яё]", re.IGNORECASE)

_STEMMERS = {True: snowballstemmer.stemmer("russian"), False: snowballstemmer.stemmer("english")}


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a text, where it stands, and what it means."""

    text: str
    start: int
    end: int
    meanings: frozenset[str]


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Which meanings each stem has; which of them change something, which ask, and which say nothing."""

    meanings: dict[str, frozenset[str]]
    actions: frozenset[str]
    asking: frozenset[str]
    silent: frozenset[str]


@cache
def stem(word: str) -> str:
    """What the forms of a word have in common."""
    lowered = word.lower().replace("ё", "е")
    return str(_STEMMERS[CYRILLIC.search(lowered) is not None].stemWord(lowered))


@cache
def lexicon() -> Lexicon:
    """The file, read once."""
    groups = tomllib.loads(LEXICON.read_text(encoding="utf-8"))
    meanings: dict[str, frozenset[str]] = {}
    for group in ("actions", "asking", "things"):
        for meaning, words in groups[group].items():
            for word in words:
                meanings[stem(word)] = meanings.get(stem(word), frozenset()) | {meaning}
    silent = frozenset(stem(word) for word in groups["silent"]["words"]) - meanings.keys()
    return Lexicon(meanings, frozenset(groups["actions"]), frozenset(groups["asking"]), silent)


def words(text: str) -> list[Word]:
    """The words of a text; a silent one has no meaning."""
    return [Word(each[0], each.start(), each.end(), meanings_of(each[0])) for each in WORD.finditer(text)]


def meanings_of(word: str) -> frozenset[str]:
    """What a word means; by itself, its stem."""
    known, root = lexicon(), stem(word)
    if root in known.silent:
        return frozenset()
    return known.meanings.get(root, frozenset({root}))


def meanings(text: str) -> frozenset[str]:
    """What all words of a text mean."""
    return frozenset[str]().union(*(word.meanings for word in words(text)))


def is_russian(text: str) -> bool:
    """Whether a text is written in Russian, rather than in English."""
    return len(CYRILLIC.findall(text)) * 2 > sum(sign.isalpha() for sign in text)
