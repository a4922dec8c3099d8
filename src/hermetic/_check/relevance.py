"""Which modules can have to do with a session at all; the others are only looked at when one of these calls them."""

from __future__ import annotations

from .modules import Imported, Module, Project

_HOMES = ("sqlalchemy", "sqlmodel", "flask_sqlalchemy", "flask_sqlalchemy_lite", "advanced_alchemy", "alembic")


def relevant(project: Project) -> list[Module]:
    """The modules that import SQLAlchemy or a relative, or a module of the project that does, in their order."""
    chosen = {name for name, module in project.modules.items() if _imports_sqlalchemy(module)}
    importers: dict[str, set[str]] = {}
    for module in project.modules.values():
        for target in _targets(module):
            found = project.module_named(target, module)
            if found is not None:
                importers.setdefault(found.name, set()).add(module.name)
    stack = list(chosen)
    while stack:
        for importer in importers.get(stack.pop(), ()):
            if importer not in chosen:
                chosen.add(importer)
                stack.append(importer)
    return [module for name, module in project.modules.items() if name in chosen]


def _imports_sqlalchemy(module: Module) -> bool:
    return any(home in module.file.text for home in _HOMES)


def _targets(module: Module) -> set[str]:
    found = set(module.stars)
    for bound in module.names.values():
        if isinstance(bound, Imported):
            found.add(bound.target)
            if bound.attribute:
                found.add(f"{bound.target}.{bound.attribute}")
    return found
