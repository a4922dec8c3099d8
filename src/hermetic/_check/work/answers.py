"""Names what a unit answers whoever asks it, by content: two answers of one name cannot be told apart.

Sites count, since they are shown; functions and classes go by name and by what stands in front of their bodies, since
whoever looks further into one rests on what it finds there.
"""

from __future__ import annotations

import ast
import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import fields, is_dataclass

from ..program.definitions import Class, Function, FunctionNode, Module
from ..program.remembered import remembered
from ..whole.evidence import Evidence


def answer(value: object, evidence: Evidence) -> str:
    """A name for what a unit tells whoever asks: its value, and what it knows of sessions and factories."""
    told = (value, evidence.settings.items(), evidence.binds.items(), evidence.kept.keys())
    return named((_named(told[0]), *(_unordered(each) for each in told[1:])))


def named(parts: tuple[str, ...]) -> str:
    """One name for several."""
    return hashlib.blake2b("\0".join(parts).encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()


def _unordered(values: object) -> str:
    return named(tuple(sorted(map(_named, values))))  # type: ignore[call-overload]  # a set, or a view of a dict


def _named(value: object) -> str:
    match value:
        case None | bool() | int() | float() | str() | bytes() | complex():
            return f"{type(value).__name__} {value!r}"
        case tuple() | list():
            return f"{type(value).__name__} ({named(tuple(map(_named, value)))}"
        case set() | frozenset():
            return f"set {_unordered(value)}"
        case Mapping():
            return f"map {named(tuple(_named(pair) for pair in value.items()))}"
        case ast.AST():
            return _of_node(value)
        case Function():
            return f"function {value.ident} {of_head(value)}"
        case Class():
            return f"class {value.ident}"
        case Module():
            return f"module {value.name}"
        case _ if is_dataclass(value) and not isinstance(value, type):
            return f"{type(value).__name__} {named(tuple(_named(getattr(value, each.name)) for each in fields(value)))}"
        case _:
            # Nobody can tell whether such a thing is the same again.
            return secrets.token_hex(12)


@remembered
def _of_node(node: ast.AST) -> str:
    return named((ast.dump(node, include_attributes=True),))


def of_head(function: Function) -> str:
    """A name for what stands in front of a function's body, wherever it stands."""
    return _of_head(function.head)


@remembered
def _of_head(head: FunctionNode) -> str:
    parts: list[ast.AST] = [head.args, *head.decorator_list, *([head.returns] if head.returns is not None else [])]
    return named((type(head).__name__, *(ast.dump(part) for part in parts)))
