"""Python in Markdown."""

from __future__ import annotations

import ast
from pathlib import Path
from textwrap import dedent

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hermetic._check.checked import Problem
from hermetic._check.source.discover import Search, SourceFile, discover
from hermetic._check.source.fences import Fence, fences


def of(document: str) -> list[Fence]:
    return list(fences(dedent(document)))


@pytest.mark.parametrize(
    "opening",
    [
        "```python", "```py", "```python3", "~~~python", "``` python", "```Python", '```python title="app.py" hl_lines="2"',
        "```{.python .annotate}", "```{python}", "```{code-block} python", "```py linenums", "`````python",
    ],
)  # fmt: skip
def test_a_python_block_is_known_by_its_info(opening: str) -> None:
    """Backticks or tildes, any attributes, and the dialects of the usual site builders."""
    closing = opening[: len(opening) - len(opening.lstrip("`~"))]

    assert ["\nx = 1\n"] == [each.text for each in of(f"{opening}\nx = 1\n{closing}\n")]


@pytest.mark.parametrize("opening", ["```", "```pytb", "```sql", "```python-traceback", "```text python"])
def test_other_blocks_are_left_alone(opening: str) -> None:
    """A block of another language, or of none, is not Python."""
    assert [] == of(f"{opening}\nx = 1\n```\n")


def test_line_numbers_are_those_of_the_document() -> None:
    """The text of each block is padded to its place, and each is numbered."""
    blocks = of("""\
        # Guide
        ```python
        first = 1
        ```
        words
        ```python
        second = 2
        ```
        """)

    assert [(1, 3), (2, 7)] == [(each.number, each.line) for each in blocks]
    assert [3, 7] == [ast.parse(each.text).body[0].lineno for each in blocks]


def test_an_indented_block_keeps_its_place() -> None:
    """In a list or a tab the common indentation goes, and is remembered for the columns."""
    blocks = of("""\
        - a list

          ```python
          x = 1
          ```

        === "A tab"

            ```python
            if y:
                z = 2
            ```
        """)

    assert ["x = 1", "if y:\n    z = 2"] == [each.text.strip() for each in blocks]
    assert [2, 4] == [each.indent for each in blocks]
    assert [4, 10] == [each.line for each in blocks]


def test_a_prompt_session_is_its_statements() -> None:
    """Prompts and output go; each statement stays on its line."""
    (block,) = of("""\
        ```pycon
        >>> for x in rows:
        ...     print(x)
        1
        >>> y = 2
        ```
        """)

    assert "\nfor x in rows:\n    print(x)\n\ny = 2" == block.text.rstrip("\n")
    assert 4 == block.indent


def test_a_snippet_may_await_and_return() -> None:
    """Documents show the inside of functions."""
    (block,) = of("""\
        ```python
        user = await session.get(User, 1)
        return user
        ```
        """)

    assert 2 == len(ast.parse(block.text).body)


def test_a_mark_makes_the_next_block_a_mistake() -> None:
    """`<!-- hermetic: bad -->` speaks of the block right below it, and of no other."""
    blocks = of("""\
        <!-- hermetic: bad -->
        ```python
        one = 1
        ```

        <!-- hermetic: bad -->

        ```python
        two = 2
        ```

        ```python
        three = 3
        ```

        <!-- hermetic: bad -->

        Words.

        ```python
        four = 4
        ```
        """)

    assert [True, True, False, False] == [each.bad for each in blocks]


def test_a_fragment_is_left_out_in_silence(tmp_path: Path) -> None:
    """Documents hold pieces that do not parse; they are told only on request."""
    (tmp_path / "guide.md").write_text("```python\nsession.add(\n```\n\n```python\nx = 1\n```\n", encoding="utf-8")

    assert [True] == [isinstance(each, SourceFile) for each in discover([tmp_path])]
    problems = [each for each in discover([tmp_path], Search(tell_fences=True)) if isinstance(each, Problem)]
    assert ["this block is left out: no valid Python"] == [each.sentence[:39] for each in problems]


def test_each_block_is_a_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A block is named by its file and its number."""
    (tmp_path / "guide.md").write_text("```python\nx = 1\n```\n\n```python\ny = 1\n```\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    modules = [each.module for each in discover(["guide.md"]) if isinstance(each, SourceFile) and each.fence]

    assert ["guide.md#1", "guide.md#2"] == modules


PIECES = [*'`~>. \n\t-*#="ab1:(<!', "python", "```python\n", "~~~", "    ", ">>> ", "<!-- hermetic: bad -->\n"]


@given(st.lists(st.sampled_from(PIECES), max_size=40).map("".join))
def test_any_document_can_be_read(document: str) -> None:
    """However odd the Markdown, its blocks come out with their lines inside the document."""
    lines = document.count("\n") + 1

    assert all(1 <= each.line <= each.text.count("\n") + 1 <= lines + 1 for each in fences(document))
