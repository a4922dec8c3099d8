from __future__ import annotations

import ast
from textwrap import dedent
from typing import Any

import pytest

from hermetic._check.models.index import Models
from hermetic._check.models.schemas import Schemas
from hermetic._check.models.touches import Path
from hermetic._check.program.modules import Class
from hermetic._lifecycle.schema import Mapping
from tests.check.building import project

MODELS = """
    from sqlalchemy import ForeignKey
    from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

    class Base(DeclarativeBase):
        pass

    class Customer(Base):
        __tablename__ = "customers"
        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str]
        orders: Mapped[list["Order"]] = relationship(back_populates="customer")

    class Order(Base):
        __tablename__ = "orders"
        id: Mapped[int] = mapped_column(primary_key=True)
        total: Mapped[int]
        customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"))
        parent_id: Mapped[int | None] = mapped_column(ForeignKey("orders.id"))
        customer: Mapped[Customer] = relationship(back_populates="orders")
        parts: Mapped[list["Order"]] = relationship()

        @property
        def customer_name(self) -> str:
            return self.customer.name
"""

PYDANTIC = """
    from typing import Annotated, ClassVar, List, Optional, Sequence, Union
    from pydantic import AliasChoices, AliasPath, BaseModel, ConfigDict, Field, computed_field
    from pydantic.alias_generators import to_camel

    class Read(BaseModel):
        model_config = ConfigDict(from_attributes=True)
        kind: ClassVar[str] = "x"
        id: int

    class CustomerRead(Read):
        name: str

    class Flat(Read):
        total: int
        secret: int = Field(exclude=True, validation_alias="customer_id")

        @computed_field
        @property
        def double(self) -> int:
            return self.total * 2

    class Nested(Read):
        customer: Annotated[Optional[CustomerRead], Field(description="who")]

    class Aliased(Read):
        buyer: CustomerRead = Field(alias="customer")
        name: str = Field(validation_alias=AliasPath("customer", "name"))
        sum_: int = Field(validation_alias=AliasChoices("total", "sum"))

    class Property(Read):
        customer_name: str

    class Lists(Read):
        parts: List[Flat]

    class Tree(Read):
        parts: "Sequence[Tree]"

    class Numbered(Read):
        pass

    class Either(Read):
        customer: Union[Numbered, CustomerRead, None]

    class Some(Read):
        parts: list[Flat | Numbered] | None

    class Camel(BaseModel):
        model_config = ConfigDict(from_attributes=True, populate_by_name=True, alias_generator=to_camel)
        customer_id: int
        customer_name: str

    class ByName(BaseModel):
        model_config = ConfigDict(from_attributes=True, populate_by_name=True)
        customer: CustomerRead = Field(alias="buyer")
        customer_name: str = Field(alias="buyerName")
"""

EXPECTED: dict[str, set[str]] = {
    "Flat": {"id", "total", "customer_id"},
    "Nested": {"id", "customer", "customer.id", "customer.name"},
    "Aliased": {"id", "customer", "customer.id", "customer.name", "total"},
    "Property": {"id", "customer", "customer.name"},
    "Lists": {"id", "parts", "parts.id", "parts.total", "parts.customer_id"},
    "Tree": {"id", "parts", "parts.id", "parts.parts"},
    "Either": {"id", "customer", "customer.id", "customer.name"},
    "Some": {"id", "parts", "parts.id", "parts.total", "parts.customer_id"},
    "Camel": {"customer_id", "customer", "customer.name"},
    "ByName": {"customer", "customer.id", "customer.name"},
}

OTHERS = """
    import dataclasses
    from typing import TypedDict
    import msgspec
    from marshmallow import Schema, fields
    from marshmallow_sqlalchemy import SQLAlchemyAutoSchema

    @dataclasses.dataclass
    class Data:
        total: int
        customer: "Struct"

    class Struct(msgspec.Struct):
        id: int
        name: str

    class Typed(TypedDict):
        id: int

    class Marsh(Schema):
        class Meta:
            fields = ("id",)
        sum = fields.Int(attribute="total")
        password = fields.Str(load_only=True)
        shown = fields.Method("show")
        buyer = fields.Nested("Buyer", attribute="customer")
        parts = fields.List(fields.Nested(lambda: Marsh()))

    class Buyer(Schema):
        name = fields.Str()

    class Automatic(SQLAlchemyAutoSchema):
        class Meta:
            model = None

    class Related(SQLAlchemyAutoSchema):
        class Meta:
            include_fk = True
            include_relationships = True
            exclude = ("total", "parts", "parent_id")

    class Nothing:
        id: int
"""


def read(source: str, name: str) -> set[str]:
    """The attributes of an order that filling the response model `name` reads, dotted."""
    built = project({"app/models.py": MODELS, "app/schemas.py": source})
    models = Models(built)
    order, cls = models.mapping("app.models.Order"), built.modules["app.schemas"].contents.names[name]
    assert order is not None
    assert isinstance(cls, Class)
    return {".".join(path) for path in Schemas(built, models).reads(cls, order)}


class Watched:
    """Stands for an instance, and notes which mapped attributes are read from it, from the first turn of a circle on."""

    def __init__(self, models: Models, mapping: Mapping, seen: set[str], path: Path = ()) -> None:
        vars(self).update(_models=models, _mapping=mapping, _seen=seen, _path=path)

    def __getattr__(self, name: str) -> Any:
        mapping, path = self._mapping, (*self._path, name)
        if name == "customer_name":
            return self.customer.name
        if name not in mapping.columns and name not in mapping.relations:
            raise AttributeError(name)
        self._seen.add(".".join(path))
        if name in mapping.columns:
            return "7"
        relation = mapping.relations[name]
        other = Watched(self._models, self._models.mapping(relation.target), self._seen, path)
        if relation.many:
            return [other] if len(path) < 2 else []
        return other


@pytest.mark.parametrize("name", EXPECTED)
def test_reads_what_pydantic_reads(name: str) -> None:
    """Pydantic reads the validation alias of each field, nested models through their relation."""
    pytest.importorskip("pydantic")
    namespace: dict[str, Any] = {"__name__": "schemas"}
    exec(compile(dedent(PYDANTIC), "schemas.py", "exec", dont_inherit=True), namespace)
    namespace["Tree"].model_rebuild(_types_namespace=namespace)
    models, seen = Models(project({"app/models.py": MODELS})), set[str]()
    order = models.mapping("app.models.Order")
    assert order is not None
    namespace[name].model_validate(Watched(models, order, seen))

    assert EXPECTED[name] == read(PYDANTIC, name) == seen


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Data", {"total", "customer", "customer.id", "customer.name"}),
        ("Struct", {"id"}),
        ("Typed", {"id"}),
        (
            "Marsh",
            {"id", "total", "customer", "customer.name", "parts"}
            | {f"parts.{name}" for name in ("id", "total", "customer", "customer.name", "parts")},
        ),
        ("Automatic", {"id", "total"}),
        ("Related", {"id", "customer_id", "customer"}),
        ("Nothing", set()),
    ],
)
def test_reads_what_other_converters_read(name: str, expected: set[str]) -> None:
    """Dataclasses, msgspec, TypedDict and marshmallow are response models too; a plain class is none."""
    assert expected == read(OTHERS, name)


def test_a_sqlmodel_table_is_a_response_without_its_relations() -> None:
    """A SQLModel class lists its fields; a Relationship is no field."""
    built = project(
        {
            "app.py": """
            from sqlmodel import Field, Relationship, SQLModel

            class HeroBase(SQLModel):
                name: str

            class Hero(HeroBase, table=True):
                id: int = Field(primary_key=True)
                team_id: int = Field(foreign_key="team.id")
                team: "Team" = Relationship()

            class Team(SQLModel, table=True):
                id: int = Field(primary_key=True)

            class HeroRead(HeroBase):
                team: Team
            """
        }
    )
    schemas = Schemas(built, Models(built))
    classes = built.modules["app"].contents.names
    hero, hero_read = classes["Hero"], classes["HeroRead"]
    assert isinstance(hero, Class)
    assert isinstance(hero_read, Class)
    mapping = Models(built).mapping(hero)
    assert mapping is not None

    assert ["name", "id", "team_id"] == list(schemas.fields(hero) or ())
    assert (("name",), ("team",), ("team", "id")) == schemas.reads(hero_read, mapping)


@pytest.mark.parametrize(
    ("annotation", "expected"),
    [
        ("OrderRead", ("OrderRead", False)),
        ("OrderRead | int | Page", ("OrderRead | Page", False)),
        ("list[Union[Plain, OrderRead]]", ("OrderRead", True)),
        ("Page[OrderRead | Page]", ("OrderRead | Page", True)),
        ("'OrderRead'", ("OrderRead", False)),
        ("OrderRead | None", ("OrderRead", False)),
        ("Optional[OrderRead]", ("OrderRead", False)),
        ("Annotated[OrderRead, 1]", ("OrderRead", False)),
        ("list[OrderRead]", ("OrderRead", True)),
        ("Sequence['OrderRead'] | None", ("OrderRead", True)),
        ("tuple[OrderRead, ...]", ("OrderRead", True)),
        ("Page[OrderRead]", ("OrderRead", True)),
        ("LimitOffsetPage[OrderRead]", ("OrderRead", True)),
        ("Wrapped[OrderRead]", ("OrderRead", False)),
        ("Orders", ("OrderRead", True)),
        ("dict[str, int]", None),
        ("int", None),
        ("Plain", None),
    ],
)
def test_finds_the_model_in_a_return_annotation(annotation: str, expected: tuple[str, bool] | None) -> None:
    """The response model is found through lists, options, pages, aliases and strings."""
    built = project(
        {
            "app.py": """
            from typing import Annotated, Generic, Optional, Sequence, TypeVar, Union
            from fastapi_pagination import LimitOffsetPage
            from pydantic import BaseModel

            T = TypeVar("T")

            class Page(BaseModel, Generic[T]):
                total: int
                items: list[T]

            class Wrapped(BaseModel, Generic[T]):
                data: T

            class OrderRead(BaseModel):
                id: int

            class Plain:
                id: int

            Orders = list[OrderRead]
            """
        }
    )
    module = built.modules["app"]
    found = Schemas(built, Models(built)).response(ast.parse(annotation, mode="eval").body, module)

    assert expected == (found and (" | ".join(cls.name for cls in found[0]), found[1]))
