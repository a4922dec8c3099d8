"""Templates at work: what they read of what they are given happens where they are rendered."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from ..paths.evaluate import evaluate
from ..paths.flow import Flow
from ..paths.outcomes import Exit
from ..paths.state import Site, State, take
from ..paths.values import UNKNOWN, Value
from ..program.modules import Module
from ..program.shapes import shape_of
from ..source.discover import SourceFile
from .files import TEMPLATE, Shelf, Template, can_read

if TYPE_CHECKING:
    from ..analyzer import Analyzer
    from .pages import Page
    from .parts import Part

MAX_DEPTH = 12
"""So many pieces of template may stand inside one another."""


class Templates:
    """Knows the templates of a project, and renders them on a path."""

    def __init__(self, analyzer: Analyzer, found: Iterable[Template]) -> None:
        self.analyzer = analyzer
        self.shelf = Shelf(found if can_read() else ())
        self._pages: dict[str, Page | None] = {}

    def spelled(self, site: Site) -> str | None:
        """What stands at a site in a template, as Python spells it."""
        page = self._pages.get(site.file)
        made = page.spelled.get((site.line, site.column - 1)) if page is not None else None
        return ast.unparse(made) if made is not None else None

    def render(self, flow: Flow, name: str, context: Iterable[tuple[str, Value]], state: State, node: ast.AST) -> None:
        """A template is rendered at `node`: it reads what it reads of its context."""
        page = self.page(name, flow.module.file.path)
        if page is None or flow.depth >= MAX_DEPTH:
            return
        frame = self._frame(flow, page, page.body)
        frame.rendered_at = flow.site(node)
        frame.env(state).update(context)
        exits = [exit for exit in frame.block(page.body, [state.copy()]) if exit.kind == "next"]
        state.envs.pop(frame.frame, None)
        if exits:
            exits[0].state.envs.pop(frame.frame, None)
            take(state, exits[0].state)

    def page(self, name: str, near: Path) -> Page | None:
        """The template of this name, parsed; None where there is none, or none of Jinja's.

        Who asks rests on all that the template is made of.
        """
        asked = self.shelf.asked(name, near)
        self.analyzer.project.trace.inside.update((TEMPLATE, each, str(place)) for each, place in asked)
        return self._page(name, near)

    def _page(self, name: str, near: Path) -> Page | None:
        template = self.shelf.find(name, near)
        if template is None:
            return None
        if template.name not in self._pages:
            self._pages[template.name] = self._parsed(template)
        return self._pages[template.name]

    def _parsed(self, template: Template) -> Page | None:
        from jinja2 import TemplateSyntaxError  # an extra, for projects with templates

        from .pages import Page

        file = SourceFile(template.path, template.name, f"<{template.name}>", "", ast.Module([], []))
        module = Module(file.module, file, self.analyzer.project)
        try:
            return Page(template, module, partial(self._page, near=template.path))
        except (TemplateSyntaxError, RecursionError):
            return None

    def _frame(self, flow: Flow, page: Page, body: Sequence[ast.stmt]) -> Flow:
        frame = Flow(
            self.analyzer, page.module, flow.function, on_loop=flow.on_loop, place=flow.place, depth=flow.depth + 1,
            threaded=flow.threaded,
        )  # fmt: skip
        frame.told_at, frame.rendered_at = flow.told_at, flow.rendered_at
        frame.notes, frame.rows = flow.notes, flow.rows
        # A part in the midst of a page may ask for any name: none is forgotten.
        frame.shape = replace(shape_of(body), body=())
        return frame

    def part(self, flow: Flow, part: Part, state: State) -> list[Exit]:
        """A piece of template in the midst of another."""
        if flow.depth >= MAX_DEPTH:
            return [Exit("next", state)]
        given: dict[str, Value] = {} if part.isolated else dict(flow.env(state))
        for name, expression in part.given:
            exit = flow.once(state, partial(evaluate, flow, expression))
            given[name] = exit.value if exit.kind == "next" else UNKNOWN
        frame = self._frame(flow, part.page, part.body)
        frame.env(state).update(given)
        exits = frame.block(part.body, [state])
        for exit in exits:
            exit.state.envs.pop(frame.frame, None)
        return [Exit("next", exit.state) for exit in exits if exit.kind == "next"] or [Exit("next", state)]
