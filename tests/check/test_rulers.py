"""The numbers of a module's lines stay when other lines come and go."""

from __future__ import annotations

import ast
from textwrap import dedent

import pytest

from hermetic._check.program.rulers import Ruler

FIRST = dedent("""
    import os

    def one():
        return 1

    class Order:
        id = 1

        def two(self):
            return 2
""")


def after(ruler: Ruler, text: str) -> Ruler:
    return ruler.after(ast.parse(text), text)


def numbers(ruler: Ruler, text: str) -> dict[str, int]:
    """The number of each line with code, by its text."""
    lines = enumerate(text.split("\n"), 1)
    return {line.strip(): ruler.number(number) for number, line in lines if line.strip()}


def test_the_first_numbers_are_the_lines() -> None:
    """Nothing has to be renumbered where nothing is remembered of a file."""
    ruler = after(Ruler(), FIRST)

    assert ruler.is_plain
    assert {"import os": 2, "return 1": 5, "return 2": 11}.items() <= numbers(ruler, FIRST).items()


@pytest.mark.parametrize(
    "text",
    [
        f"# told\n\n{FIRST}",
        FIRST.replace("def one", "# told\n\ndef one"),
        FIRST.replace("class Order", "def more():\n    return 0\n\nclass Order"),
        FIRST.replace("    def two", "    name = 2\n\n    def two"),
        FIRST.replace("import os\n", ""),
    ],
)
def test_what_moves_keeps_its_numbers(text: str) -> None:
    """Statements of a module and of a class; the numbers become the lines again."""
    first, moved = after(Ruler(), FIRST), after(after(Ruler(), FIRST), text)
    before, now = numbers(first, FIRST), numbers(moved, text)

    assert {line: before[line] for line in before.keys() & now.keys()} == {
        line: number for line, number in now.items() if line in before
    }
    assert [line for line in range(1, text.count("\n") + 2) if moved.number(line)] == [
        moved.line(moved.number(line)) for line in range(1, text.count("\n") + 2) if moved.number(line)
    ]


def test_no_two_lines_have_one_number() -> None:
    """What grows gets others, with room to grow into."""
    ruler, text = after(Ruler(), FIRST), FIRST
    for turn in range(30):
        text = text.replace("    return 1", f"    print({turn})\n    return 1")
        ruler = after(ruler, text)
        found = [number for line in range(1, text.count("\n") + 2) if (number := ruler.number(line))]

        assert len(set(found)) == len(found)


def test_a_tree_gets_the_numbers() -> None:
    """Each node of what moved stands where it stood."""
    text = f"# told\n{FIRST}"
    ruler = after(after(Ruler(), FIRST), text)
    found, expected = ruler.applied(ast.parse(text)), ast.parse(FIRST)

    assert ast.dump(expected, include_attributes=True) == ast.dump(found, include_attributes=True)
