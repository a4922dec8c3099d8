"""Takes the Python out of Markdown: each fenced block a module of its own, at its true line numbers.

Markdown is read by markdown-it-py, which rich brings along.
"""

from __future__ import annotations

import doctest
import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from markdown_it.token import Token

_PYTHON = re.compile(
    r"(\{code[\w-]*\}\s*)?\{?\s*\.?(python3?|py3?|pycon|ipython3?|python-repl)(?![\w+#-])", re.IGNORECASE
)
_BAD = re.compile(r"<!--\s*hermetic:\s*bad\s*-->\s*$")
_INNER_DEPTH = 4


@dataclass(frozen=True, slots=True)
class Fence:
    """A block of Python in a Markdown file.

    `text` is padded with empty lines to the block's place; `indent` tells how far its code was indented in the file;
    `bad` that the author marked it as a teaching example with `<!-- hermetic: bad -->`.
    """

    number: int
    line: int
    end_line: int
    text: str
    indent: int
    bad: bool


def fences(markdown: str) -> Iterator[Fence]:
    """The Python blocks of a document in order, numbered from 1."""
    lines = markdown.split("\n")
    for number, (token, first, bad) in enumerate(_blocks(markdown, 0, _INNER_DEPTH), 1):
        code = _code(token.content)
        indent = _indent(lines, first, code)
        end = first + token.content.count("\n")
        yield Fence(number, first + 1, end, "\n" * first + code, indent, bad)


def _blocks(markdown: str, offset: int, depth: int) -> Iterator[tuple[Token, int, bool]]:
    """Each Python block with the 0-based line of its first line of code, and whether it is marked bad.

    Admonitions and tabs of some dialects indent their content by four, which plain Markdown takes for a code block:
    such a block is read as Markdown again.
    """
    # Imported here, because documents that did not change are not read again.
    from markdown_it import MarkdownIt

    bad = False
    for token in MarkdownIt("commonmark").parse(markdown):
        if token.type == "fence" and token.map and _PYTHON.match(token.info.strip()):
            yield token, offset + token.map[0] + 1, bad
        elif token.type == "code_block" and token.map and depth and re.search(r"^\s*(```|~~~)", token.content, re.M):
            yield from _blocks(token.content, offset + token.map[0], depth - 1)
        bad = token.type == "html_block" and bool(_BAD.search(token.content))


def _code(content: str) -> str:
    """The code in a block, line for line, without common indentation or prompts."""
    return _doctest(content) if re.match(r"\s*>>> ", content) else textwrap.dedent(content)


def _doctest(content: str) -> str:
    """The statements of an interactive session, each at its own line, without prompts and output."""
    lines = [""] * (content.count("\n") + 1)
    try:
        examples = doctest.DocTestParser().get_examples(content)
    except ValueError:
        return content
    for example in examples:
        source = example.source.rstrip("\n").split("\n")
        lines[example.lineno : example.lineno + len(source)] = source
    return "\n".join(lines)


def _indent(lines: list[str], first: int, code: str) -> int:
    """How much further right the code stands in the document, seen at its first line."""
    for written, line in zip(lines[first:], code.split("\n"), strict=False):
        if line.strip():
            return max(len(written.rstrip()) - len(line.rstrip()), 0)
    return 0
