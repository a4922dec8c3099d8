"""The loader options that the differential test loads with, in the model's words and in SQLAlchemy's."""

from __future__ import annotations

from functools import cache
from typing import Any

from sqlalchemy import inspect, orm

from hermetic._lifecycle.arriving import beyond
from hermetic._lifecycle.schema import LoaderOption

from .library import CLASSES, MAPPINGS

BY_NAME = {cls.__name__: cls for cls in CLASSES}
OPTIONS: dict[str, list[tuple[LoaderOption, ...]]] = {
    "Person": [
        (),
        (LoaderOption("joinedload", ("books",)),),
        (LoaderOption("selectinload", ("books",)),),
        (LoaderOption("joinedload", ("boss",)),),
        (LoaderOption("selectinload", ("boss",)),),
        (LoaderOption("selectinload", ("reports",)),),
        (LoaderOption("load_only", ("name",)),),
        (LoaderOption("load_only", ("name",)), LoaderOption("load_only", ("points",))),
        (LoaderOption("defer", ("name",)),),
        (LoaderOption("defer", ("boss_id",)),),
        (LoaderOption("undefer", ("notes",)),),
        (LoaderOption("raiseload", ("books",)),),
        (LoaderOption("raiseload", ("boss",)),),
        (LoaderOption("raiseload", ("*",)),),
        (LoaderOption("noload", ("books",)),),
        (LoaderOption("noload", ("boss",)),),
        (LoaderOption("selectinload", ("books",)), LoaderOption("selectinload", ("books", "tags"))),
        (LoaderOption("joinedload", ("books",)), LoaderOption("defer", ("books", "title"))),
        (LoaderOption("selectinload", ("books",)), LoaderOption("raiseload", ("books", "tags"))),
    ],
    "Book": [
        (),
        (LoaderOption("joinedload", ("owner",)),),
        (LoaderOption("selectinload", ("owner",)),),
        (LoaderOption("joinedload", ("tags",)),),
        (LoaderOption("selectinload", ("tags",)),),
        (LoaderOption("load_only", ("title",)),),
        (LoaderOption("defer", ("owner_id",)),),
        (LoaderOption("raiseload", ("owner",)),),
        (LoaderOption("noload", ("tags",)),),
        (LoaderOption("joinedload", ("owner",)), LoaderOption("load_only", ("owner", "name"))),
        (LoaderOption("defaultload", ("owner",)), LoaderOption("defer", ("owner", "name"))),
    ],
    "Tag": [
        (),
        (LoaderOption("joinedload", ("books",)),),
        (LoaderOption("selectinload", ("books",)),),
        (LoaderOption("raiseload", ("books",)),),
    ],
}  # fmt: skip


COLUMNS = {
    "Person": ("name", "points", "notes", "joined", "edited", "boss_id"),
    "Book": ("title", "stock", "blurb", "owner_id"),
    "Tag": ("label",),
}


SPELLED: dict[int, tuple[LoaderOption, ...]] = {}
"""The model's word for each of SQLAlchemy's options, by their `id`; `real_options` keeps them alive."""


@cache
def real_options(entity: str, options: tuple[LoaderOption, ...]) -> tuple[Any, ...]:
    """SQLAlchemy's own spelling of loader options; asked again, the very same objects."""
    made = []
    only: dict[tuple[str, ...], list[LoaderOption]] = {}
    for option in options:
        if option.kind == "load_only":
            only.setdefault(option.path[:-1], []).append(option)
            continue
        base, mapped = prefix(entity, option.path[:-1])
        kind = getattr(base, option.kind)
        made.append(kind(option.path[-1] if option.path[-1] == "*" else getattr(mapped, option.path[-1])))
        SPELLED[id(made[-1])] = (option,)
    for path, several in only.items():
        base, mapped = prefix(entity, path)
        made.append(base.load_only(*(getattr(mapped, option.path[-1]) for option in several)))
        SPELLED[id(made[-1])] = tuple(several)
    return tuple(made)


def options_of(instance: Any) -> tuple[tuple[LoaderOption, ...], tuple[str, ...] | None]:
    """The options that a real instance was loaded with, as it sees them, and the classes above it in that load."""
    state = inspect(instance)
    if not state.load_options:
        return (), None
    mappers, relations = state.load_path.path[::2], state.load_path.path[1::2]
    options = tuple(option for made in state.load_options for option in SPELLED[id(made)])
    for relation in relations:
        options = beyond(options, relation.key)
    return options, tuple(mapper.class_.__name__ for mapper in mappers[:-1])


def prefix(entity: str, path: tuple[str, ...]) -> tuple[Any, Any]:
    base: Any = orm
    for name in path:
        base = base.defaultload(getattr(BY_NAME[entity], name))
        entity = MAPPINGS[entity].relations[name].target
    return base, BY_NAME[entity]
