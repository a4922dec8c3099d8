"""What the names mean that a document's code block uses and does not define.

Blocks in documents are fragments: they leave out imports, models and the function that opens the session. A block may
lean on the imports of the document's other blocks and on SQLAlchemy's own vocabulary; a capitalised name that it treats
as a model is one, with the attributes that the document mentions. All of this is assumed, so nothing found with its help
is proven.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from ..._lifecycle.schema import Column, Mapping, Relation
from ..calls import known
from ..program.modules import External, Imported, Module
from ..program.traces import Remembered
from ..sessions.methods import open_session
from .state import State
from .values import UNKNOWN, Attr, Cm, Ext, Maker, Ref, Sess, Value

if TYPE_CHECKING:
    from ..analyzer import Analyzer
    from .flow import Flow

BLOCKS = "blocks"
"""What one can rest on: which blocks a document has."""

_PREFIX = "<document>."
_MAKERS = {"Session": False, "AsyncSession": True, "SessionLocal": False, "SessionFactory": False, "AsyncSessionLocal": True, "async_session": True, "async_session_maker": True}  # fmt: skip
_VOCABULARY = {
    **dict.fromkeys(("select", "insert", "update", "delete", "text", "create_engine", "func"), "sqlalchemy"),
    **dict.fromkeys((*known.LOADER_OPTIONS, "sessionmaker", "scoped_session", "relationship"), "sqlalchemy.orm"),
    **dict.fromkeys(("create_async_engine", "async_sessionmaker"), "sqlalchemy.ext.asyncio"),
    **dict.fromkeys(("Depends", "FastAPI", "BackgroundTasks"), "fastapi"),
}


class Fenced:
    """Answers for the unbound names of code blocks, document by document."""

    def __init__(self, analyzer: Analyzer) -> None:
        self.analyzer = analyzer
        self.blocks: dict[str, list[Module]] = {}
        self._mappings: Remembered[tuple[str, str], Mapping] = Remembered(analyzer.project.trace)
        for module in analyzer.project.modules.values():
            if module.file.fence:
                self.blocks.setdefault(module.file.name, []).append(module)

    def name(self, module: Module, name: str) -> Value:
        """What an unbound name of a block is taken to mean."""
        if not module.file.fence:
            return UNKNOWN
        found = self._name(module, name)
        if found is not UNKNOWN:
            self.analyzer.evidence.leaning.add(module.file.name)
        return found

    def _name(self, module: Module, name: str) -> Value:
        if name in _MAKERS:
            return Maker(("document", module.file.name, name), _MAKERS[name])
        for other in self._blocks(module.file.name):
            bound = other.bound(name)
            if isinstance(bound, Imported):
                definition = module.project.imported(other, bound)
                return self.analyzer.names.value_of(definition) if definition else UNKNOWN
        if name in _VOCABULARY:
            return Ref(External(f"{_VOCABULARY[name]}.{name}"))
        return Ref(External(f"{_PREFIX}{module.file.name}.{name}")) if name[:1].isupper() else UNKNOWN

    def mapping(self, name: str) -> Mapping | None:
        """The mapping of a class that a document uses as a model without showing it."""
        if not name.startswith(_PREFIX):
            return None
        document, _, cls = name.removeprefix(_PREFIX).rpartition(".")
        if not self._is_model(document, cls):
            return None
        return self._mappings.get((document, cls), partial(self._mapping, document, cls))

    def member(self, name: str, attribute: str) -> Value | None:
        """`User.posts` of such a class."""
        mapping = self.mapping(name)
        return Attr(mapping, attribute) if mapping is not None else None

    def is_model_name(self, module: Module, node: ast.expr) -> bool:
        """Whether an expression names a class that the document never shows."""
        return (
            module.file.fence and isinstance(node, ast.Name) and node.id[:1].isupper() and module.bound(node.id) is None
        )

    def _blocks(self, document: str) -> list[Module]:
        """The blocks of a document, in their order."""
        self.analyzer.project.trace.inside.add((BLOCKS, document))
        return self.blocks.get(document, [])

    def _nodes(self, document: str) -> Iterator[ast.AST]:
        return (node for module in self._blocks(document) for node in ast.walk(module.tree))

    def _is_model(self, document: str, cls: str) -> bool:
        """Whether the document gives the class to a session or a statement: `get(User, …)`, `select(User)`, `add(User())`."""
        for node in self._nodes(document):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            first = node.args[0]
            if called in {"get", "get_one", "query", "select"} and isinstance(first, ast.Name) and first.id == cls:
                return True
        return cls in self._added(document)

    def _added(self, document: str) -> set[str]:
        made: dict[str, str] = {}
        added: set[str] = set()
        for node in self._nodes(document):
            match node:
                case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call(func=ast.Name(id=cls))):
                    made[name] = cls
                case ast.Call(func=ast.Attribute(attr="add" | "merge"), args=[ast.Name(id=name)]):
                    added.add(name)
                case ast.Call(func=ast.Attribute(attr="add" | "merge"), args=[ast.Call(func=ast.Name(id=cls))]):
                    added.add(cls)
                case _:
                    continue
        return {made.get(name, name) for name in added}

    def _mapping(self, document: str, cls: str) -> Mapping:
        names = {node.attr for node in self._nodes(document) if isinstance(node, ast.Attribute)}
        names |= {
            keyword.arg
            for node in self._nodes(document)
            if isinstance(node, ast.Call)
            for keyword in node.keywords
            if keyword.arg
        }
        related = set(self._related(document))
        columns = {name: Column(name) for name in names - related}
        relations = {name: Relation(name, target="", many=name.endswith("s")) for name in related}
        return Mapping(cls, columns, relations)

    def _related(self, document: str) -> Iterator[str]:
        """What the document names in a loader option."""
        for node in self._nodes(document):
            if (
                isinstance(node, ast.Call)
                and getattr(node.func, "id", getattr(node.func, "attr", "")) in known.LOADER_OPTIONS
            ):
                yield from (arg.attr for arg in node.args if isinstance(arg, ast.Attribute))

    def entered(self, flow: Flow, value: Value, target: ast.expr | None, state: State, node: ast.AST) -> Value:
        """A session, where a block's `with` binds what it then uses as one and does not show who opened it."""
        if not flow.module.file.fence or not isinstance(target, ast.Name) or not _is_unknown(value):
            return value
        nodes = self.analyzer.walk(flow.function) if flow.function else list(ast.walk(flow.module.tree))
        kind = self.analyzer.usage.session(target.id, nodes, flow.module)
        if kind is None:
            return value
        self.analyzer.evidence.leaning.add(flow.module.file.name)
        session = open_session(flow, Sess(flow.key(node, "session"), kind), state, node)
        state.mark("shared", session.key)
        return session


def _is_unknown(value: Value) -> bool:
    return value is UNKNOWN or isinstance(value, Ext) or (isinstance(value, Cm) and value.kind == "null")
