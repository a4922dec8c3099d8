"""Made-up statements and the doors through which a projection reads them, each beside the ORM."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, lru_cache
from random import Random
from typing import Any

import msgspec
import pydantic
from pydantic_core import PydanticSerializationError
from sqlalchemy import Connection, Engine, case, create_engine, delete
from sqlalchemy.exc import MultipleResultsFound
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool, StaticPool

from hermetic import Projection, fetch, fetch_json, fetch_one, fetch_page, stream
from hermetic.errors import BadProjection
from hermetic.projections import DeclaredQuery

from .recipes import BY_PYDANTIC, Recipe, by_hand, make_recipe, told
from .statements import ONE_CLASS, STATEMENTS, keys_of, sort_keys
from .worlds import KEYS, World, make_row, make_world

SECRET = "of the tests"
WHOLE = slice(None)


@dataclass(frozen=True)
class Case:
    """A DTO, a statement, and the door that reads it; `sorts` are the attributes that a page is sorted by.

    `ordered` is the statement in the order of the primary key, as far as one can be given to it. `is_pending` asks for a row that the session has not yet written; `validate` is the option of that name.
    """

    number: int
    recipe: Recipe
    form: str
    statement: Any
    ordered: Any
    entity: Any
    door: str
    validate: bool | None
    is_pending: bool
    sorts: tuple[tuple[str, bool, bool], ...]

    @cached_property
    def declared(self) -> DeclaredQuery[Any]:
        """The query, declared once for all rows that the tables will hold."""
        recipe, entity = self.recipe, self.statement.column_descriptions[0]["entity"]
        return Projection(recipe.dto, entity, validate=self.validate).query(self.ordered)

    def __str__(self) -> str:
        return (
            f"{self.door} of {self.recipe}\n  {self.form}: {' '.join(str(self.statement).split())}\n"
            f"  validate={self.validate}, pending={self.is_pending}, sorted by {self.sorts}"
        )


def make_case(random: Random, world: World, recipes: list[tuple[int, Recipe]]) -> Case:
    """A case for one of the DTOs; those with a label beside their columns are made up for their statement."""
    number, recipe = random.choice(recipes)
    doors = ["fetch", "fetch", "declared", "one", "first", "stream", "json", "page", "numbered"]
    door = random.choice(doors)
    forms = (
        ONE_CLASS
        if door in ("page", "numbered")
        else (*ONE_CLASS, "limited", "distinct", "joined", "grouped", "from", "union")
    )
    form = random.choice(forms)
    if form == "distinct" and any(column.kind == "json" for column in world.specs[number].columns):
        form = "limited"
    if form in ("from", "union") and any(reader.name == "expression" for reader in world.specs[number].readers):
        form = "joined"  # the table has no column for it
    if form == "grouped":
        recipe = make_recipe(random, world, number, depth=1, labels=("counted",))
        door = "fetch" if door in ("declared", "first") else door  # a projection that is declared knows no labels
    is_mixed = {*BY_PYDANTIC} & recipe.frameworks and {"msgspec", "attrs"} & recipe.frameworks
    if form == "union" or (door == "json" and (is_mixed or recipe.has_sets)):
        door = "fetch"
    entity, statement = STATEMENTS[form](random, world, number)
    checks = recipe.is_pydantic or recipe.framework == "msgspec"
    validate = random.choice([None, None, True]) if checks else None
    sorts = tuple(sort_keys(random, world, number)) if door == "page" else ()
    is_pending = form == "plain" and random.random() < 0.2
    ordered = statement if entity is None else statement.order_by(*keys_of(world, number, entity))
    return Case(number, recipe, form, statement, ordered, entity, door, validate, is_pending, sorts)


class Reader:
    """Reads one case, from the ORM by hand and through the projection; `session` is open on the world's tables."""

    def __init__(self, session: Session, world: World, one: Case) -> None:
        self.session = session
        self.world = world
        self.case = one
        self.keys = keys_of(world, one.number, one.entity) if one.entity is not None else []
        self.ordered = one.ordered

    def answers(self, random: Random) -> tuple[Any, Any]:
        """What the ORM gives, and what the projection gives; either may be that it was refused."""
        size = random.randint(1, 3)
        doors: dict[str, tuple[Callable[[], Any], Callable[[], Any]]] = {
            "fetch": (lambda: self.listed(self.by_orm()), self.fetched),
            "declared": (lambda: self.listed(self.by_orm()), self.declared),
            "one": (self.one_by_hand, self.one),
            "first": (lambda: self.listed(self.by_orm(part=slice(1))), self.first),
            "stream": (lambda: self.listed(self.by_orm()), lambda: self.streamed(size)),
            "json": (self.json_by_hand, self.json),
            "page": (lambda: self.listed(self.by_orm(self.in_page_order())) * 2, lambda: self.pages(size)),
            "numbered": (lambda: self.numbered_by_hand(size), lambda: self.numbered(size)),
        }
        usual, ours = doors[self.case.door]
        by_projection = outcome(ours)
        self.session.expunge_all()
        return outcome(usual), by_projection

    def listed(self, dtos: list[Any]) -> list[Any]:
        found = [told(one) for one in dtos]
        return sorted(found, key=repr) if self.case.form == "union" else found

    def by_orm(self, statement: Any = None, part: slice = WHOLE) -> list[Any]:
        """The DTOs made by hand of a part of the instances."""
        made: list[Any] = []
        for instance, *labels in self.rows(statement)[part]:
            if labels:
                instance.counted = labels[0]
            made.append(by_hand(self.case.recipe, instance))
        return made

    def rows(self, statement: Any = None) -> Any:
        return self.session.execute(self.ordered if statement is None else statement).all()

    def fetched(self) -> list[Any]:
        return self.listed(fetch(self.session, self.case.recipe.dto, self.ordered, validate=self.case.validate))

    def declared(self) -> list[Any]:
        return self.listed(self.case.declared.all(self.session))

    def one_by_hand(self) -> Any:
        return "many" if len(self.rows()) > 1 else self.listed(self.by_orm())

    def one(self) -> Any:
        missing = object()
        try:
            found = fetch_one(
                self.session, self.case.recipe.dto, self.ordered, default=missing, validate=self.case.validate
            )
        except MultipleResultsFound:
            return "many"
        return [] if found is missing else [told(found)]

    def first(self) -> list[Any]:
        found = self.case.declared.first(self.session)
        return [] if found is None else [told(found)]

    def streamed(self, size: int) -> list[Any]:
        found = stream(self.session, self.case.recipe.dto, self.ordered, batch_rows=size, validate=self.case.validate)
        return self.listed(list(found))

    def json_by_hand(self) -> Any:
        dtos = self.by_orm()
        if not {*BY_PYDANTIC} & self.case.recipe.frameworks:
            return msgspec.json.encode(dtos)
        return written(lambda: adapter(self.case.recipe.dto).dump_json(dtos, by_alias=True))

    def json(self) -> Any:
        return written(
            lambda: fetch_json(self.session, self.case.recipe.dto, self.ordered, validate=self.case.validate)
        )

    def in_page_order(self) -> Any:
        """The statement in the order of the page, by means of SQLAlchemy alone."""
        terms: list[Any] = []
        for name, descends, nulls_first in self.case.sorts:
            column = getattr(self.case.entity, name)
            rank = case((column.is_(None), 1), else_=0)
            terms += [rank.desc() if nulls_first else rank, column.desc() if descends else column]
        down = bool(self.case.sorts) and self.case.sorts[-1][1]
        return self.case.statement.order_by(*terms, *[key.desc() if down else key for key in self.keys])

    def pages(self, size: int) -> list[Any]:
        """Every page from the first to the last, then every one back."""
        terms: list[Any] = []
        for name, descends, nulls_first in self.case.sorts:
            column = getattr(self.case.entity, name)
            term = column.desc() if descends else column.asc()
            terms.append(term.nulls_first() if nulls_first else term.nulls_last())

        def read(cursor: str | None) -> Any:
            return fetch_page(
                self.session,
                self.case.recipe.dto,
                self.case.statement,
                size=size,
                order_by=terms,
                cursor=cursor,
                secret=SECRET,
                validate=self.case.validate,
            )

        page = read(None)
        forwards, backwards = list(page.items), list(page.items)
        while page.next:
            page = read(page.next)
            forwards += page.items
            backwards = list(page.items)
        while page.previous:
            page = read(page.previous)
            backwards = [*page.items, *backwards]
        return [told(one) for one in (*forwards, *backwards)]

    def numbered_by_hand(self, size: int) -> Any:
        dtos = self.by_orm(part=slice(size, 2 * size))
        return len(self.rows()), [told(one) for one in dtos]

    def numbered(self, size: int) -> Any:
        """The second page."""
        page = fetch_page(
            self.session, self.case.recipe.dto, self.ordered, number=2, size=size, validate=self.case.validate
        )
        return page.total, [told(one) for one in page.items]


@lru_cache(maxsize=64)
def adapter(dto: Any) -> pydantic.TypeAdapter[Any]:
    """What writes a list of the DTO."""
    return pydantic.TypeAdapter(list[dto])


def outcome(work: Callable[[], Any]) -> Any:
    """What comes out, or that it was refused."""
    try:
        return work()
    except (pydantic.ValidationError, msgspec.ValidationError, BadProjection):
        return "refused"


def written(work: Callable[[], bytes]) -> bytes | str:
    """The JSON that comes out, or that there is none: bytes that are no UTF-8."""
    try:
        return work()
    except PydanticSerializationError:
        return "unwritable"


def connected(url: str) -> Engine:
    """An engine of its own for each world: SQLite keeps its tables when a transaction is rolled back.

    PostgreSQL's driver would keep plans for tables that have another form in the next world.
    """
    if url == "sqlite://":
        return create_engine(url, poolclass=StaticPool)
    return create_engine(url, poolclass=NullPool, connect_args={"prepare_threshold": None})


@contextmanager
def opened(world: World, connection: Connection) -> Iterator[Session]:
    """A session on the world's tables, which are gone afterwards where the database can undo that."""
    with Session(connection) as session:
        world.metadata.create_all(connection)
        try:
            yield session
        finally:
            connection.rollback()
            world.registry.dispose()


def put(world: World, session: Session) -> None:
    """Let the tables hold the rows of the world, and no others."""
    for table, rows in world.rows.items():
        session.execute(table.delete())
        if rows:
            session.execute(table.insert(), rows)


def compare(random: Random, session: Session, world: World, one: Case) -> tuple[Any, Any]:
    """What the ORM gives and what the projection gives, on the same data."""
    added = None
    if one.is_pending:
        key = tuple(KEYS[kind](random) for kind in world.specs[one.number].key)
        table = world.table(one.number)
        taken = {tuple(row[spec.name] for spec in world.specs[one.number].keys) for row in world.rows[table]}
        if key not in taken:
            row = make_row(random, world, one.number, key)
            added = world.classes[one.number]()
            for name, value in row.items():
                setattr(added, name, value)
            session.add(added)
    answers = Reader(session, world, one).answers(random)
    if added is not None:
        keys = world.table(one.number).primary_key.columns
        session.execute(delete(world.table(one.number)).where(*[column == row[column.name] for column in keys]))
    session.expunge_all()
    return answers


def cases_of(random: Random, dtos: int, count: int) -> tuple[World, list[Case]]:
    """A world, and so many cases with so many DTOs in it."""
    world = make_world(random)
    recipes = [
        (number, make_recipe(random, world, number))
        for number in (random.randrange(len(world.classes)) for _ in range(dtos))
    ]
    return world, [make_case(random, world, recipes) for _ in range(count)]
