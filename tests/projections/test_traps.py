"""Settings of a session, a statement or a mapping under which a query of our own could mean something else."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pydantic import BaseModel
from sqlalchemy import Column, ForeignKey, Table, create_engine, event, insert, select
from sqlalchemy.ext.associationproxy import AssociationProxy, association_proxy
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    ORMExecuteState,
    Session,
    joinedload,
    mapped_column,
    relationship,
    with_loader_criteria,
)
from sqlalchemy.pool import StaticPool

from hermetic import Projection, fetch, fetch_page, stream
from hermetic.errors import BadProjection


class Base(DeclarativeBase):
    pass


visits = Table(
    "visits", Base.metadata, Column("area_id", ForeignKey("areas.id")), Column("place_id", ForeignKey("places.id"))
)


class Place(Base):
    """One table for all its kinds, and a column that is called otherwise than its attribute."""

    __tablename__ = "places"
    __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "place"}  # noqa: RUF012

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    title: Mapped[str] = mapped_column("place_title")
    hidden: Mapped[bool] = mapped_column(default=False)
    area_id: Mapped[int | None] = mapped_column(ForeignKey("areas.id"))
    area: Mapped[Area | None] = relationship(foreign_keys=[area_id], viewonly=True)


class Town(Place):
    __mapper_args__ = {"polymorphic_identity": "town"}  # noqa: RUF012


class Area(Base):
    """Loads eagerly or not at all, by its own settings; a town of it is its capital."""

    __tablename__ = "areas"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    capital_id: Mapped[int | None] = mapped_column(ForeignKey("places.id", use_alter=True))
    capital: Mapped[Town | None] = relationship(foreign_keys=[capital_id], lazy="raise")
    places: Mapped[list[Place]] = relationship(foreign_keys=[Place.area_id], lazy="joined", order_by=Place.id)
    towns: Mapped[list[Town]] = relationship(foreign_keys=[Place.area_id], viewonly=True, order_by=Place.id)
    visited: Mapped[list[Place]] = relationship(secondary=visits, order_by=Place.id.desc())
    titles: AssociationProxy[list[str]] = association_proxy("places", "title")


class PlaceRead(BaseModel):
    title: str


class AreaRead(BaseModel):
    name: str
    capital: PlaceRead | None
    places: list[PlaceRead]
    towns: list[PlaceRead]


NORTH = AreaRead(
    name="North",
    capital=PlaceRead(title="Hull"),
    places=[PlaceRead(title="Hull"), PlaceRead(title="Moor")],
    towns=[PlaceRead(title="Hull")],
)


@pytest.fixture
def session() -> Iterator[Session]:
    engine = create_engine("sqlite://", poolclass=StaticPool)
    with Session(engine) as session:
        Base.metadata.create_all(session.connection())
        session.add(Area(id=1, name="North"))
        session.flush()
        session.add_all(
            [
                Town(id=1, title="Hull", area_id=1),
                Place(id=2, title="Moor", area_id=1),
            ]
        )
        session.flush()
        session.get_one(Area, 1).capital_id = 1
        session.commit()
        yield session
    engine.dispose()


def test_settings_of_relationships_do_not_matter(session: Session) -> None:
    """A relationship that raises, or loads eagerly, is projected like any other; a subclass stays filtered."""
    assert [NORTH] == fetch(session, AreaRead, select(Area))


def test_related_row_of_another_kind_is_not_there(session: Session) -> None:
    """A capital that is no town is None, as for the ORM."""
    session.get_one(Area, 1).capital_id = 2

    assert [None] == [area.capital for area in fetch(session, AreaRead, select(Area))]


def test_filter_of_a_listener_holds_everywhere(session: Session) -> None:
    """What a `do_orm_execute` listener adds holds for rows, for joined rows, for collections and for totals.

    SQLAlchemy wants a filter for each kind of a class that shares a table, whoever asks.
    """

    @event.listens_for(session, "do_orm_execute")
    def hide(state: ORMExecuteState) -> None:
        state.statement = state.statement.options(
            with_loader_criteria(Place, lambda cls: cls.hidden.is_(False)),
            with_loader_criteria(Town, lambda cls: cls.hidden.is_(False)),
        )

    before = fetch(session, AreaRead, select(Area))
    session.get_one(Place, 1).hidden = True
    after = fetch(session, AreaRead, select(Area))

    assert [NORTH] == before
    assert [AreaRead(name="North", capital=None, places=[PlaceRead(title="Moor")], towns=[])] == after
    assert 1 == fetch_page(session, PlaceRead, select(Place), number=1).total


def test_filter_of_a_statement_holds_for_a_joined_row(session: Session) -> None:
    """`with_loader_criteria` of the statement filters the row that is joined and those of the collections."""
    by_title = [with_loader_criteria(kind, lambda cls: cls.title != "Hull") for kind in (Place, Town)]
    statement = select(Area).options(*by_title)

    assert [AreaRead(name="North", capital=None, places=[PlaceRead(title="Moor")], towns=[])] == fetch(
        session, AreaRead, statement
    )


def test_filter_holds_for_a_row_joined_to_a_collection(session: Session) -> None:
    """A filter reaches what is joined below, in pages and in streams as well, and other calls are not affected."""

    class Capital(BaseModel):
        name: str
        capital: PlaceRead | None

    class PlaceInArea(BaseModel):
        title: str
        area: Capital | None

    by_title = with_loader_criteria(Town, lambda cls: cls.title != "Hull")
    filtered = select(Place).where(Place.id == 2).options(by_title)
    plain = select(Place).where(Place.id == 2)
    expected = PlaceInArea(title="Moor", area=Capital(name="North", capital=None))
    unfiltered = PlaceInArea(title="Moor", area=Capital(name="North", capital=PlaceRead(title="Hull")))

    assert [[expected], [expected]] == [fetch(session, PlaceInArea, filtered) for _ in range(2)]
    assert [expected] == fetch_page(session, PlaceInArea, filtered, secret="…").items
    assert [expected] == fetch_page(session, PlaceInArea, filtered, number=1).items
    assert [expected] == list(stream(session, PlaceInArea, filtered))
    assert [unfiltered] == fetch(session, PlaceInArea, plain)


def test_listener_that_answers_itself(session: Session) -> None:
    """A cache in front of the database serves the rows; where more queries depend on them it is refused."""
    frozen = session.execute(select(Area.name)).freeze()

    @event.listens_for(session, "do_orm_execute")
    def answer(state: ORMExecuteState) -> object:
        return frozen()

    class Named(BaseModel):
        name: str

    class WithPlaces(BaseModel):
        name: str
        places: list[PlaceRead]

    assert [Named(name="North")] == fetch(session, Named, select(Area))
    with pytest.raises(BadProjection) as caught:
        fetch(session, WithPlaces, select(Area))
    assert (
        "A do_orm_execute listener answered with a result of its own, and WithPlaces needs more queries.\n"
        "  Let the listener pass on statements that select columns."
    ) == str(caught.value)


def test_schema_of_the_statement_holds_below(session: Session) -> None:
    """`schema_translate_map` is carried to the queries of the collections."""
    statement = select(Area).execution_options(schema_translate_map={None: "main"})
    told: list[str] = []
    event.listen(session.get_bind(), "before_cursor_execute", lambda *arguments: told.append(arguments[2]))

    assert [NORTH] == fetch(session, AreaRead, statement)
    assert ["main.areas", "main.places", "main.places"] == [text.partition("FROM ")[2].split()[0] for text in told]


def test_batches_asked_for_by_the_statement(session: Session) -> None:
    """`yield_per` and eager loading in the statement change nothing."""
    statement = select(Area).execution_options(yield_per=1)

    assert [NORTH] == fetch(session, AreaRead, statement)
    assert [NORTH] == fetch(session, AreaRead, select(Area).options(joinedload(Area.towns)))


def test_autoflush_can_be_off(session: Session) -> None:
    """Without autoflush the answer is what the database holds."""
    session.add(Place(title="Lake", area_id=1))

    with session.no_autoflush:
        assert [NORTH] == fetch(session, AreaRead, select(Area))


def test_more_keys_than_parameters(session: Session) -> None:
    """40,000 keys, more than SQLite takes parameters, are one query."""
    session.execute(insert(Area), [{"id": number, "name": "?"} for number in range(2, 40_002)])
    session.execute(insert(Place), [{"kind": "place", "title": "last", "hidden": False, "area_id": 40_001}])

    class WithPlaces(BaseModel):
        id: int
        places: list[PlaceRead]

    told: list[str] = []
    event.listen(session.get_bind(), "before_cursor_execute", lambda *arguments: told.append(arguments[2]))
    found = fetch(session, WithPlaces, select(Area).order_by(Area.id))

    assert [PlaceRead(title="last")] == found[-1].places
    assert 2 == len(told)


def test_association_proxy_is_refused() -> None:
    """A proxy is no column; the error names what is behind it."""

    class WithTitles(BaseModel):
        titles: list[str]

    with pytest.raises(BadProjection) as caught:
        Projection(WithTitles, Area)

    assert (
        "Area.titles is neither a column nor a relationship, and projections do not follow what it is: association proxy.\n"
        "  Name the relationship behind it, with a DTO for its class."
    ) == str(caught.value)


def test_collections_of_one_parent_are_its_own(session: Session) -> None:
    """A parent that comes twice has two lists, so that changing one leaves the other."""
    twice = select(Area).join(Area.places).order_by(Place.id)
    first, second = fetch(session, AreaRead, twice)
    first.places.clear()

    assert NORTH == second


def test_pair_that_is_kept_twice_counts_once(session: Session) -> None:
    """A table of pairs without a key may repeat one; the collection does not, as for the ORM."""

    class Visited(BaseModel):
        visited: list[PlaceRead]

    session.execute(insert(visits), [{"area_id": 1, "place_id": place} for place in (1, 2, 1, 2, 2)])

    assert ["Moor", "Hull"] == [place.title for place in session.get_one(Area, 1).visited]
    assert [Visited(visited=[PlaceRead(title="Moor"), PlaceRead(title="Hull")])] == fetch(
        session, Visited, select(Area)
    )
