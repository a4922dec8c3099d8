"""The expressions of a template as Python's; what a filter or a macro reads stands in statements before them."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeVar

from jinja2 import nodes

if TYPE_CHECKING:
    from .pages import Writer

Made = TypeVar("Made", bound=ast.AST)

_OPERATORS: dict[type[nodes.Node], type[ast.operator]] = {
    nodes.Add: ast.Add, nodes.Sub: ast.Sub, nodes.Mul: ast.Mult, nodes.Div: ast.Div, nodes.FloorDiv: ast.FloorDiv,
    nodes.Mod: ast.Mod, nodes.Pow: ast.Pow,
}  # fmt: skip
_COMPARED: dict[str, type[ast.cmpop]] = {
    "eq": ast.Eq, "ne": ast.NotEq, "gt": ast.Gt, "gteq": ast.GtE, "lt": ast.Lt, "lteq": ast.LtE, "in": ast.In,
    "notin": ast.NotIn,
}  # fmt: skip
_BY_ATTRIBUTE = {
    "map": None, "selectattr": 0, "rejectattr": 0, "groupby": 0, "sum": 0, "sort": None, "join": 1, "min": None,
    "max": None, "unique": None,
}  # fmt: skip
"""The filters that read an attribute of each member, and at which place they may name it."""
_MEMBERS = frozenset({"first", "last", "random", "min", "max"})
_SAME = frozenset({"sort", "selectattr", "rejectattr", "select", "reject", "unique", "reverse", "list", "default", "d"})
_UNKNOWN = "?"
"""A name that nothing has: what cannot be told."""
_EACH = "each_member"


class Expressions:
    """Writes the expressions of one statement; `before` holds the statements that go before it."""

    def __init__(self, writer: Writer) -> None:
        self.writer = writer
        self.before: list[ast.stmt] = []

    def of(self, node: nodes.Node) -> ast.expr:
        """An expression that reads what the node reads."""
        match node:
            case nodes.Name():
                made: ast.expr = ast.Name(node.name, ast.Load())
            case nodes.Const():
                made = ast.Constant(node.value)
            case nodes.Getattr():
                made = ast.Attribute(self.of(node.node), node.attr, ast.Load())
            case nodes.Getitem(arg=nodes.Const(value=str() as name)):
                made = ast.Attribute(self.of(node.node), name, ast.Load())
            case nodes.Getitem():
                made = ast.Subscript(self.of(node.node), self.of(node.arg), ast.Load())
            case nodes.Call():
                made = self._call(node)
            case nodes.Filter():
                made = self._filter(node)
            case nodes.Test():
                made = self._test(node)
            case nodes.CondExpr():
                otherwise = self.of(node.expr2) if node.expr2 is not None else ast.Constant(None)
                made = ast.IfExp(self.of(node.test), self.of(node.expr1), otherwise)
            case _:
                made = self._composed(node)
        return self._at(made, node)

    def _composed(self, node: nodes.Node) -> ast.expr:
        match node:
            case nodes.And() | nodes.Or():
                operator = ast.And() if isinstance(node, nodes.And) else ast.Or()
                return ast.BoolOp(operator, [self.of(node.left), self.of(node.right)])
            case nodes.Not():
                return ast.UnaryOp(ast.Not(), self.of(node.node))
            case nodes.Compare():
                operators = [_COMPARED[operand.op]() for operand in node.ops]
                return ast.Compare(self.of(node.expr), operators, [self.of(operand.expr) for operand in node.ops])
            case nodes.BinExpr():
                return ast.BinOp(self.of(node.left), _OPERATORS[type(node)](), self.of(node.right))
            case nodes.List() | nodes.Tuple():
                return ast.Tuple([self.of(item) for item in node.items], ast.Load())
            case nodes.Dict():
                pairs = [(self.of(pair.key), self.of(pair.value)) for pair in node.items]
                return ast.Dict([key for key, _ in pairs], [value for _, value in pairs])
            case nodes.Slice():
                parts = [self.of(part) if part is not None else None for part in (node.start, node.stop, node.step)]
                return ast.Slice(*parts)
            case _:
                inner = [self.of(child) for child in node.iter_child_nodes() if isinstance(child, nodes.Expr)]
                return inner[0] if len(inner) == 1 else ast.Tuple(inner, ast.Load())

    def target(self, node: nodes.Node) -> ast.expr:
        """What a `for` or `set` binds."""
        match node:
            case nodes.Name():
                return self._at(ast.Name(node.name, ast.Store()), node)
            case nodes.Tuple():
                return self._at(ast.Tuple([self.target(item) for item in node.items], ast.Store()), node)
            case _:
                return self._at(ast.Name(_UNKNOWN, ast.Store()), node)

    def _call(self, node: nodes.Call) -> ast.expr:
        args = [self.of(arg) for arg in node.args]
        keywords = [(keyword.key, self.of(keyword.value)) for keyword in node.kwargs]
        match node.node:
            case nodes.Name(name="super") if self.writer.above:
                self.before.append(self.writer.block(self.writer.above, node.lineno))
                return ast.Constant(None)
            case nodes.Name(name=name) if name in self.writer.page.brought:
                macro = self.writer.page.brought[name]
            case nodes.Getattr(node=nodes.Name(name=owner), attr=name) if self._has(owner, name):
                page = self.writer.page.imports[owner]
                macro = page, page.macros[name]
            case callee:
                named = [self._at(ast.keyword(key, value), node) for key, value in keywords]
                return ast.Call(self.of(callee), args, named)
        self.before.append(self.writer.called(macro, self._given(macro[1], args, keywords), node.lineno))
        return ast.Constant(None)

    def _has(self, owner: str, name: str) -> bool:
        page = self.writer.page.imports.get(owner)
        return page is not None and name in page.macros

    def _given(
        self, macro: nodes.Macro, args: Sequence[ast.expr], keywords: Sequence[tuple[str, ast.expr]]
    ) -> list[tuple[str, ast.expr]]:
        """What the parameters of a macro get at one call of it."""
        names = [argument.name for argument in macro.args]
        usual = zip(names[len(names) - len(macro.defaults) :], map(self.of, macro.defaults), strict=True)
        return list({**dict(usual), **dict(zip(names, args, strict=False)), **dict(keywords)}.items())

    def _filter(self, node: nodes.Filter) -> ast.expr:
        if node.node is None:
            return ast.Name(_UNKNOWN, ast.Load())
        value = self.of(node.node)
        path = _attribute(node) if node.name in _BY_ATTRIBUTE else None
        if path is not None:
            each = self._each(value, path, node)
            if node.name == "map":
                return each
            self.before.append(self._at(ast.Expr(each), node))
        args = [self.of(arg) for arg in node.args]
        match node.name:
            case name if name in _MEMBERS:
                return ast.Subscript(value, self._at(ast.Constant(0), node), ast.Load())
            case name if name in _SAME:
                return value
            case "groupby":
                group = ast.Tuple([self._unknown(node), value], ast.Load())
                return ast.Tuple([self._at(group, node)], ast.Load())
            case "batch" | "slice":
                return ast.Tuple([value], ast.Load())
            case _:
                return self._looked_at(value, args, node)

    def _each(self, members: ast.expr, path: str, node: nodes.Node) -> ast.expr:
        """An attribute of each member, which may be a path: `orders|map(attribute="customer.name")`."""
        found: ast.expr = self._at(ast.Name(_EACH, ast.Load()), node)
        for name in path.split("."):
            found = self._at(ast.Attribute(found, name, ast.Load()), node)
        loop = ast.comprehension(self._at(ast.Name(_EACH, ast.Store()), node), members, [], 0)
        return self._at(ast.ListComp(found, [loop]), node)

    def _test(self, node: nodes.Test) -> ast.expr:
        if node.name in {"defined", "undefined"} and isinstance(node.node, nodes.Name):
            return ast.Name(_UNKNOWN, ast.Load())
        value = self.of(node.node)
        if node.name == "none":
            return ast.Compare(value, [ast.Is()], [self._at(ast.Constant(None), node)])
        return self._looked_at(value, [self.of(arg) for arg in node.args], node)

    def _looked_at(self, value: ast.expr, args: Sequence[ast.expr], node: nodes.Node) -> ast.expr:
        """Something unknown is made of values that are read."""
        operators: list[ast.cmpop] = [ast.Eq() for _ in (*args, value)]
        return ast.Compare(value, operators, [*args, self._unknown(node)])

    def _unknown(self, node: nodes.Node) -> ast.expr:
        return self._at(ast.Name(_UNKNOWN, ast.Load()), node)

    def _at(self, made: Made, node: nodes.Node) -> Made:
        self.writer.page.place(made, node.lineno)
        return made


def _attribute(node: nodes.Filter) -> str | None:
    """The attribute that a filter asks each member for."""
    place = _BY_ATTRIBUTE[node.name]
    named = next((keyword.value for keyword in node.kwargs if keyword.key == "attribute"), None)
    found = named if named is not None or place is None or len(node.args) <= place else node.args[place]
    return found.value if isinstance(found, nodes.Const) and isinstance(found.value, str) else None
