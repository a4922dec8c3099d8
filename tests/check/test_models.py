from __future__ import annotations

import sys
from collections.abc import Iterator
from textwrap import dedent
from types import ModuleType
from typing import Any

import pytest
import sqlalchemy
from sqlalchemy.orm import ColumnProperty, Mapper, RelationshipProperty, configure_mappers, registry

from hermetic._check.models.index import Models
from hermetic._lifecycle.schema import Column, Mapping
from tests.check.building import project
from tests.check.model_styles import FLASK, SQLMODEL, STYLES

LEGACY_LAZY = {True: "select", False: "joined", None: "noload"}
CLAIMS = ("primary_key", "deferred", "server_default", "onupdate", "foreign_key")


@pytest.fixture
def fresh_mappers() -> Iterator[None]:
    """The mappers that a test makes are gone after it; those of other tests stay."""
    made: set[registry] = set()

    def remember(mapper: Mapper[Any], _cls: type) -> None:
        made.add(mapper.registry)

    sqlalchemy.event.listen(Mapper, "after_mapper_constructed", remember)
    yield
    sqlalchemy.event.remove(Mapper, "after_mapper_constructed", remember)
    for one in made:
        one.dispose(cascade=True)


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


SHOP = """
    from sqlalchemy import ForeignKey
    from sqlalchemy.ext.associationproxy import association_proxy
    from sqlalchemy.ext.hybrid import hybrid_property
    from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship, synonym

    class Base(DeclarativeBase):
        def to_dict(self):
            return {column.name: getattr(self, column.name) for column in self.__table__.columns}

    class Customer(Base):
        __tablename__ = "customers"
        id: Mapped[int] = mapped_column(primary_key=True)
        first: Mapped[str]
        last: Mapped[str]
        orders: Mapped[list["Order"]] = relationship(back_populates="customer")

        @property
        def full(self):
            return f"{self.first} {self.last}"

        def __repr__(self):
            return f"<Customer {self.full!r} {len(self.orders)}>"

    class Order(Base):
        __tablename__ = "orders"
        id: Mapped[int] = mapped_column(primary_key=True)
        total: Mapped[int]
        customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"))
        customer: Mapped[Customer] = relationship(back_populates="orders")
        items: Mapped[list["Item"]] = relationship()
        sum = synonym("total")
        prices = association_proxy("items", "price")

        @property
        def buyer(self):
            return self.customer.full.upper()

        @hybrid_property
        def rest(self):
            return self.total - sum(item.price for item in self.items)

        @rest.expression
        def rest(cls):
            return cls.id

        @property
        def cheapest(self):
            ordered = sorted(self.items, key=lambda item: item.price)
            for number, item in enumerate(ordered):
                if number:
                    return item.note
            self.items.append(None)

        @property
        def label(self):
            return self.buyer if self.id else self.missing

        @label.setter
        def label(self, value):
            self.total = value

        def to_dict(self):
            return super().to_dict() | {"who": getattr(self, "customer").first}

        @property
        def circle(self):
            return self.circle

    class Item(Base):
        __tablename__ = "items"
        id: Mapped[int] = mapped_column(primary_key=True)
        order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"))
        price: Mapped[int]
        note: Mapped[str] = mapped_column(deferred=True)
"""


@pytest.mark.parametrize(
    ("cls", "name", "expected"),
    [
        ("Customer", "full", {"first", "last"}),
        ("Customer", "__repr__", {"first", "last", "orders"}),
        ("Customer", "to_dict", {"id", "first", "last"}),
        ("Order", "buyer", {"customer", "customer.first", "customer.last"}),
        ("Order", "rest", {"total", "items", "items.price"}),
        ("Order", "cheapest", {"items", "items.price", "items.note"}),
        ("Order", "label", {"id", "customer", "customer.first", "customer.last"}),
        ("Order", "to_dict", {"id", "total", "customer_id", "customer", "customer.first"}),
        ("Order", "sum", {"total"}),
        ("Order", "prices", {"items.price"}),
        ("Order", "circle", set()),
        ("Order", "total", set()),
        ("Order", "unknown", set()),
    ],
)
def test_a_property_reads_columns_and_relations(cls: str, name: str, expected: set[str]) -> None:
    """What a property, a method or a shortcut reads is told by paths, other properties and loops followed."""
    models = Models(project({"shop.py": SHOP}))
    mapping = models.mapping(f"shop.{cls}")
    assert mapping is not None

    assert expected == {".".join(path) for path in models.property_reads(mapping, name)}


def test_a_base_of_another_package_maps_what_has_a_table() -> None:
    """Where the base cannot be seen, a table name or SQLAlchemy's columns tell a model; other classes are none."""
    models = Models(
        project(
            {
                "app.py": """
                import enum
                from sqlalchemy import Column, Integer
                from company.database import Model
                from company.forms import Form

                class User(Model):
                    __tablename__ = "users"
                    id = Column(Integer, primary_key=True)

                class Admin(User):
                    pass

                class Keyed(Model):
                    id = Column(Integer, primary_key=True)

                class Contact(Form):
                    id = 3

                class Timestamps:
                    created = Column(Integer)

                class SomeMixin(Model):
                    created = Column(Integer)

                class Color(enum.Enum):
                    __tablename__ = "no"
                """
            }
        )
    )

    assert ["app.User", "app.Admin", "app.Keyed"] == [mapping.name for mapping in models]


def test_advanced_alchemy_bases_bring_their_columns() -> None:
    """The key and the audit columns of Advanced Alchemy's bases are known."""
    models = Models(
        project(
            {
                "app.py": """
                from advanced_alchemy.base import BigIntAuditBase, DefaultBase
                from advanced_alchemy.mixins import SlugKey
                from sqlalchemy.orm import Mapped

                class Author(SlugKey, BigIntAuditBase):
                    name: Mapped[str]

                class Plain(DefaultBase):
                    __abstract__ = True
                """
            }
        )
    )

    assert [["created_at", "id", "name", "slug", "updated_at"]] == [sorted(mapping.columns) for mapping in models]


NAMESAKES = {
    "shop/models.py": """
        from sqlalchemy import Column, ForeignKey, Integer
        from sqlalchemy.orm import declarative_base, relationship

        Base = declarative_base()

        class Item(Base):
            __tablename__ = "items"
            id = Column(Integer, primary_key=True)

        class Bill(Base):
            __tablename__ = "bills"
            id = Column(Integer, primary_key=True)
            item_id = Column(ForeignKey("items.id"))
            item = relationship("Item")
            far = relationship("other.models.Item", uselist=True)
            user = relationship("User")
            gone = relationship("Gone")
        """,
    "shop/users.py": """
        from shop.models import Base

        class User(Base):
            __tablename__ = "users"
        """,
    "other/models.py": """
        from sqlmodel import Field, SQLModel

        class Item(SQLModel, table=True):
            id: int = Field(primary_key=True)
        """,
}


def test_a_string_finds_the_nearest_class_of_that_name() -> None:
    """Of two classes with one name the nearer is meant; a path decides between them; a stranger keeps its bare name."""
    mapping = Models(project(NAMESAKES)).mapping("shop.models.Bill")
    assert mapping is not None
    expected = {
        "item": ("shop.models.Item", False),
        "far": ("other.models.Item", True),
        "user": ("shop.users.User", True),
        "gone": ("Gone", True),
    }

    assert expected == {one.name: (one.target, one.many) for one in mapping.relations.values()}


def test_a_mapping_is_found_by_every_name_of_its_class() -> None:
    """Imports, aliases and `aliased()` lead to the one mapping of a class, and the mapping back to the class."""
    built = project(
        {
            "app/models.py": SHOP,
            "app/api.py": """
            from sqlalchemy.orm import aliased
            from app.models import Customer as C

            Client = C
            other = aliased(Client, name="other")
            number = 3
            """,
        }
    )
    models, api = Models(built), built.modules["app.api"]
    customer = models.mapping("app.models.Customer")
    assert customer is not None

    assert [customer] * 3 == [models.of(built.resolve(api, name)) for name in ("C", "Client", "other")]
    assert [None] * 3 == [models.of(built.resolve(api, name)) for name in ("number", "aliased", "nothing")]
    assert "Customer" == models.cls(customer).name
    assert 3 == len(models)


def test_classes_inside_functions_are_mapped() -> None:
    """A base and its models that a function defines are found, as tests write them."""
    models = Models(
        project(
            {
                "app.py": """
                from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

                def build():
                    class Base(DeclarativeBase):
                        pass

                    class Parent(Base):
                        __tablename__ = "parent"
                        id: Mapped[int] = mapped_column(primary_key=True)
                        child: Mapped["Child"] = relationship()

                    class Child(Parent):
                        pass
                """
            }
        )
    )
    found = {mapping.name: mapping for mapping in models}

    assert ["app.build.<locals>.Parent", "app.build.<locals>.Child"] == list(found)
    assert "app.build.<locals>.Child" == found["app.build.<locals>.Parent"].relations["child"].target
