"""The Python that turns the rows of one query into DTOs, written out for the compiler."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from ..errors import BadProjection
from .hints import spell
from .layout import Cell, Joined, Keyed, Node, Query
from .plan import Many, One, Plan
from .record import record_class
from .trust import reason_to_validate

# What a framework takes apart itself when it validates; anything else is built before it sees it. A writer of JSON is
# shown mappings only.
UNDERSTOOD = {
    "JSON": {"Pydantic"},
    "Pydantic": {"Pydantic", "dataclass", "TypedDict"},
    "msgspec": {"msgspec", "dataclass", "attrs", "TypedDict"},
}
DISPLAYS: dict[type, str] = {
    list: "[*{}]",
    tuple: "(*{},)",
    set: "{{*{}}}",
    frozenset: "frozenset({})",
    dict: "dict({})",
}


class Source:
    """Collects the lines of one function and the names that they use.

    `converted` are the places in the row whose value goes through the column type's processor first; `within` is the
    framework that will validate the DTOs as a part of others, or the empty string. Afterwards `within_below` has the
    same of every query below.
    """

    def __init__(self, query: Query, converted: Iterable[int], validate: bool | None, within: str = "") -> None:
        self.query = query
        self.converted = frozenset(converted)
        self.validate = validate
        self.within = within
        self.within_below: dict[int, str] = {}
        self.names: dict[str, Any] = {}  # Any: classes and functions of the DTO's framework
        self.helpers: list[str] = []

    def text(self) -> str:
        """The whole module: helpers, `build(rows, …)` and one `keys_N(rows)` for each query below."""
        return "\n".join([*self.build_lines(), *self.key_lines()])

    def build_lines(self) -> list[str]:
        """`build`: a list of DTOs, or for a query below another a dict of them by key."""
        groups = "".join(f", g{number}" for number in range(len(self.query.below)))
        if not self.query.links:
            body = f"    return [{self.root()} for {self.row()} in rows]"
            return [*self.helpers, f"def build(rows{groups}):", body]
        key = self.key(self.query.links)
        lines = [
            f"def build(rows{groups}):",
            "    groups = {}",
            *(["    seen = set()"] if self.query.once else []),
            f"    for {self.row()} in rows:",
            f"        key = {key}",
            *(self.skip_lines() if self.query.once else []),
            f"        value = {self.member()}",
            "        if key in groups:",
            "            groups[key].append(value)",
            "        else:",
            "            groups[key] = [value]",
            "    return groups",
        ]
        return [*self.helpers, *lines]

    def skip_lines(self) -> list[str]:
        """Leave out a row that came before under the same key."""
        return [
            f"        pair = (key, {self.key(self.query.once)})",
            "        if pair in seen:",
            "            continue",
            "        seen.add(pair)",
        ]

    def key_lines(self) -> list[str]:
        """`keys_N`: the distinct keys that the rows hold for the N-th query below, none of them NULL."""
        lines: list[str] = []
        for slot in keyed_slots(self.query.node):
            present = " and ".join(f"r{place} is not None" for place in slot.places)
            lines += [
                f"def keys_{slot.number}(rows):",
                f"    return list(dict.fromkeys([{self.key(slot.places)} for {self.row()} in rows if {present}]))",
            ]
        return lines

    def row(self) -> str:
        """The row taken apart."""
        return "(" + "".join(f"r{place}, " for place in range(len(self.query.columns))) + ")"

    def at(self, place: int) -> str:
        """The value at one place in the row."""
        return f"p{place}(r{place})" if place in self.converted else f"r{place}"

    def key(self, places: Sequence[int]) -> str:
        """The values at some places: bare for one, a tuple for several."""
        values = [self.at(place) for place in places]
        return values[0] if len(values) == 1 else f"({', '.join(values)})"

    def root(self) -> str:
        """The DTO of the row; when it has to be validated, only what goes into the validation."""
        plan = self.query.node.plan
        made = self.dto(self.query.node, self.within or (self.validated_whole and plan.shape.kind))
        if self.query.presence is None:
            return made
        return f"{made} if r{self.query.presence} is not None else {self.name('absent', Absent(plan))}()"

    def member(self) -> str:
        """The DTO of the row as a member of its collection, with its key in front where that is a dict."""
        return self.root() if self.query.key is None else f"({self.at(self.query.key)}, {self.root()})"

    @property
    def validated_whole(self) -> str:
        """Why the list as a whole is validated afterwards, or the empty string."""
        return "" if self.query.links else reason_to_validate(self.query.node.plan, asked=self.validate)

    def dto(self, node: Node, within: str) -> str:
        """An expression for one DTO; `within` is the framework that will validate it."""
        plan = node.plan
        if within and plan.shape.kind in UNDERSTOOD[within]:
            return self.raw(node, within)
        asked = self.validate if self.validate is False or plan.shape.validator is not None else None
        if not within and reason_to_validate(plan, asked=asked):
            check = self.name("check", plan.shape.validator and plan.shape.validator(plan.shape.dto))
            return f"{check}([{self.raw(node, plan.shape.kind)}])[0]"
        values = [self.slot(slot, "") for slot in node.slots]
        if plan.shape.style == "mapping":
            return mapping(zip((part.field.key for part in plan.parts), values, strict=True))
        if plan.shape.style == "pydantic":
            return f"{self.maker(plan)}({', '.join(values)})"
        return f"{self.name('dto', plan.shape.dto)}({', '.join(arguments(plan, values))})"

    def raw(self, node: Node, within: str) -> str:
        """An expression for what a framework makes a DTO from: a mapping, or an object with attributes."""
        shape = node.plan.shape
        values = [self.slot(slot, within) for slot in node.slots]
        if within == "JSON" or (within == "Pydantic" and not shape.reads_attributes):
            return mapping(zip((part.attribute.name for part in node.plan.parts), values, strict=True))
        if shape.kind == "TypedDict":
            return mapping(zip((part.field.key for part in node.plan.parts), values, strict=True))
        by_name = within != "Pydantic"
        names = [part.field.name if by_name else part.attribute.name for part in node.plan.parts]
        record = self.name("record", record_class(shape.name, node.plan.mapper.class_.__name__, tuple(names)))
        return f"{record}({', '.join(values)})"

    def slot(self, slot: Cell | Joined | Keyed, within: str) -> str:
        """An expression for one field."""
        if isinstance(slot, Cell):
            return self.cell(slot)
        if isinstance(slot, Joined):
            absent = " and ".join(f"r{place} is None" for place in slot.presence)
            present = self.dto(slot.node, within)
            return f"({self.nothing(slot.part, within)} if {absent} else {present})"
        found = f"g{slot.number}.get({self.key(slot.places)}, ())"
        if within == "Pydantic" and keeps_set(slot.part):
            # A strict model wants the set that the ORM has, and what Pydantic takes apart cannot be in one.
            self.within_below[slot.number] = ""
            return DISPLAYS[set].format(found)
        self.within_below[slot.number] = within
        if isinstance(slot.part, Many):
            container = slot.part.hint.container or list
            return DISPLAYS[list if within and container is not dict else container].format(found)
        return f"(found[0] if (found := {found}) else {self.nothing(slot.part, within)})"

    def cell(self, slot: Cell) -> str:
        """An expression for a column, or for a composite of several."""
        values = ", ".join(self.at(place) for place in slot.places)
        attribute = slot.part.attribute
        if not attribute.columns:
            return values
        made = f"{self.name('composite', attribute.composite)}({values})"
        if attribute.none_when is None:
            return made
        return f"(None if {self.name('none_when', attribute.none_when)}({values}) else {made})"

    def nothing(self, part: One, within: str) -> str:
        """An expression for a related row that is not there: an error when the field cannot hold None."""
        if part.hint.is_optional or within:
            return "None"
        return f"{self.name('missing', Missing(part))}()"

    def maker(self, plan: Plan) -> str:
        """A function that makes a Pydantic instance whose values need no validation."""
        name = f"make_{len(self.helpers)}"
        filled = [part.field for part in plan.parts]
        values = {field.name: f"a{number}" for number, field in enumerate(filled)}
        values |= {field.name: self.name("default", field.default) for field in plan.defaulted}
        ordered = [(field.name, values[field.name]) for field in plan.shape.fields]
        if plan.shape.instance_parts is not None:
            self.names |= plan.shape.instance_parts()
        new = self.name("dto", plan.shape.dto)
        names = ", ".join(repr(field.name) for field in filled)
        lines = [
            f"def {name}({', '.join(f'a{number}' for number in range(len(filled)))}):",
            f"    one = new({new})",
            f"    put_values(one, {mapping(ordered)})",
            f"    put_names(one, {{{names}}})" if names else "    put_names(one, set())",
            "    put_extra(one, None)",
            "    put_private(one, None)",
            "    return one",
        ]
        self.helpers.append("\n".join(lines))
        return name

    def name(self, what: str, value: Any) -> str:
        """A name by which the code reaches a class or a function. Any: of whatever framework."""
        name = f"{what}_{len(self.names)}"
        self.names[name] = value
        return name


class Absent:
    """Tells that a row has nothing of the class that the statement selects."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan

    def __call__(self) -> None:
        """Raise BadProjection."""
        name = self.plan.mapper.class_.__name__
        raise BadProjection(
            f"A row has no {name}: the statement joins it from the outside, so there is nothing to make "
            f"{self.plan.shape.name} of.\n  Select the class that is always there, or leave such rows out."
        )


class Missing:
    """Tells that a related row is not there although the DTO wants one."""

    def __init__(self, part: One) -> None:
        self.part = part

    def __call__(self) -> None:
        """Raise BadProjection."""
        part = self.part
        owner, other = part.relationship.parent.class_.__name__, part.relationship.mapper.class_.__name__
        raise BadProjection(
            f"{owner}.{part.attribute.key} is None in a row, and {part.field.name}: {spell(part.field.annotation)} "
            f"cannot hold it.\n  Annotate the field with {spell(part.field.annotation)} | None, or leave out rows "
            f"without {other}."
        )


def keeps_set(part: One | Many) -> bool:
    """Whether the ORM has the related rows in a set, and the DTO as well."""
    kept = part.relationship.collection_class
    return isinstance(kept, type) and issubclass(kept, set) and part.hint.container in (set, frozenset)


def keyed_slots(node: Node) -> list[Keyed]:
    """Every field of the row that comes from a query below, in the order of those queries."""
    found: list[Keyed] = []
    for slot in node.slots:
        if isinstance(slot, Keyed):
            found.append(slot)
        elif isinstance(slot, Joined):
            found += keyed_slots(slot.node)
    return sorted(found, key=lambda slot: slot.number)


def mapping(pairs: Any) -> str:
    """A dict display. Any: pairs of names and expressions from whatever iterable."""
    return "{" + ", ".join(f"{name!r}: {expression}" for name, expression in pairs) + "}"


def arguments(plan: Plan, values: Sequence[str]) -> list[str]:
    """The arguments of a call: by place as long as no field before was left to its default, by name from there."""
    left_out = {field.name for field in plan.defaulted}
    by_name = dict(zip((part.field.name for part in plan.parts), values, strict=True))
    ordered: list[str] = []
    for field in plan.shape.fields:
        if field.name not in by_name:
            continue
        before = plan.shape.fields[: plan.shape.fields.index(field)]
        is_placed = field.is_positional and not left_out & {one.name for one in before}
        ordered.append(by_name[field.name] if is_placed else f"{field.key}={by_name[field.name]}")
    return ordered
