"""What the session factories of a project agree on, for sessions whose own factory is out of sight."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from ..calls import known
from .modules import External, Module
from .nodes import walk

if TYPE_CHECKING:
    from ..analyzer import Analyzer


FACTORIES, MADE = "factories", "made"
"""What one can rest on: what the factories of one kind agree on, and those of one module."""


class Factories:
    """Every place of the project that makes a session or a factory, with its `expire_on_commit`."""

    def __init__(self, analyzer: Analyzer) -> None:
        self.analyzer = analyzer
        self._seen: dict[bool, list[bool]] | None = None

    def expires(self, is_async: bool) -> bool:
        """Whether sessions of this kind expire what they hold on commit; one factory that says no is believed."""
        self.analyzer.project.trace.inside.add((FACTORIES, is_async))
        return all(self.seen[is_async])

    def is_assumed(self, is_async: bool) -> bool:
        """Whether no factory of this kind is in sight, so that SQLAlchemy's default is only an assumption."""
        self.analyzer.project.trace.inside.add((FACTORIES, is_async))
        return not self.seen[is_async]

    @property
    def seen(self) -> dict[bool, list[bool]]:
        """What those of each kind say; whoever rests on it notes so."""
        if self._seen is None:
            self._seen = {False: [], True: []}
            for module in self.analyzer.project.modules.values():
                if "sqlalchemy" in module.file.text or "sqlmodel" in module.file.text:
                    made = self.analyzer.project.facts.get((MADE, module.name), partial(self._all_made, module))
                    for is_async, expires in made:
                        self._seen[is_async].append(expires)
        return self._seen

    def _all_made(self, module: Module) -> tuple[tuple[bool, bool], ...]:
        return tuple(self._made(module))

    def _made(self, module: Module) -> Iterator[tuple[bool, bool]]:
        """Whether each session or factory that a module makes is async, and whether it expires."""
        for node in walk(module.tree):
            if not isinstance(node, ast.Call) or not isinstance(node.func, (ast.Name, ast.Attribute)):
                continue
            definition = module.project.resolve_expr(module, node.func)
            if isinstance(definition, External) and definition.name == "functools.partial" and node.args:
                definition = module.project.resolve_expr(module, node.args[0])
            if not isinstance(definition, External):
                continue
            kind = known.MAKERS.get(definition.name, known.session_kind(definition.name))
            if kind is not None and definition.name not in known.SCOPED:
                yield kind or _names_async(node), _expires(node)


def _names_async(node: ast.Call) -> bool:
    """`sessionmaker(engine, class_=AsyncSession)`."""
    return any(keyword.arg == "class_" and "Async" in ast.unparse(keyword.value) for keyword in node.keywords)


def _expires(node: ast.Call) -> bool:
    value = next((keyword.value for keyword in node.keywords if keyword.arg == "expire_on_commit"), None)
    return not (isinstance(value, ast.Constant) and value.value is False)
