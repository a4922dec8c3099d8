"""What an annotation says a value is."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..._lifecycle.records import Key
from ..calls import known
from ..paths.state import Path
from ..paths.values import UNKNOWN, Cm, Engine, Ext, Inst, Maker, Many, Obj, Sess, Value
from .modules import Class, Definition, External, Global, Module, dotted, strip_subscript
from .nodes import in_string

if TYPE_CHECKING:
    from ..analyzer import Analyzer

_MANY = frozenset({
    "list", "List", "Sequence", "Iterable", "Collection", "set", "Set", "frozenset", "FrozenSet", "Iterator", "AsyncIterator",
    "Generator", "AsyncGenerator", "ScalarResult", "AbstractSet", "tuple", "Tuple", "deque",
})  # fmt: skip
_WRAPPERS = frozenset(
    {"Optional", "Annotated", "Final", "ClassVar", "Required", "NotRequired", "Awaitable", "Coroutine"}
)


class Annotations:
    """Reads annotations, aliases and strings included."""

    def __init__(self, analyzer: Analyzer) -> None:
        self.analyzer = analyzer

    def value(self, node: ast.expr, module: Module, key: Key, depth: int = 0) -> Value:
        """A value of the annotated type, under the name `key`; UNKNOWN where the type says nothing here."""
        if depth > 5:
            return UNKNOWN
        for inner, is_many in unwrapped(node):
            if is_many:
                element = self.value(inner, module, Path(key, "*"), depth + 1)
                if element is not UNKNOWN:
                    return Many(element, key)
                continue
            found = self._plain(inner, module, key, depth)
            if found is not UNKNOWN:
                return found
        return UNKNOWN

    def _generic(self, node: ast.expr, module: Module, key: Key, depth: int) -> Value:
        """A context manager of sessions, a callable that gives one, or an object that holds what its type names."""
        if not isinstance(node, ast.Subscript):
            return UNKNOWN
        definition = module.project.resolve_expr(module, node.value)
        name = definition.name if isinstance(definition, External) else ""
        tail = name.rpartition(".")[2]
        given = list(node.slice.elts) if isinstance(node.slice, ast.Tuple) else [node.slice]
        if tail in known.CONTEXT_TYPES:
            session = self.value(given[0], module, key, depth + 1)
            return Cm("promised", session) if isinstance(session, Sess) else UNKNOWN
        if tail == "Callable" and len(given) == 2:
            made = self.value(given[1], module, key, depth + 1)
            return self._factory(made.subject, key) if isinstance(made, Cm) else UNKNOWN
        if name == known.CONTEXT_VARIABLE:
            inside = self.value(given[0], module, Path(key, "get"), depth + 1)
            return (
                Ext(name, (("get", Maker(("held", key), inside.is_async, scoped=True)),))
                if isinstance(inside, Sess)
                else UNKNOWN
            )
        held = known.HELD_BY_TYPE.get(name)
        if held is None:
            return UNKNOWN
        return Ext(name, ((held, self.value(given[0], module, Path(key, held), depth + 1)),))

    def _factory(self, session: Value, key: Key) -> Value:
        """What is called for sessions and was made elsewhere."""
        if not isinstance(session, Sess):
            return UNKNOWN
        self.analyzer.promised.session(key, is_async=session.is_async)
        return Maker(key, session.is_async)

    def _plain(self, node: ast.expr, module: Module, key: Key, depth: int) -> Value:
        found = self._generic(node, module, key, depth)
        if found is not UNKNOWN:
            return found
        definition = module.project.resolve_expr(module, strip_subscript(node))
        if isinstance(definition, Global) and definition.value is not None:
            return self.value(definition.value, definition.module, key, depth + 1)
        return self.of_definition(definition, key)

    def of_definition(self, definition: Definition | None, key: Key) -> Value:
        """An instance of a class."""
        if isinstance(definition, Class):
            mapping = self.analyzer.models.mapping(definition)
            if mapping is not None:
                return Inst(key, mapping)
            kind = self.analyzer.session_class(definition)
            if kind is None:
                return Obj(definition, key)
            self.analyzer.of_class(Sess(key, kind), definition)
            return Sess(key, kind)
        if isinstance(definition, External):
            return _external(definition.name, key)
        return UNKNOWN

    def is_optional(self, node: ast.expr) -> bool:
        """Whether None is allowed."""
        text = ast.unparse(node)
        return "Optional[" in text or "| None" in text or "None |" in text


def _external(name: str, key: Key) -> Value:
    if name in known.SCOPED:
        return Maker(key, known.SCOPED[name], scoped=True)
    kind = known.session_kind(name)
    if kind is not None:
        return Sess(key, kind)
    if name in known.MAKERS:
        return Maker(key, known.MAKERS[name], expire_on_commit=False)
    if name in known.ENGINE_TYPES:
        return Engine(key, known.ENGINE_TYPES[name])
    if name in known.CONNECTION_TYPES:
        return Sess(key, known.CONNECTION_TYPES[name])
    return Ext(name) if name.partition(".")[0] not in {"typing", "builtins", "collections"} else UNKNOWN


def unwrapped(node: ast.expr) -> Iterator[tuple[ast.expr, bool]]:
    """The types inside an annotation, and whether each stands for the members of a collection."""
    match node:
        case ast.Constant(value=str() as text):
            try:
                yield from unwrapped(in_string(node, text.strip()))
            except (SyntaxError, ValueError):
                return
        case ast.BinOp(op=ast.BitOr(), left=left, right=right):
            yield from unwrapped(left)
            yield from unwrapped(right)
        case ast.Subscript(value=outer, slice=inner):
            name = (dotted(outer) or "").rpartition(".")[2]
            items = inner.elts if isinstance(inner, ast.Tuple) else [inner]
            if name in {"Optional", "Annotated"} or name in _WRAPPERS:
                yield from unwrapped(items[0])
            elif name == "Union":
                for item in items:
                    yield from unwrapped(item)
            elif name in _MANY and items:
                for found, _ in unwrapped(items[0]):
                    yield found, True
            else:
                yield node, False
        case ast.Name() | ast.Attribute():
            yield node, False
        case _:
            return
