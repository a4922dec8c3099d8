"""Remembers what was found out about a piece of syntax, as long as the piece itself is there."""

from __future__ import annotations

import ast
from collections.abc import Callable
from functools import wraps
from typing import TypeVar
from weakref import WeakKeyDictionary

Node = TypeVar("Node", bound=ast.AST)
Answer = TypeVar("Answer")


def remembered(find: Callable[[Node], Answer]) -> Callable[[Node], Answer]:
    """The function, asked once for each node; an answer that holds its node would keep both for ever.

    `functools.lru_cache` keeps the nodes too, and with them the whole project of a check that is long over.
    """
    answers: WeakKeyDictionary[Node, Answer] = WeakKeyDictionary()

    @wraps(find)
    def known(node: Node) -> Answer:
        try:
            return answers[node]
        except KeyError:
            found = answers[node] = find(node)
            return found

    return known
