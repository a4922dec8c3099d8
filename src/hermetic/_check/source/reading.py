"""Reads and parses one file's bytes, or says in one sentence what is wrong with them and what to do next."""

from __future__ import annotations

import ast
import io
import re
import stat
import sys
import tokenize
import warnings
from pathlib import Path

from .newer import newer_python

MAX_BYTES = 5_000_000

_PYTHON_2 = re.compile(
    r"Missing parentheses in call to '(print|exec)'|multiple exception types must be parenthesized"
    r"|leading zeros in decimal integer literals|Did you mean print\("
)
_PYTHON_2_LINE = re.compile(
    r"^\s*(print\s+[^=\s(.,\[]|exec\s+['\"\w]|raise\s+\w+\s*,)|<>|\bur['\"]|^\s*except\s+[\w.]+\s*,\s*\w+\s*:|`\w+`|\d[lL]\b"
)


class Unreadable(Exception):
    """A file that cannot be checked; carries the sentence for its Problem."""

    def __init__(self, sentence: str, line: int | None = None) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.line = line


def read(path: Path, *, max_bytes: int = MAX_BYTES) -> str:
    """The text of a Python or Markdown file, with `\\n` line ends and no byte order mark; raises Unreadable."""
    try:
        found = path.stat()
        size = found.st_size
        if not stat.S_ISREG(found.st_mode):
            raise Unreadable("it is no regular file, and reading it might never end; name it in `exclude`")
        if size > max_bytes:
            raise Unreadable(
                f"skipped, {size / 1e6:.1f} MB is more than the {max_bytes / 1e6:g} MB read of one file; name it in `exclude`"
            )
        data = path.read_bytes()
    except FileNotFoundError:
        raise Unreadable("it vanished between listing and reading; run the check again") from None
    except PermissionError:
        raise Unreadable("no permission to read it; change its mode or name it in `exclude`") from None
    except OSError as error:
        raise Unreadable(f"cannot be read ({error.strerror or error}); name it in `exclude`") from None
    return _decode(data, cookies=path.suffix in (".py", ".pyw"))


def _decode(data: bytes, *, cookies: bool) -> str:
    """The text of `data` by its PEP 263 cookie, else UTF-8."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise Unreadable("it is UTF-16, which Python does not read as source; save it as UTF-8")
    if b"\0" in data:
        raise Unreadable(
            "it holds NUL bytes, so it is no source text; name it in `exclude`",
            data[: data.index(b"\0")].count(b"\n") + 1,
        )
    encoding = "utf-8-sig"
    if cookies:
        try:
            encoding = tokenize.detect_encoding(io.BytesIO(data).readline)[0]
        except SyntaxError as error:
            if "invalid or missing encoding" not in str(error):
                raise Unreadable(
                    f"its first line names an encoding that cannot be used ({error.msg}); correct it or save the file as UTF-8",
                    1,
                ) from None
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        name = encoding.removesuffix("-sig")
        raise Unreadable(
            f"not {name}: byte 0x{data[error.start]:02x}; save it as UTF-8 or name its encoding in the first line,"
            " such as `# -*- coding: latin-1 -*-`",
            line,
        ) from None
    except (LookupError, ValueError, UnicodeError) as error:
        raise Unreadable(f"cannot be decoded as {encoding} ({error}); save it as UTF-8", 1) from None
    return io.IncrementalNewlineDecoder(None, translate=True).decode(text, final=True)


def encoding_of(data: bytes) -> str:
    """The encoding of a module that could be read; `utf-8-sig` where it begins with a byte order mark."""
    return tokenize.detect_encoding(io.BytesIO(data).readline)[0]


def parse(text: str) -> ast.Module:
    """The syntax tree of a module, without the compiler's warnings; raises Unreadable."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text)
    except SyntaxError as error:
        raise _not_python(error, text) from None
    except (RecursionError, MemoryError):
        raise Unreadable(
            "too deeply nested for Python to parse; split the expression or name the file in `exclude`"
        ) from None
    except ValueError as error:
        raise Unreadable(f"Python cannot parse it ({error}); name it in `exclude`") from None


def _not_python(error: SyntaxError, text: str) -> Unreadable:
    """What to tell of a syntax error: Python 2, and a Python newer than this one, are named as such."""
    lines = text.split("\n")
    line = min(max(error.lineno or 1, 1), len(lines))
    message = error.msg or "invalid syntax"
    if "too many nested" in message or "too many statically nested" in message or "too many levels" in message:
        return Unreadable(
            "too deeply nested for Python to parse; split the expression or name the file in `exclude`", line
        )
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    if newer := newer_python(lines[line - 1]):
        return Unreadable(
            f"it needs Python {newer}, and this is {version} ({message}); run hermetic with Python {newer} or newer",
            line,
        )
    if _PYTHON_2.search(message) or _PYTHON_2_LINE.search(lines[line - 1]):
        return Unreadable(f"this is Python 2 ({message.split('.')[0]}); convert it or name it in `exclude`", line)
    return Unreadable(
        f"no valid Python {version} ({message}); correct it, or run hermetic with the Python it is written for", line
    )
