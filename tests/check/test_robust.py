"""Whatever lies on the disk: one sentence for it, never a traceback, and the rest is checked."""

from __future__ import annotations

import ast
import errno
import os
import random
import sys
import warnings
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hermetic._check.checked import Problem
from hermetic._check.run import check
from hermetic._check.source.discover import Search, SourceFile, discover
from hermetic._check.source.reading import Unreadable, parse, read
from hermetic.errors import NothingToCheck

VALID = b'''\
"""A shop."""
from sqlalchemy.orm import Session


def orders(engine, ids: list[int] | None = None) -> list[str]:
    with Session(engine) as session:  # hermetic: allow[lost-write] a reason
        found = [order for order in session.scalars(select(Order)) if order.id in (ids or ())]
    return [f"{order.id}: {order.customer.name!r}" for order in found]
'''


def problem(path: Path, data: bytes) -> Problem:
    """The problem that a file with these bytes is told as."""
    path.write_bytes(data)
    (told,) = discover([path])
    assert isinstance(told, Problem)
    return told


def source(path: Path, data: bytes) -> SourceFile:
    path.write_bytes(data)
    (found,) = discover([path])
    assert isinstance(found, SourceFile)
    return found


@pytest.mark.parametrize(
    ("data", "line", "sentence"),
    [
        (b"x = 1\ny = (\n", 2, "no valid Python 3."),
        (b"x = 1\nprint 'hello'\n", 2, "this is Python 2 (Missing parentheses in call to 'print'); convert it"),
        (b"try:\n    x\nexcept ValueError, e:\n    y\n", 3, "this is Python 2 (multiple exception types"),
        (b"x = 0777\n", 1, "this is Python 2 (leading zeros"),
        (b"raise ValueError, 'no'\n", 1, "this is Python 2 (invalid syntax)"),
        (b"if a <> b: pass\n", 1, "this is Python 2 (invalid syntax)"),
        (b"exec 'x = 1'\n", 1, "this is Python 2 (Missing parentheses in call to 'exec')"),
        (b"x = 1\ny = \x00\n", 2, "it holds NUL bytes, so it is no source text; name it in `exclude`"),
        ("x = 'é'\n".encode("latin-1"), 1, "not utf-8: byte 0xe9; save it as UTF-8 or name its encoding in the first"),
        (b"# coding: no-such-codec\nx = 1\n", 1, "its first line names an encoding that cannot be used"),
        (b"# coding: ascii\n\nx = '\xc3\xa9'\n", 3, "not ascii: byte 0xc3; save it as UTF-8"),
        ("x = 1\n".encode("utf-16"), None, "it is UTF-16, which Python does not read as source; save it as UTF-8"),
        (b"x = " + b"(" * 5_000 + b")" * 5_000, 1, "too deeply nested for Python to parse; split the expression"),
        (b"def f():\n\tif x:\n        y\n", 3, "no valid Python 3."),
        (b"x = '\n", 1, "no valid Python 3."),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_told_in_a_sentence(
    tmp_path: Path, data: bytes, line: int | None, sentence: str
) -> None:
    """What is wrong, in which line, and the next step."""
    told = problem(tmp_path / "a.py", data)

    assert told.sentence.startswith(sentence)
    assert line == told.line
    assert "\n" not in str(told)


NEWER = [
    ("try:\n    x\nexcept ValueError, TypeError:\n    y\n", 3, "3.14"),
    ("try:\n    x\nexcept errors.Refused, json.JSONDecodeError, OSError:\n    y\n", 3, "3.14"),
    ("try:\n    x\nexcept* KeyError, IndexError:\n    y\n", 3, "3.14"),
    ('x = t"{y}"\n', 1, "3.14"),
    ("class Page[Row = dict]:\n    pass\n", 1, "3.13"),
    ("type Rows = list[int]\n", 1, "3.12"),
    ("async def first[Row](rows: list[Row]) -> Row:\n    return rows[0]\n", 1, "3.12"),
]


@pytest.mark.parametrize(("text", "line", "version"), NEWER)
def test_a_newer_python_is_named(tmp_path: Path, text: str, line: int, version: str) -> None:
    """What only a later Python reads is not taken for Python 2, nor for a mistake; that Python reads it."""
    if sys.version_info >= tuple(map(int, version.split("."))):
        assert text == source(tmp_path / "a.py", text.encode()).text
        return
    told = problem(tmp_path / "a.py", text.encode())

    assert told.sentence.startswith(f"it needs Python {version}, and this is 3.")
    assert told.sentence.endswith(f"run hermetic with Python {version} or newer")
    assert line == told.line


@pytest.mark.parametrize("text", ["x = " + "-" * 50_000 + "1", "x = " + "1 + " * 50_000 + "1", "a" + ".b" * 50_000])
def test_chains_too_deep_for_the_parser_are_told(tmp_path: Path, text: str) -> None:
    """Nesting without brackets overflows the parser elsewhere, and ends in the same sentence."""
    assert problem(tmp_path / "a.py", text.encode()).sentence.startswith("too deeply nested for Python to parse")


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"\xef\xbb\xbfx = 1\n", "x = 1\n"),
        (b"x = 1\r\ny = 2\r\n", "x = 1\ny = 2\n"),
        (b"x = 1\ry = 2\r", "x = 1\ny = 2\n"),
        (b"x = 1\n\x0c\ny = 2\n", "x = 1\n\x0c\ny = 2\n"),
        (b"# -*- coding: latin-1 -*-\nx = '\xe9'\n", "# -*- coding: latin-1 -*-\nx = 'é'\n"),
        (b"#!/usr/bin/python\n# vim: set fileencoding=cp1252 :\nx = '\x80'\n", None),
        ("größe = 'ß'\n".encode(), "größe = 'ß'\n"),
        (b"", ""),
        (b"\n\n\n", "\n\n\n"),
    ],
    ids=["bom", "crlf", "cr", "form-feed", "latin-1", "second-line-cookie", "utf-8", "empty", "blank"],
)
def test_what_python_reads_is_read(tmp_path: Path, data: bytes, text: str | None) -> None:
    """Byte order marks, line ends of all kinds, form feeds and encoding cookies are fine."""
    found = source(tmp_path / "a.py", data)

    assert text is None or text == found.text
    assert ast.dump(ast.parse(data)) == ast.dump(found.tree)


def test_warnings_of_the_compiler_are_not_shown(tmp_path: Path) -> None:
    """An invalid escape in the code under check is not our noise."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")

        assert source(tmp_path / "a.py", b"x = '\\d'\nassert (x, 1)\n1 is 1\n").text


def test_a_huge_file_is_left_out(tmp_path: Path) -> None:
    """Beyond the limit a file is data, and its size is told."""
    (tmp_path / "a.py").write_bytes(b"x = 1\n" * 1000)
    (told,) = discover([tmp_path], Search(max_bytes=5000))

    assert str(told).endswith("a.py: skipped, 0.0 MB is more than the 0.005 MB read of one file; name it in `exclude`")


def test_links_in_a_circle_end(tmp_path: Path) -> None:
    """A directory is never entered twice, and a link to itself is a file that cannot be read."""
    (tmp_path / "a.py").write_text("x = 1\n", encoding="utf-8")
    (tmp_path / "loop").symlink_to(tmp_path)
    (tmp_path / "self.py").symlink_to(tmp_path / "self.py")
    (tmp_path / "gone.py").symlink_to(tmp_path / "nowhere.py")
    told = [each.name if isinstance(each, SourceFile) else each.sentence for each in discover([tmp_path])]

    assert [
        (tmp_path / "a.py").as_posix(),
        "it vanished between listing and reading; run the check again",
        "cannot be read (Too many levels of symbolic links); name it in `exclude`",
    ] == told


def test_what_is_no_file_is_told(tmp_path: Path) -> None:
    """Reading a pipe would wait for ever."""
    os.mkfifo(tmp_path / "a.py")
    (told,) = discover([tmp_path])

    assert str(told).endswith("a.py: it is no regular file, and reading it might never end; name it in `exclude`")


def test_a_file_that_vanishes_is_told(tmp_path: Path) -> None:
    """Between listing and reading a file may go; the rest is checked."""
    for name in ("a.py", "b.py"):
        (tmp_path / name).write_text("x = 1\n", encoding="utf-8")
    found = discover([tmp_path])
    first = next(found)
    (tmp_path / "b.py").unlink()
    (second,) = found

    assert isinstance(first, SourceFile)
    assert str(second).endswith("b.py: it vanished between listing and reading; run the check again")


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (PermissionError(errno.EACCES, "Permission denied"), "no permission to read it; change its mode or name it in"),
        (OSError(errno.EIO, "Input/output error"), "cannot be read (Input/output error); name it in `exclude`"),
        (IsADirectoryError(errno.EISDIR, "Is a directory"), "cannot be read (Is a directory); name it in `exclude`"),
    ],
)
def test_a_file_that_may_not_be_read_is_told(tmp_path: Path, error: OSError, sentence: str) -> None:
    """Whatever the system refuses becomes a sentence; the path stands in for a disk that refuses."""

    class Refusing(type(tmp_path)):  # type: ignore[misc]  # the concrete class of paths on this system
        def read_bytes(self) -> bytes:
            raise error

    (tmp_path / "a.py").write_text("x = 1\n", encoding="utf-8")
    with pytest.raises(Unreadable) as caught:
        read(Refusing(tmp_path / "a.py"))

    assert caught.value.sentence.startswith(sentence)


def test_a_directory_that_may_not_be_listed_is_empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A walk goes on beside what it cannot enter."""
    (tmp_path / "shut").mkdir()
    (tmp_path / "a.py").write_text("x = 1\n", encoding="utf-8")
    scandir = os.scandir
    monkeypatch.setattr(os, "scandir", lambda path: scandir(path) if "shut" not in str(path) else _refuse())

    assert 1 == len(list(discover([tmp_path])))


def _refuse() -> Any:
    raise PermissionError(errno.EACCES, "Permission denied")


def test_names_that_are_no_text_are_read(tmp_path: Path) -> None:
    """A file name in bytes that are no UTF-8 is only a name."""
    (tmp_path / "caf\udce9.py").write_text("x = 1\n", encoding="utf-8")

    assert [True] == [isinstance(each, SourceFile) for each in discover([tmp_path])]


@given(st.binary(max_size=200))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_are_a_module_or_a_sentence(tmp_path: Path, data: bytes) -> None:
    """Random bytes never break the check."""
    (tmp_path / "a.py").write_bytes(data)
    (tmp_path / "a.md").write_bytes(b"```python\n" + data)

    assert all(isinstance(each, SourceFile | Problem) for each in discover([tmp_path]))


@given(st.randoms(use_true_random=False), st.integers(1, 12))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_mutation_of_a_module_is_a_module_or_a_sentence(tmp_path: Path, dice: random.Random, changes: int) -> None:
    """A valid source with bytes changed, dropped, doubled and moved never breaks the check or its suppressions."""
    data = bytearray(VALID)
    for _ in range(changes):
        at = dice.randrange(len(data))
        cut = slice(at, at + dice.randrange(1, 30))
        data[cut] = dice.choice([b"", data[cut] * 2, bytes([dice.randrange(256)]), b"(" * 99, data[cut][::-1], b"\n\t"])
        data = data or bytearray(b" ")
    (tmp_path / "a.py").write_bytes(data)

    with suppress(NothingToCheck):
        assert check([tmp_path / "a.py"], analyze=finds_nothing)


@given(st.text(max_size=80))
def test_any_text_parses_or_is_told(text: str) -> None:
    """The parser's errors all become sentences, lone surrogates included."""
    with suppress(Unreadable):
        assert isinstance(parse(text), ast.Module)


def finds_nothing(files: Sequence[SourceFile], **options: Any) -> Any:
    """An engine that understands nothing; the seam wants an Analysis, and any object with its fields is one."""
    return SimpleNamespace(findings=(), sessions=0, models=0, functions=0, unresolved=(), given_up=())
