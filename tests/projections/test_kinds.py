"""One DTO in every framework, and what each of them adds."""

from __future__ import annotations

import enum
from dataclasses import KW_ONLY, dataclass, field
from typing import Annotated, Any, Generic, Literal, NamedTuple, NotRequired, TypedDict, TypeVar

import attrs
import msgspec
import pydantic.dataclasses
import pytest
from pydantic import (
    AliasChoices,
    BaseModel,
    ConfigDict,
    Field,
    PrivateAttr,
    ValidationError,
    computed_field,
    field_validator,
    model_validator,
)
from pydantic.alias_generators import to_camel
from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlmodel import SQLModel

from hermetic import fetch, fetch_one

from .bazaar import Order, State
from .conftest import Bazaar

FIRST = select(Order).where(Order.id == 1)
Item = TypeVar("Item")


class PydanticItem(BaseModel):
    sku: str


class PydanticOrder(BaseModel):
    number: str
    items: list[PydanticItem]


class SqlModelItem(SQLModel):
    sku: str


class SqlModelOrder(SQLModel):
    number: str
    items: list[SqlModelItem]


class StructItem(msgspec.Struct, frozen=True):
    sku: str


class StructOrder(msgspec.Struct, kw_only=True):
    number: str
    items: list[StructItem]


@dataclass(slots=True, frozen=True)
class DataItem:
    sku: str


@dataclass
class DataOrder:
    number: str
    _: KW_ONLY
    items: list[DataItem]


@pydantic.dataclasses.dataclass
class CheckedItem:
    sku: str


@pydantic.dataclasses.dataclass
class CheckedOrder:
    number: str
    items: list[CheckedItem]


@attrs.frozen
class AttrsItem:
    sku: str


@attrs.define
class AttrsOrder:
    number: str
    items: list[AttrsItem]


class TypedItem(TypedDict):
    sku: str


class TypedOrder(TypedDict):
    number: str
    items: list[TypedItem]


class NamedItem(NamedTuple):
    sku: str


class NamedOrder(NamedTuple):
    number: str
    items: list[NamedItem]


KINDS: dict[str, tuple[Any, Any]] = {
    "Pydantic": (PydanticOrder, PydanticItem),
    "SQLModel": (SqlModelOrder, SqlModelItem),
    "msgspec": (StructOrder, StructItem),
    "dataclass": (DataOrder, DataItem),
    "Pydantic dataclass": (CheckedOrder, CheckedItem),
    "attrs": (AttrsOrder, AttrsItem),
    "TypedDict": (TypedOrder, TypedItem),
    "NamedTuple": (NamedOrder, NamedItem),
}


@pytest.mark.parametrize("name", KINDS)
def test_kind(bazaar: Bazaar, name: str) -> None:
    """The DTO is made as its author would make it by hand."""
    order, item = KINDS[name]

    assert [order(number="A-1", items=[item(sku="sku-1-0"), item(sku="sku-1-1")])] == bazaar.run(fetch, order, FIRST)


OUTER = ["Pydantic", "msgspec", "attrs", "TypedDict", "NamedTuple"]
INNER = ["Pydantic", "msgspec", "dataclass", "attrs", "TypedDict", "NamedTuple"]
MIXED = [(outer, inner) for outer in OUTER for inner in INNER if (outer, inner) != ("Pydantic", "TypedDict")]


@pytest.mark.parametrize(("outer", "inner"), MIXED)
def test_kinds_mix(session: Session, outer: str, inner: str) -> None:
    """A DTO of one framework holds those of another; Pydantic alone is particular about whose TypedDict it is."""
    item = KINDS[inner][1]
    mixed: Any = {
        "Pydantic": lambda: type(
            "Mixed",
            (BaseModel,),
            {"__annotations__": {"items": list[item]}, "model_config": ConfigDict(arbitrary_types_allowed=True)},
        ),
        "msgspec": lambda: msgspec.defstruct("Mixed", [("items", list[item])]),
        "attrs": lambda: attrs.make_class("Mixed", {"items": attrs.field(type=list[item])}),
        "TypedDict": lambda: TypedDict("Mixed", {"items": list[item]}),  # type: ignore[misc]  # made in the test
        "NamedTuple": lambda: NamedTuple("Mixed", [("items", list[item])]),  # type: ignore[misc]  # as above
    }
    dto = mixed[outer]()
    expected = [item(sku="sku-1-0"), item(sku="sku-1-1")]

    assert dto(items=expected) == fetch_one(session, dto, FIRST)


def test_containers(session: Session) -> None:
    """A collection comes in the container that the DTO names."""

    @dataclass
    class Containers:
        items: tuple[DataItem, ...]
        tags: frozenset[NamedTag]
        dear_items: set[DataItem]

    assert Containers(
        items=(DataItem("sku-1-0"), DataItem("sku-1-1")), tags=frozenset({NamedTag("urgent")}), dear_items=set()
    ) == fetch_one(session, Containers, FIRST)


class NamedTag(NamedTuple):
    name: str


def test_field_without_an_attribute_keeps_its_default(session: Session) -> None:
    """What the mapped class does not have is left to the DTO, and a mutable default is made for each instance."""

    class Struct(msgspec.Struct):
        seen: list[int] = []
        number: str = ""

    @dataclass
    class Data:
        seen: list[int] = field(default_factory=list)
        number: str = ""

    class Model(BaseModel):
        seen: list[int] = []
        number: str = ""

    class Typed(TypedDict):
        number: str
        seen: NotRequired[list[int]]

    for dto in (Struct, Data, Model):
        first, second = fetch(session, dto, select(Order).where(Order.id < 3).order_by(Order.id))
        first.seen.append(1)

        assert ([1], [], "A-1", "A-2") == (first.seen, second.seen, first.number, second.number)
    assert {"number": "A-1"} == fetch_one(session, Typed, FIRST)


def test_generic_model(session: Session) -> None:
    """A parametrised model is a DTO like any other."""

    class Holder(BaseModel, Generic[Item]):
        items: list[Item]

    found = fetch_one(session, Holder[PydanticItem], FIRST)

    assert Holder[PydanticItem](items=[PydanticItem(sku="sku-1-0"), PydanticItem(sku="sku-1-1")]) == found


def test_alias_names_the_attribute(session: Session) -> None:
    """A field is read from where `from_attributes` looks: the alias, its choices, and its own name if that may be."""

    class Aliased(BaseModel):
        renamed: str = Field(alias="number")
        chosen: int = Field(validation_alias=AliasChoices("ident", "id"))

    class Camel(BaseModel):
        model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, from_attributes=True)

        customer_id: int | None
        number: str

    order = session.get_one(Order, 1)

    assert Aliased.model_validate(order, from_attributes=True) == fetch_one(session, Aliased, FIRST)
    assert Camel.model_validate(order) == fetch_one(session, Camel, FIRST)
    assert Camel.model_validate(order).model_fields_set == fetch_one(session, Camel, FIRST).model_fields_set


def test_validators_run(session: Session) -> None:
    """A field's validator, a constraint and a model's validator of every mode see what they would see of an instance."""

    class Checked(BaseModel):
        number: str
        id: Annotated[int, Field(gt=0)]

        @field_validator("number")
        @classmethod
        def shout(cls, value: str) -> str:
            return value + "!"

        @model_validator(mode="before")
        @classmethod
        def look(cls, data: Any) -> Any:
            assert "A-1" == data.number
            return data

        @model_validator(mode="after")
        def double(self) -> Checked:
            self.id *= 2
            return self

    assert Checked.model_validate(session.get_one(Order, 1), from_attributes=True) == fetch_one(session, Checked, FIRST)


def test_validator_that_looks_further_is_told(session: Session) -> None:
    """A validator that reads what was not selected gets an AttributeError that says why."""

    class Nosy(BaseModel):
        number: str

        @model_validator(mode="before")
        @classmethod
        def look(cls, data: Any) -> Any:
            return {"number": data.customer.name}

    with pytest.raises(AttributeError) as caught:
        fetch(session, Nosy, FIRST)

    assert (
        "Order.customer was not selected: Nosy does not name it, and a projection selects only what its DTO names"
    ) == str(caught.value)


def test_invalid_value_is_the_frameworks_error(session: Session) -> None:
    """What the data cannot satisfy is a ValidationError, of Pydantic or of msgspec."""

    class Late(BaseModel):
        due: Literal["never"] | None

    class Short(msgspec.Struct):
        number: Annotated[str, msgspec.Meta(max_length=2)]

    with pytest.raises(ValidationError):
        fetch(session, Late, FIRST)
    with pytest.raises(msgspec.ValidationError):
        fetch(session, Short, FIRST)


def test_private_attributes_computed_fields_and_post_init(session: Session) -> None:
    """What a model adds to its instances is there."""

    class Rich(BaseModel):
        number: str
        _seen: list[str] = PrivateAttr(default_factory=list)

        @computed_field
        def size(self) -> int:
            return len(self.number)

        def model_post_init(self, context: Any) -> None:
            self._seen.append(self.number)

    found = fetch_one(session, Rich, FIRST)

    assert (3, ["A-1"]) == (found.size, found._seen)


def test_enum_and_json_columns(session: Session) -> None:
    """An enum comes as itself or by what Pydantic makes of it; a JSON column fills a nested model."""

    class Extra(BaseModel):
        level: int

    class Flavour(enum.StrEnum):
        RED = "red"

    class Coloured(BaseModel):
        colour: Flavour

    class Whole(BaseModel):
        state: State
        extra: Extra | None

    class Other(BaseModel):
        extra: Coloured

    assert Whole(state=State.PAID, extra=Extra(level=1)) == fetch_one(session, Whole, FIRST)
    assert Other(extra=Coloured(colour=Flavour.RED)) == fetch_one(session, Other, FIRST)


def test_converters_of_attrs_run(session: Session) -> None:
    """The constructor is called, so converters and validators of attrs see every value; names lose their underscore."""

    @attrs.define
    class Converted:
        _number: str = attrs.field(converter=str.lower)
        identity: int = attrs.field(default=5)

    with pytest.raises(Exception, match=r"Converted\._number names no mapped attribute of Order"):
        fetch_one(session, Converted, FIRST)

    @attrs.define
    class Lower:
        number: str = attrs.field(converter=str.lower)

    assert Lower("A-1") == fetch_one(session, Lower, FIRST)
    assert "a-1" == fetch_one(session, Lower, FIRST).number
