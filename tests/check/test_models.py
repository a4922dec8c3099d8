from __future__ import annotations

import sys
from collections.abc import Iterator
from textwrap import dedent
from types import ModuleType
from typing import Any

import pytest
import sqlalchemy
from sqlalchemy.orm import ColumnProperty, Mapper, RelationshipProperty, clear_mappers, configure_mappers

from hermetic._check.models import Models
from hermetic._lifecycle.schema import Column, Mapping
from tests.check.building import project
from tests.check.model_styles import FLASK, SQLMODEL, STYLES

LEGACY_LAZY = {True: "select", False: "joined", None: "noload"}
CLAIMS = ("primary_key", "deferred", "server_default", "onupdate", "foreign_key")


@pytest.fixture
def fresh_mappers() -> Iterator[None]:
    yield
    clear_mappers()


def ran(source: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, Mapper[Any]]:
    """The real mappers, by class name, that running a module makes."""
    module = ModuleType("shop.models")
    monkeypatch.setitem(sys.modules, "shop.models", module)
    exec(compile(dedent(source), "models.py", "exec", dont_inherit=True), vars(module))
    configure_mappers()
    own = [value for value in vars(module).values() if getattr(value, "__module__", "") == "shop.models"]
    found = ((one, sqlalchemy.inspect(one, raiseerr=False)) for one in own if isinstance(one, type))
    return {one.__qualname__: mapper for one, mapper in found if isinstance(mapper, Mapper)}


def real_claims(prop: ColumnProperty[Any]) -> set[str]:
    column = prop.columns[0]
    if not isinstance(column, sqlalchemy.Column):
        return {"server_default", "onupdate"} | ({"deferred"} if prop.deferred else set())
    answers = {
        "primary_key": column.primary_key,
        "deferred": prop.deferred,
        "server_default": column.server_default is not None
        or (column.default is not None and column.default.is_clause_element),
        "onupdate": column.server_onupdate is not None
        or (column.onupdate is not None and column.onupdate.is_clause_element),
        "foreign_key": any(one.foreign_keys for one in prop.columns),
    }
    return {name for name, answer in answers.items() if answer}


def real_relation(prop: RelationshipProperty[Any]) -> tuple[str, bool, str, str | None, bool]:
    lazy = LEGACY_LAZY.get(prop.lazy, prop.lazy)
    target = f"shop.models.{prop.mapper.class_.__qualname__}"
    return target, bool(prop.uselist), str(lazy), prop.back_populates, prop.secondary is not None


def real(mapper: Mapper[Any]) -> dict[str, object]:
    columns = {prop.key: real_claims(prop) for prop in mapper.column_attrs}
    return columns | {prop.key: real_relation(prop) for prop in mapper.relationships}


def claims(column: Column) -> set[str]:
    return {name for name in CLAIMS if getattr(column, name)}


def read(mapping: Mapping) -> dict[str, object]:
    relations = mapping.relations.values()
    return {name: claims(column) for name, column in mapping.columns.items()} | {
        one.name: (one.target, one.many, one.lazy, one.back_populates, one.many_to_many) for one in relations
    }


def differences(source: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, tuple[object, object]]:
    """What the mappers and the static reading say of each attribute, where they do not say the same."""
    mappers = ran(source, monkeypatch)
    models = Models(project({"shop/models.py": source}))
    ours = {mapping.name.removeprefix("shop.models."): read(mapping) for mapping in models}
    theirs = {name: real(mapper) for name, mapper in mappers.items()}
    found: dict[str, tuple[object, object]] = {}
    for name in sorted(ours.keys() | theirs.keys()):
        said, true = ours.get(name), theirs.get(name)
        if said is None or true is None:
            found[name] = (true, said)
            continue
        for key in sorted(said.keys() | true.keys()):
            if said.get(key) != true.get(key):
                found[f"{name}.{key}"] = (true.get(key), said.get(key))
    return found


@pytest.mark.usefixtures("fresh_mappers")
@pytest.mark.parametrize("style", STYLES)
def test_reads_what_the_mapper_knows(style: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Columns, relations, targets, loaders and keys read from the source are those of the real mapper."""
    assert {} == differences(STYLES[style], monkeypatch)


@pytest.mark.usefixtures("fresh_mappers")
@pytest.mark.parametrize("style", SQLMODEL)
def test_reads_what_sqlmodel_maps(style: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A SQLModel class is mapped with `table=True` only, and takes over the fields of its bases."""
    sqlmodel = pytest.importorskip("sqlmodel")
    monkeypatch.setattr(sqlmodel.SQLModel, "metadata", sqlalchemy.MetaData())

    assert {} == differences(SQLMODEL[style], monkeypatch)


@pytest.mark.usefixtures("fresh_mappers")
@pytest.mark.parametrize("style", FLASK)
def test_reads_what_flask_sqlalchemy_maps(style: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Models below `db.Model` need no table name."""
    pytest.importorskip("flask_sqlalchemy")

    assert {} == differences(FLASK[style], monkeypatch)
