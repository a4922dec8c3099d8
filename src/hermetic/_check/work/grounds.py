"""What each module of a program rests on: one name for all that looking at its code may consult.

A module rests on itself, on what it imports, on what that imports, and on the modules of models related to those there.
Whatever else decides what is found is a fact of the whole program, and is listed in `_facts`: code that looks through
all modules of a project while a function is looked at has to put there what it learns.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from ..program.modules import Module, Project, imported_names
from .cache import digest

if TYPE_CHECKING:
    from ..analyzer import Analyzer


class Grounds:
    """`digests` names for each module what it rests on; while that stays the same, so does all that is seen there."""

    def __init__(self, analyzer: Analyzer) -> None:
        modules = analyzer.project.modules
        facts = _facts(analyzer)
        own = [_own(analyzer, module) for module in modules.values()]
        self._places = {name: 1 << index for index, name in enumerate(modules)}
        self._reached = _closed(_links(analyzer), self._places)
        known: dict[int, str] = {}
        for reached in self._reached.values():
            if reached not in known:
                known[reached] = digest(facts, *(one for index, one in enumerate(own) if reached >> index & 1))
        self.digests = {name: known[reached] for name, reached in self._reached.items()}

    def hold(self, module: str, others: Iterable[str]) -> bool:
        """Whether a module rests on all of these."""
        return all(self._reached[module] & self._places[other] for other in others)


def _facts(analyzer: Analyzer) -> str:
    """What the program as a whole decides: which modules there are, the models, how sessions are made, where it runs."""
    files = (
        repr((name, str(one.file.path), one.file.name, one.file.role, one.file.fence, one.file.first_line))
        for name, one in analyzer.project.modules.items()
    )
    models = (f"{one.name} {dict(one.columns)} {dict(one.relations)} {one.fetches_defaults}" for one in analyzer.models)
    engines, around = analyzer.engines, analyzer.surroundings
    sessions = (analyzer.factories.seen, engines.is_configured, sorted(engines.started_up))
    return digest(*files, *models, repr((sessions, around.is_postgresql, around.is_strict, around.serves_many)))


def _own(analyzer: Analyzer, module: Module) -> str:
    """A module's source, and what others decide of it: which of its functions matter, and whether it runs again."""
    relevance = analyzer.relevance
    matter = "".join(f"{int(one in relevance)}{int(one in relevance.concerned)}" for one in module.functions)
    return digest(module.name, module.file.text, matter, str(analyzer.engines.is_rerun(module)))


def _closed(links: dict[str, set[str]], places: dict[str, int]) -> dict[str, int]:
    """All modules that each one leads to, itself too, as a number with a bit for each."""
    reached = dict(places)
    is_growing = True
    while is_growing:
        is_growing = False
        for name, others in links.items():
            found = reached[name]
            for other in others:
                found |= reached[other]
            if found != reached[name]:
                reached[name], is_growing = found, True
    return reached


def _links(analyzer: Analyzer) -> dict[str, set[str]]:
    """The modules that each module leads to in one step."""
    project = analyzer.project
    below = _submodules(project)
    links = {name: set(_imported(module, below)) for name, module in project.modules.items()}
    documents: dict[str, set[str]] = {}
    for name, module in project.modules.items():
        documents.setdefault(module.file.name, set()).add(name)
    for together in documents.values():
        for name in together:
            links[name] |= together
    for one, other in _related(analyzer):
        links[one].add(other)
        links[other].add(one)
    return links


def _submodules(project: Project) -> dict[str, set[str]]:
    """The modules below each name."""
    found: dict[str, set[str]] = {}
    for name in project.modules:
        parts = name.split(".")
        for length in range(1, len(parts)):
            found.setdefault(".".join(parts[:length]), set()).add(name)
    return found


def _imported(module: Module, below: dict[str, set[str]]) -> Iterator[str]:
    """What the imports of a module may bring: a package brings all that is below it, by dots."""
    project = module.project
    for node in ast.walk(module.tree):
        if not isinstance(node, (ast.Import, ast.ImportFrom)):
            continue
        for _, bound in imported_names(module, node):
            target = project.module_named(bound.target, module)
            if target is None:
                continue
            yield target.name
            brought = target.name if bound.attribute is None else f"{target.name}.{bound.attribute}"
            if brought in project.modules:
                yield brought
                yield from below.get(brought, ())


def _related(analyzer: Analyzer) -> Iterator[tuple[str, str]]:
    """The modules of two models of which one has a relation to the other."""
    models = analyzer.models
    for one in models:
        for relation in one.relations.values():
            other = models.mapping(relation.target)
            if other is not None:
                yield models.cls(one).module.name, models.cls(other).module.name
