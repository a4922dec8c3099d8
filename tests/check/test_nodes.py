"""The walk through a syntax tree visits what `ast.walk` visits."""

from __future__ import annotations

import ast
import sys

import pytest

from hermetic._check.program.nodes import walk

MATCHING = """
def shown(session, row):
    match session.get(Order, row):
        case None | True | False:
            return None
        case {"id": 1, **rest} | [_, *rest] | Order(id=int() as rest):
            return rest
"""
EVERYDAY = """
import os.path as path, sys
from . import shop

@decorated(1)
async def totals(orders: list[int], /, *rest: int, limit=3, **more) -> int:
    global rows
    try:
        async with shop.session() as session, other:
            rows = [f"{row.id!r:>{limit}}" async for row in await session.stream(q) if not row.gone and 0 < row.id <= 9]
    except* (OSError, ValueError) as error:
        raise Problem from error
    finally:
        del (total := {**more, "a": {*rest}})[1:2], rest[...].size
    assert await later(lambda x=1: (yield x), *rest, **more)
"""
GENERIC = """
type Rows[Row: Base, *Rest, **More] = list[Row]
def first[Row: Base](rows: list[Row]) -> Row:
    return rows[0]
class Page[Row]:
    rows: list[Row] = []
"""
AS_PARTS = (ast.expr_context, ast.operator, ast.boolop, ast.unaryop, ast.cmpop)


TEXTS = {"matching": MATCHING, "everyday": EVERYDAY} | ({"generic": GENERIC} if sys.version_info >= (3, 12) else {})


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_the_walk_visits_what_ast_visits(text: str) -> None:
    """Every node in the same order, but for operators and contexts, which are told by their parents."""
    tree = ast.parse(text)

    assert [node for node in ast.walk(tree) if not isinstance(node, AS_PARTS)] == walk(tree)
