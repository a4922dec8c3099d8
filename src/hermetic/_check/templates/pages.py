"""A template as Python: the statements that read what it reads, on the lines where it does."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial

from jinja2 import Environment, nodes

from ..program.modules import Module
from .expressions import Expressions, Made
from .files import Template
from .parts import Part

_ENVIRONMENT = Environment(
    extensions=["jinja2.ext.do", "jinja2.ext.i18n", "jinja2.ext.loopcontrols"],
    autoescape=True,
)


@dataclass(eq=False)
class Page:
    """One template, parsed; `find` gives another one by its name.

    Raises jinja2.TemplateSyntaxError for a text that is no template of Jinja's.
    """

    template: Template
    module: Module
    find: Callable[[str], Page | None]
    spelled: dict[tuple[int, int], ast.AST] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.tree = _ENVIRONMENT.parse(self.template.text)
        self.blocks = {block.name: block for block in self.tree.find_all(nodes.Block)}
        self.macros = {macro.name: macro for macro in self.tree.find_all(nodes.Macro)}

    @cached_property
    def parent(self) -> Page | None:
        """The template that this one extends."""
        extends = self.tree.find(nodes.Extends)
        return self._named(extends.template) if extends is not None else None

    @cached_property
    def imports(self) -> dict[str, Page]:
        """The templates whose macros this one imports as a whole, by the name that it gives them."""
        found = ((node.target, self._named(node.template)) for node in self.tree.find_all(nodes.Import))
        return {name: page for name, page in found if page is not None}

    @cached_property
    def brought(self) -> dict[str, tuple[Page, nodes.Macro]]:
        """The macros that can be called by a plain name: its own, and those imported one by one."""
        found: dict[str, tuple[Page, nodes.Macro]] = {name: (self, macro) for name, macro in self.macros.items()}
        for node in self.tree.find_all(nodes.FromImport):
            page = self._named(node.template)
            for name in node.names if page is not None else ():
                theirs, mine = name if isinstance(name, tuple) else (name, name)
                if page is not None and theirs in page.macros:
                    found[mine] = (page, page.macros[theirs])
        return found

    def named(self, node: nodes.Expr) -> Page | None:
        """The first template of those that an `include` names."""
        items = node.items if isinstance(node, (nodes.List, nodes.Tuple)) else [node]
        return next((page for page in map(self._named, items) if page is not None), None)

    def _named(self, node: nodes.Node) -> Page | None:
        return self.find(node.value) if isinstance(node, nodes.Const) and isinstance(node.value, str) else None

    def place(self, made: ast.AST, line: int) -> None:
        """Put what was made of a node on its line, in a column that nothing else has."""
        column = len(self.spelled)
        self.spelled[line, column] = made
        made.lineno = made.end_lineno = line  # type: ignore[attr-defined]
        made.col_offset, made.end_col_offset = column, column + 1  # type: ignore[attr-defined]

    @cached_property
    def body(self) -> list[ast.stmt]:
        """The statements of the template as it is rendered: those of the one at the top of what it extends."""
        pages = list(_inherited(self))
        blocks: dict[str, list[tuple[Page, nodes.Block]]] = {}
        for page in pages:
            for name, block in page.blocks.items():
                blocks.setdefault(name, []).append((page, block))
        return Writer(pages[-1], blocks).body(pages[-1].tree.body)


def _inherited(page: Page) -> Iterator[Page]:
    seen: set[str] = set()
    current: Page | None = page
    while current is not None and current.template.name not in seen:
        seen.add(current.template.name)
        yield current
        current = current.parent


class Writer:
    """Writes one piece of a template; `above` are the blocks that `super()` means in it, nearest first."""

    def __init__(
        self,
        page: Page,
        blocks: dict[str, list[tuple[Page, nodes.Block]]],
        above: Sequence[tuple[Page, nodes.Block]] = (),
    ) -> None:
        self.page = page
        self.blocks = blocks
        self.above = above

    def body(self, statements: Iterable[nodes.Node]) -> list[ast.stmt]:
        """The statements, one after the other."""
        return [written for statement in statements for written in self._statement(statement)]

    def _statement(self, node: nodes.Node) -> Iterator[ast.stmt]:
        match node:
            case nodes.Output():
                for shown in node.nodes:
                    if not isinstance(shown, nodes.TemplateData):
                        yield from self._shown(shown)
            case nodes.For():
                yield from self._for(node)
            case nodes.If():
                yield from self._if(node)
            case nodes.Block():
                if node.name in self.blocks:
                    yield self.block(self.blocks[node.name], node.lineno)
            case nodes.Include():
                page = self.page.named(node.template)
                if page is not None:
                    yield self._part(page, lambda: page.body, node.lineno, isolated=not node.with_context)
            case nodes.Assign():
                yield from self._assign(node.target, node.node, node.lineno)
            case nodes.With():
                for target, value in zip(node.targets, node.values, strict=True):
                    yield from self._assign(target, value, node.lineno)
                yield from self.body(node.body)
            case nodes.CallBlock():
                yield from self._shown(node.call)
                yield from self.body(node.body)
            case nodes.ExprStmt():
                yield from self._shown(node.node)
            case nodes.FilterBlock() | nodes.AssignBlock() | nodes.Scope() | nodes.ScopedEvalContextModifier():
                yield from self.body(node.body)
            case nodes.Break() | nodes.Continue():
                yield self._at(ast.Break() if isinstance(node, nodes.Break) else ast.Continue(), node.lineno)

    def _shown(self, node: nodes.Node) -> Iterator[ast.stmt]:
        """`{{ order }}`: what is turned into text."""
        expressions = Expressions(self)
        value = expressions.of(node)
        yield from expressions.before
        text = self._at(ast.FormattedValue(value, -1, None), node.lineno)
        yield self._at(ast.Expr(text), node.lineno)

    def _for(self, node: nodes.For) -> Iterator[ast.stmt]:
        expressions = Expressions(self)
        members = expressions.of(node.iter)
        yield from expressions.before
        body = self.body(node.body)
        if node.test is not None:
            inner = Expressions(self)
            test = inner.of(node.test)
            body = [*inner.before, self._at(ast.If(test, body or [self._pass(node)], []), node.lineno)]
        target = Expressions(self).target(node.target)
        yield self._at(ast.For(target, members, body or [self._pass(node)], self.body(node.else_)), node.lineno)

    def _if(self, node: nodes.If) -> Iterator[ast.stmt]:
        expressions = Expressions(self)
        test = expressions.of(node.test)
        yield from expressions.before
        otherwise = self.body(node.else_)
        for other in reversed(node.elif_):
            inner = Expressions(self)
            other_test = inner.of(other.test)
            choice = ast.If(other_test, self.body(other.body) or [self._pass(other)], otherwise)
            otherwise = [*inner.before, self._at(choice, other.lineno)]
        yield self._at(ast.If(test, self.body(node.body) or [self._pass(node)], otherwise), node.lineno)

    def _assign(self, target: nodes.Node, value: nodes.Node, line: int) -> Iterator[ast.stmt]:
        expressions = Expressions(self)
        written = expressions.of(value)
        yield from expressions.before
        yield self._at(ast.Assign([expressions.target(target)], written), line)

    def block(self, chain: Sequence[tuple[Page, nodes.Block]], line: int) -> ast.stmt:
        """A block as the template furthest down the line of inheritance has it; the rest is what `super()` gives."""
        page, block = chain[0]
        writer = Writer(page, self.blocks, chain[1:])
        return self._part(page, partial(writer.body, block.body), line)

    def called(self, macro: tuple[Page, nodes.Macro], given: Sequence[tuple[str, ast.expr]], line: int) -> ast.stmt:
        """A macro at work; it sees nothing but what it is given."""
        page, node = macro
        part = self._part(page, partial(Writer(page, {}).body, node.body), line, isolated=True)
        part.given = tuple(given)
        return part

    def _part(self, page: Page, write: Callable[[], list[ast.stmt]], line: int, *, isolated: bool = False) -> Part:
        part = self._at(Part(page, write), line)
        part.isolated = isolated
        return part

    def _pass(self, node: nodes.Node) -> ast.stmt:
        return self._at(ast.Pass(), node.lineno)

    def _at(self, made: Made, line: int) -> Made:
        self.page.place(made, line)
        return made
