"""Which definition a dotted name means, across the modules of a project."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from ..source.reading import parse
from .binding import Binder
from .definitions import (
    Class,
    Contents,
    Definition,
    External,
    Function,
    FunctionNode,
    Global,
    Imported,
    Module,
    dotted,
    imported_names,
    strip_subscript,
)
from .outlines import Outlined, contents_from, outline_of
from .rulers import PLAIN, Ruler
from .traces import Facts, Guarded, Remembered, Trace

if TYPE_CHECKING:
    from ..source.discover import SourceFile

__all__ = [
    "Class",
    "Definition",
    "External",
    "Function",
    "FunctionNode",
    "Global",
    "Imported",
    "Module",
    "Project",
    "dotted",
    "imported_names",
    "strip_subscript",
]


MODULE, IMPORT, CALLED = "module", "import", "class called"
"""The parts of a project that one can rest on: what there is of a name, and which module an import means."""


class Project:
    """All modules of one run, by dotted name and by the tails of their paths."""

    def __init__(self, files: Iterable[SourceFile], outlines: Mapping[str, Outlined] | None = None) -> None:
        self._remembers = outlines is not None
        self._known = outlines or {}
        self.outlines: dict[str, Outlined] = {}
        self._rulers: dict[str, Ruler] = {}
        self._trees: dict[str, ast.Module] = {}
        self._nodes: dict[FunctionNode, Function] = {}
        self.modules: dict[str, Module] = {}
        self._tails: dict[str, list[Module]] = {}
        self._by_name: dict[str, Class] = {}
        self.trace = Trace()
        self.facts = Facts(self.trace)
        self.bases: Remembered[Class, tuple[Definition, ...]] = Remembered(self.trace)
        self.orders: Remembered[Class, tuple[Class | External, ...]] = Remembered(self.trace)
        self._resolved: Guarded[tuple[str, str], Definition | None] = Guarded(self.trace, lambda _: None)
        for file in files:
            self._add(file)

    def _add(self, file: SourceFile) -> None:
        name = file.module if file.module not in self.modules else f"{file.module}@{file.name}"
        module = Module(name, file, self, is_package=file.path.name == "__init__.py")
        self.modules[name] = module
        if not file.fence:
            parts = [*file.path.parent.parts, file.path.stem] if not module.is_package else file.path.parent.parts
            for length in range(1, min(len(parts), 6) + 1):
                self._tails.setdefault(".".join(parts[-length:]), []).append(module)
        self._fill(module)

    def _fill(self, module: Module) -> None:
        """Give a module its contents: from what was left of them, where its text is the same, else from its source."""
        content = f"{module.name} {module.is_package} {module.file.content}"
        known = self._known.get(module.name)
        if known is not None and known.content == content:
            self.outlines[module.name] = known
            self._measure(module, PLAIN if known.is_plain else known.ruler())
            module.contents = contents_from(known.outline, module)
            return
        ruler = PLAIN
        if self._remembers and not module.file.fence:
            ruler = (known.ruler() if known is not None else PLAIN).after(module.file.tree, module.file.text)
        self._measure(module, ruler)
        module.contents = self._bound(module)
        self.outlines[module.name] = Outlined.of(content, outline_of(module.contents), ruler)
        self._nodes |= {function.head: function for function in module.contents.functions}

    def _measure(self, module: Module, ruler: Ruler) -> None:
        if not ruler.is_plain:
            self._rulers[module.file.name] = ruler

    def tree(self, module: Module) -> ast.Module:
        """The syntax tree of a module, with the numbers of its lines (see `rulers`)."""
        ruler = self._rulers.get(module.file.name)
        if ruler is None:
            return module.file.tree
        if module.name not in self._trees:
            self._trees[module.name] = ruler.applied(parse(module.file.text))
        return self._trees[module.name]

    def line(self, file: str, number: int) -> int:
        """The line of a file that has this number; 0 where none has it."""
        ruler = self._rulers.get(file)
        return number if ruler is None else ruler.line(number)

    def number(self, file: str, line: int) -> int:
        """The number of a line; 0 for one without code in a file where numbers are no lines."""
        ruler = self._rulers.get(file)
        return line if ruler is None else ruler.number(line)

    def _bound(self, module: Module) -> Contents:
        binder = Binder(module)
        binder.bind(self.tree(module).body)
        return binder.contents

    def read(self, module: Module) -> None:
        """Read the source of a module, and add what its outline leaves out."""
        read = self._bound(module)
        for function, same in zip(module.contents.functions, read.functions, strict=True):
            function.syntax = same.head
            self._nodes[same.head] = function
        for cls, same_class in zip(module.contents.classes, read.classes, strict=True):
            cls.syntax = same_class.body
        module.contents.names |= {name: found for name, found in read.names.items() if isinstance(found, Global)}

    def function_at(self, node: FunctionNode) -> Function | None:
        """The function that a node of a syntax tree defines."""
        return self._nodes.get(node)

    def functions(self) -> Iterator[Function]:
        """Every function of every module, nested ones and methods too."""
        return (function for module in self.modules.values() for function in module.contents.functions)

    def classes(self) -> Iterator[Class]:
        """Every class of every module."""
        return (cls for module in self.modules.values() for cls in module.contents.classes)

    def class_called(self, qualname: str) -> Class | None:
        """The class of exactly this name."""
        self.trace.inside.add((CALLED, qualname))
        if not self._by_name:
            self._by_name = {cls.qualname: cls for cls in reversed(list(self.classes()))}
        return self._by_name.get(qualname)

    def module_called(self, name: str) -> Module | None:
        """The module of exactly this name."""
        self.trace.inside.add((MODULE, name))
        return self.modules.get(name)

    def module_named(self, name: str, near: Module) -> Module | None:
        """The module an absolute import of `name` means when written in `near`."""
        self.trace.inside.add((IMPORT, name, near.name))
        if name in self.modules:
            return self.modules[name]
        found = [module for module in self._tails.get(name, ()) if module is not near]
        if "." not in name:
            found = [module for module in found if module.file.path.parent == near.file.path.parent]
        if len(found) == 1:
            return found[0]
        return max(found, key=lambda module: _shared_parts(module, near), default=None)

    def resolve_expr(self, module: Module, node: ast.expr) -> Definition | None:
        """What a name or dotted expression written at module level means; None when it is not such an expression."""
        name = dotted(node)
        return self.resolve(module, name) if name else None

    def resolve(self, module: Module, name: str) -> Definition | None:
        """What the dotted `name` means in `module`; External for what the project only imports, None for unbound."""
        return self._resolved.get((module.name, name), partial(self._resolve, module, name.split(".")))

    def _resolve(self, module: Module, parts: Sequence[str]) -> Definition | None:
        found = self._name(module, parts[0])
        for index, part in enumerate(parts[1:], 1):
            if isinstance(found, External):
                return External(".".join([found.name, *parts[index:]]))
            found = self.member(found, part)
        return found

    def member(self, owner: Definition | None, name: str) -> Definition | None:
        if isinstance(owner, Module):
            return self._name(owner, name) or self.module_called(f"{owner.name}.{name}")
        if isinstance(owner, Class):
            if method := owner.method(name):
                return method
            value = next((c.values[name] for c in owner.mro if isinstance(c, Class) and name in c.values), None)
            return Global(owner.module, name, value) if value is not None else None
        return None

    def _name(self, module: Module, name: str) -> Definition | None:
        bound = module.bound(name)
        if isinstance(bound, Imported):
            return self.imported(module, bound)
        if bound is not None:
            return bound
        for star in module.stars:
            target = self.module_named(star, module)
            if target is not None and target is not module:
                if found := self.resolve(target, name):
                    return found
            elif target is None and star.startswith(("sqlalchemy", "sqlmodel")):
                return External(f"{star}.{name}")
        return None

    def imported(self, module: Module, bound: Imported) -> Definition | None:
        """What an import statement of `module` brings."""
        target = self.module_named(bound.target, module)
        if bound.attribute is None:
            return target or External(bound.target)
        if target is None:
            return External(f"{bound.target}.{bound.attribute}")
        submodule = self.module_called(f"{target.name}.{bound.attribute}")
        own = target.bound(bound.attribute)
        if submodule is not None and (own is None or (isinstance(own, Imported) and target is module)):
            return submodule
        return self.resolve(target, bound.attribute) or submodule or External(f"{bound.target}.{bound.attribute}")


def _shared_parts(module: Module, near: Module) -> int:
    pairs = zip(module.file.path.parts, near.file.path.parts, strict=False)
    return next((index for index, (one, other) in enumerate(pairs) if one != other), 99)
