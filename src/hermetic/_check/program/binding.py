"""Fills a module with what its statements define."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterable, Iterator

from .definitions import Class, ClassBody, Contents, Function, FunctionNode, Global, Module, imported_names

_SQL_SIDES = frozenset({"expression", "comparator", "update_expression"})


class Binder:
    """Fills a module's names from its statements, looking into `if`, `try` and `with` at module level."""

    def __init__(self, module: Module) -> None:
        self.module = module
        self.contents = Contents()
        self._defined: Counter[str] = Counter()

    def _ident(self, qualname: str) -> str:
        """A name for what is defined next under this one: the first of its name keeps it."""
        self._defined[qualname] += 1
        number = self._defined[qualname]
        return qualname if number == 1 else f"{qualname}#{number}"

    def bind(self, body: Iterable[ast.stmt]) -> None:
        for statement in body:
            match statement:
                case ast.FunctionDef() | ast.AsyncFunctionDef():
                    self.contents.names[statement.name] = self.function(statement, "", None, None)
                case ast.ClassDef():
                    self.contents.names[statement.name] = self.cls(statement, "")
                case ast.Import() | ast.ImportFrom():
                    self.imports(statement)
                case ast.Assign() | ast.AnnAssign():
                    self.assign(statement)
                case ast.If():
                    self.bind(statement.body)
                    self.bind(statement.orelse)
                case ast.Try() | ast.TryStar():
                    for handler in statement.handlers:
                        self.bind(handler.body)
                    self.bind([*statement.body, *statement.orelse, *statement.finalbody])
                case ast.With() | ast.AsyncWith() | ast.For() | ast.While():
                    self.bind(statement.body)
                case _ if type(statement).__name__ == "TypeAlias":
                    self.type_alias(statement)
                case _:
                    pass

    def type_alias(self, statement: ast.stmt) -> None:
        """`type SessionDep = Annotated[…]`, a statement since Python 3.12."""
        name, value = getattr(statement, "name", None), getattr(statement, "value", None)
        if isinstance(name, ast.Name) and isinstance(value, ast.expr):
            self.contents.names[name.id] = Global(self.module, name.id, value)

    def imports(self, statement: ast.Import | ast.ImportFrom) -> None:
        for name, bound in imported_names(self.module, statement):
            if name == "*":
                self.contents.stars.append(bound.target)
            else:
                self.contents.names[name] = bound

    def assign(self, statement: ast.Assign | ast.AnnAssign) -> None:
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        annotation = statement.annotation if isinstance(statement, ast.AnnAssign) else None
        for target in targets:
            if not isinstance(target, ast.Name):
                continue
            old = self.contents.names.get(target.id)
            if old is not None and isinstance(statement.value, ast.Constant):
                continue
            self.contents.names[target.id] = Global(self.module, target.id, statement.value, annotation)

    def function(self, node: FunctionNode, prefix: str, cls: Class | None, outer: Function | None) -> Function:
        qualname = f"{self.module.name}.{prefix}{node.name}"
        is_async = isinstance(node, ast.AsyncFunctionDef)
        found = Function(qualname, self._ident(qualname), node.name, is_async, self.module, node, cls, outer)
        self.contents.functions.append(found)
        for inner in _inner_definitions(node.body):
            inner_prefix = f"{prefix}{node.name}.<locals>."
            if isinstance(inner, ast.ClassDef):
                self.cls(inner, inner_prefix)
            else:
                self.function(inner, inner_prefix, None, found)
        return found

    def cls(self, node: ast.ClassDef, prefix: str) -> Class:
        qualname = f"{self.module.name}.{prefix}{node.name}"
        found = Class(qualname, self._ident(qualname), self.module, syntax=ClassBody(node))
        self.contents.classes.append(found)
        self.body(found, node.body, f"{prefix}{node.name}.")
        return found

    def body(self, cls: Class, body: Iterable[ast.stmt], prefix: str) -> None:
        """Fill a class from the statements of its body, both sides of an `if` among them."""
        for statement in body:
            match statement:
                case ast.FunctionDef() | ast.AsyncFunctionDef():
                    method = self.function(statement, prefix, cls, None)
                    if not (_is_setter(statement) or (statement.name in cls.members and _is_sql_side(statement))):
                        cls.members[statement.name] = method
                case ast.Assign(targets=[ast.Name(id=name)], value=value):
                    cls.body.values[name] = value
                case ast.AnnAssign(target=ast.Name(id=name)):
                    cls.body.annotations[name] = statement.annotation
                    if statement.value is not None:
                        cls.body.values[name] = statement.value
                case ast.ClassDef():
                    self.cls(statement, prefix)
                case ast.If():
                    self.body(cls, [*statement.body, *statement.orelse], prefix)
                case ast.Try():
                    self.body(cls, [*statement.body, *statement.orelse, *statement.finalbody], prefix)
                case _:
                    pass


def _inner_definitions(body: Iterable[ast.stmt]) -> Iterator[FunctionNode | ast.ClassDef]:
    stack: list[ast.AST] = list(body)
    while stack:
        node = stack.pop(0)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield node
        else:
            children = ast.iter_child_nodes(node)
            stack.extend(
                child for child in children if isinstance(child, (ast.stmt, ast.excepthandler, ast.match_case))
            )


def _is_setter(node: FunctionNode) -> bool:
    return any(isinstance(item, ast.Attribute) and item.attr in {"setter", "deleter"} for item in node.decorator_list)


def _is_sql_side(node: FunctionNode) -> bool:
    """Whether a method gives a hybrid property what its class says in SQL, and leaves what its instances say."""
    return any(isinstance(item, ast.Attribute) and item.attr in _SQL_SIDES for item in node.decorator_list)
