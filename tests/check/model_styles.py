"""Models in the styles that people write them, each a module that runs; one thing, as it is nothing but a list."""

from __future__ import annotations

STYLES: dict[str, str] = {}

STYLES["annotated declarative"] = """
    from __future__ import annotations
    from datetime import datetime
    from typing import Optional
    from sqlalchemy import FetchedValue, ForeignKey, func
    from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

    class Base(DeclarativeBase):
        pass

    class Customer(Base):
        __tablename__ = "customers"
        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str]
        nick: Mapped[Optional[str]]
        notes: Mapped[str | None] = mapped_column(deferred=True)
        history: Mapped[str | None] = mapped_column(deferred_group="big")
        created_at: Mapped[datetime] = mapped_column(server_default=func.now())
        seen_at: Mapped[datetime] = mapped_column(default=func.now(), onupdate=func.now())
        stamped_at: Mapped[datetime] = mapped_column(default=datetime.now, onupdate=datetime.now)
        rowversion: Mapped[int] = mapped_column(server_onupdate=FetchedValue(), server_default=FetchedValue())
        orders: Mapped[list[Order]] = relationship(back_populates="customer", lazy="selectin")
        limit: Mapped["Limit"] = relationship(back_populates="customer")

    class Order(Base):
        __tablename__ = "orders"
        id: Mapped[int] = mapped_column(primary_key=True)
        customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"))
        customer: Mapped[Customer] = relationship(back_populates="orders", lazy="joined")

    class Limit(Base):
        __tablename__ = "limits"
        customer_id: Mapped[int] = mapped_column(ForeignKey(Customer.id), primary_key=True)
        customer: Mapped[Optional["Customer"]] = relationship(back_populates="limit", lazy="raise")
"""

STYLES["legacy columns"] = """
    import sqlalchemy as sa
    from sqlalchemy import orm
    from sqlalchemy.orm import declarative_base, deferred, relationship

    Base = declarative_base()

    class Parent(Base):
        __tablename__ = "parent"
        id = sa.Column(sa.Integer, primary_key=True)
        text = deferred(sa.Column(sa.Text))
        created = sa.Column(sa.DateTime, server_default=sa.text("CURRENT_TIMESTAMP"))
        full = sa.Column("full_name", sa.String)
        double = sa.Column(sa.Integer, sa.Computed("id * 2"))
        children = relationship("Child", back_populates="parent", lazy="subquery")
        one = orm.relationship(lambda: One, uselist=False, lazy="immediate", back_populates="parent")

    class Child(Base):
        __tablename__ = "child"
        id = sa.Column(sa.Integer, primary_key=True)
        parent_id = sa.Column(sa.Integer, sa.ForeignKey("parent.id"))
        parent = relationship(Parent, back_populates="children", lazy=False)

    class One(Base):
        __tablename__ = "one"
        id = sa.Column(sa.Integer, primary_key=True)
        parent_id = sa.Column(sa.ForeignKey(Parent.id))
        parent = relationship("Parent", back_populates="one", lazy=True)
"""

STYLES["backrefs"] = """
    from sqlalchemy import Column, ForeignKey, Integer
    from sqlalchemy.orm import DeclarativeBase, backref, relationship

    class Base(DeclarativeBase):
        pass

    class Parent(Base):
        __tablename__ = "parent"
        id = Column(Integer, primary_key=True)
        children = relationship("Child", backref="parent")

    class Child(Base):
        __tablename__ = "child"
        id = Column(Integer, primary_key=True)
        parent_id = Column(Integer, ForeignKey("parent.id"))

    class Badge(Base):
        __tablename__ = "badge"
        id = Column(Integer, primary_key=True)
        child_id = Column(Integer, ForeignKey("child.id"))
        other_id = Column(Integer, ForeignKey("child.id"))
        child = relationship(Child, backref=backref("badges", lazy="dynamic"), foreign_keys=[child_id])
        other = relationship(
            "Child", backref=backref("badge", uselist=False, lazy="selectin"), foreign_keys="Badge.other_id"
        )
"""

STYLES["many to many"] = """
    from typing import List, Set
    from sqlalchemy import Column, ForeignKey, Table
    from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

    class Base(DeclarativeBase):
        pass

    links = Table("links", Base.metadata,
        Column("left_id", ForeignKey("left.id"), primary_key=True),
        Column("right_id", ForeignKey("right.id"), primary_key=True))

    class Left(Base):
        __tablename__ = "left"
        id: Mapped[int] = mapped_column(primary_key=True)
        rights: Mapped[List["Right"]] = relationship(secondary=links, back_populates="lefts")
        others = relationship("Other", secondary="left_others", backref="lefts")

    class Right(Base):
        __tablename__ = "right"
        id: Mapped[int] = mapped_column(primary_key=True)
        lefts: Mapped[Set["Left"]] = relationship(secondary=lambda: links, back_populates="rights")

    class Other(Base):
        __tablename__ = "other"
        id: Mapped[int] = mapped_column(primary_key=True)

    Table("left_others", Base.metadata, Column("left_id", ForeignKey("left.id")), Column("other_id", ForeignKey("other.id")))
"""

STYLES["trees and two keys to one table"] = """
    from typing import Optional
    from sqlalchemy import ForeignKey
    from sqlalchemy.orm import DeclarativeBase, Mapped, backref, foreign, mapped_column, relationship, remote

    class Base(DeclarativeBase):
        pass

    class Node(Base):
        __tablename__ = "node"
        id: Mapped[int] = mapped_column(primary_key=True)
        parent_id: Mapped[Optional[int]] = mapped_column(ForeignKey("node.id"))
        children = relationship("Node", back_populates="parent")
        parent = relationship("Node", back_populates="children", remote_side=[id])
        twin_id: Mapped[Optional[int]] = mapped_column()
        twin = relationship("Node", primaryjoin=lambda: foreign(Node.twin_id) == remote(Node.id), viewonly=True)

    class Folder(Base):
        __tablename__ = "folder"
        id: Mapped[int] = mapped_column(primary_key=True)
        parent_id: Mapped[Optional[int]] = mapped_column(ForeignKey("folder.id"))
        folders = relationship("Folder", backref=backref("parent", remote_side="Folder.id"))

    class Address(Base):
        __tablename__ = "address"
        id: Mapped[int] = mapped_column(primary_key=True)
        owner_id: Mapped[Optional[int]] = mapped_column(ForeignKey("customer.id", use_alter=True))
        owner = relationship("Customer", foreign_keys=owner_id)

    class Customer(Base):
        __tablename__ = "customer"
        id: Mapped[int] = mapped_column(primary_key=True)
        billing_id: Mapped[int] = mapped_column(ForeignKey("address.id"))
        shipping_id: Mapped[int] = mapped_column(ForeignKey("address.id"))
        billing = relationship("Address", foreign_keys=[billing_id])
        shipping = relationship("Address", primaryjoin="Customer.shipping_id == Address.id")
        owned = relationship("Address", foreign_keys="[Address.owner_id]", viewonly=True)
        unkeyed = relationship("Address", primaryjoin="Address.id == foreign(Customer.id)", viewonly=True)
"""

STYLES["mixins, abstract bases and declared attributes"] = """
    from typing import Annotated
    from sqlalchemy import Column, DateTime, ForeignKey, Integer, func
    from sqlalchemy.orm import DeclarativeBase, Mapped, declared_attr, mapped_column, relationship

    key = Annotated[int, mapped_column(primary_key=True)]
    user_key = Annotated[int, mapped_column(ForeignKey("users.id"))]

    class Base(DeclarativeBase):
        id: Mapped[key]

    class Timestamps:
        created = mapped_column(DateTime, server_default=func.now())
        updated: Mapped[int] = mapped_column(onupdate=func.now(), nullable=True)

        @property
        def age(self):
            return self.created

    class Owned:
        @declared_attr
        def owner_id(cls) -> Mapped[int]:
            return mapped_column(ForeignKey("users.id"))

        @declared_attr
        def owner(cls) -> Mapped["User"]:
            return relationship("User", foreign_keys=cls.owner_id)

        @declared_attr.directive
        def __tablename__(cls) -> str:
            return cls.__name__.lower() + "_rows"

    class Document(Owned, Timestamps, Base):
        __abstract__ = True
        title: Mapped[str]
        hidden = Column(Integer)

    class User(Timestamps, Base):
        __tablename__ = "users"
        name: Mapped[str]

    class Note(Document):
        reviewer_id: Mapped[user_key]
        reviewer: Mapped[User] = relationship(foreign_keys="Note.reviewer_id")
        title: Mapped[str] = mapped_column(deferred=True)
        hidden = None

    class Page(Document):
        pass
"""

STYLES["inheritance"] = """
    from sqlalchemy import ForeignKey
    from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

    class Base(DeclarativeBase):
        pass

    class Company(Base):
        __tablename__ = "company"
        id: Mapped[int] = mapped_column(primary_key=True)
        employees = relationship("Employee", back_populates="company")
        managers = relationship("Manager", viewonly=True)

    class Employee(Base):
        __tablename__ = "employee"
        id: Mapped[int] = mapped_column(primary_key=True)
        type: Mapped[str]
        company_id: Mapped[int] = mapped_column(ForeignKey("company.id"))
        company = relationship(Company, back_populates="employees")
        __mapper_args__ = {"polymorphic_on": "type", "polymorphic_identity": "employee"}

    class Manager(Employee):
        __tablename__ = "manager"
        id: Mapped[int] = mapped_column(ForeignKey("employee.id"), primary_key=True)
        bonus: Mapped[int] = mapped_column(deferred=True)
        __mapper_args__ = {"polymorphic_identity": "manager"}

    class Intern(Employee):
        school: Mapped[str] = mapped_column(nullable=True)
        __mapper_args__ = {"polymorphic_identity": "intern"}
"""

STYLES["dataclasses and registries"] = """
    from dataclasses import dataclass, field
    from typing import List, Optional
    from sqlalchemy import Column, ForeignKey, Integer, String, Table
    from sqlalchemy.orm import DeclarativeBase, Mapped, MappedAsDataclass, mapped_column, registry, relationship

    class Base(MappedAsDataclass, DeclarativeBase):
        pass

    class Team(Base):
        __tablename__ = "team"
        id: Mapped[int] = mapped_column(init=False, primary_key=True)
        players: Mapped[List["Player"]] = relationship(default_factory=list, back_populates="team")

    class Player(Base):
        __tablename__ = "player"
        id: Mapped[int] = mapped_column(init=False, primary_key=True)
        team_id: Mapped[Optional[int]] = mapped_column(ForeignKey("team.id"), init=False)
        team: Mapped[Optional[Team]] = relationship(default=None, back_populates="players")

    reg = registry()

    @reg.mapped
    class Author:
        __tablename__ = "author"
        id = Column(Integer, primary_key=True)
        books = relationship("Book", collection_class=set)

    @reg.mapped_as_dataclass
    class Book:
        __tablename__ = "book"
        id: Mapped[int] = mapped_column(primary_key=True)
        author_id: Mapped[int] = mapped_column(ForeignKey("author.id"))

    Generated = reg.generate_base()

    class Shelf(Generated):
        __table__ = Table(
            "shelf", Generated.metadata, Column("id", Integer, primary_key=True), Column("label", String, key="tag")
        )

    @reg.mapped
    @dataclass
    class Lamp:
        __tablename__ = "lamp"
        __sa_dataclass_metadata_key__ = "sa"
        id: int = field(metadata={"sa": Column(Integer, primary_key=True)})
        shelf_id: int = field(metadata={"sa": Column(ForeignKey("shelf.id"))})
        shelf: Shelf = field(metadata={"sa": relationship("Shelf")})
"""

STYLES["imperative"] = """
    from sqlalchemy import Column, ForeignKey, Integer, String, Table
    from sqlalchemy.orm import registry, relationship

    reg = registry()
    batches = Table("batches", reg.metadata, Column("id", Integer, primary_key=True), Column("ref", String))
    lines = Table("lines", reg.metadata, Column("id", Integer, primary_key=True), Column("batch_id", ForeignKey("batches.id")))

    class Batch:
        def __init__(self, ref):
            self.ref = ref

    class Line:
        pass

    def start_mappers():
        line_mapper = reg.map_imperatively(Line, lines)
        reg.map_imperatively(Batch, batches, properties={"lines": relationship(line_mapper, backref="batch", lazy="joined")})

    start_mappers()
"""

STYLES["other loaders and other attributes"] = """
    from typing import AsyncIterator, ClassVar
    from sqlalchemy import Column, ForeignKey, ForeignKeyConstraint, Integer, String, func, select
    from sqlalchemy.ext.associationproxy import AssociationProxy, association_proxy
    from sqlalchemy.ext.hybrid import hybrid_property
    from sqlalchemy.orm import (
        DeclarativeBase, DynamicMapped, Mapped, WriteOnlyMapped, column_property, composite, deferred, mapped_column,
        query_expression, relationship, synonym,
    )

    class Point:
        def __init__(self, x, y):
            self.x, self.y = x, y

    class Base(DeclarativeBase):
        pass

    class Account(Base):
        __tablename__ = "account"
        kind: ClassVar[str] = "account"
        id: Mapped[int] = mapped_column(primary_key=True)
        zone: Mapped[int] = mapped_column(primary_key=True)
        first: Mapped[str] = mapped_column()
        last = column_property(Column("last", String), deferred=True)
        full = column_property(first + " " + last)
        score = query_expression()
        name = synonym("first")
        entries: WriteOnlyMapped["Entry"] = relationship()
        log: DynamicMapped["Entry"] = relationship(viewonly=True)
        old = relationship("Entry", lazy="dynamic", viewonly=True)
        amounts: AssociationProxy[list[int]] = association_proxy("entries", "amount")
        center: Mapped[Point] = composite(Point, mapped_column("x", Integer), mapped_column("y", Integer))

        @hybrid_property
        def initials(self):
            return self.first[0]

        @initials.expression
        def initials(cls):
            return func.substr(cls.first, 1, 1)

    class Entry(Base):
        __tablename__ = "entry"
        id: Mapped[int] = mapped_column(primary_key=True)
        amount: Mapped[int]
        account_id: Mapped[int] = mapped_column()
        account_zone: Mapped[int]
        account = relationship(Account, viewonly=True)
        __table_args__ = (ForeignKeyConstraint(columns=["account_id", "account_zone"], refcolumns=["account.id", "account.zone"]),)

    Account.latest = relationship(Entry, viewonly=True, uselist=False)
    Entry.doubled = column_property(Entry.amount * 2)
"""

STYLES["functions that make columns"] = """
    from functools import partial
    import sqlalchemy as sa
    from sqlalchemy.orm import DeclarativeBase, mapped_column, relationship

    class Base(DeclarativeBase):
        pass

    required = partial(mapped_column, nullable=False)
    late = partial(mapped_column, deferred=True)
    Col = sa.Column

    def key():
        return mapped_column(sa.Integer, primary_key=True)

    def reference(target, **options):
        return sa.Column(sa.Integer, sa.ForeignKey(target), **options)

    class Text(sa.Column):
        inherit_cache = True

    class Thing(Base):
        __tablename__ = "thing"
        id = key()
        name = required(sa.String)
        body = late(sa.Text)
        size = Col(sa.Integer)
        note = Text(sa.String)
        owner_id = reference("thing.id", server_default="0")
"""

STYLES["as_declarative"] = """
    from sqlalchemy import Column, ForeignKey, Integer
    from sqlalchemy.orm import as_declarative, declared_attr, declarative_base, relationship

    @as_declarative()
    class Base:
        @declared_attr
        def __tablename__(cls):
            return cls.__name__.lower()
        id = Column(Integer, primary_key=True)

    class User(Base):
        posts = relationship("Post", back_populates="user")

    class Post(Base):
        user_id = Column(Integer, ForeignKey("user.id"))
        user = relationship("User", back_populates="posts")

    class Common:
        key = Column(Integer, primary_key=True)

    Other = declarative_base(cls=Common)

    class User2(Other):
        __tablename__ = "user"
"""

STYLES["columns under conditions"] = """
    from sqlalchemy import JSON, ForeignKey
    from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

    HAS_PARTS = True
    IS_LEGACY = False

    class Base(DeclarativeBase):
        pass

    class Machine(Base):
        __tablename__ = "machines"
        id: Mapped[int] = mapped_column(primary_key=True)
        if IS_LEGACY:
            options = mapped_column(JSON)
        else:
            options: Mapped[dict] = mapped_column(JSON, deferred=True)
        if HAS_PARTS:
            parts: Mapped[list["Part"]] = relationship(back_populates="machine", lazy="selectin")

    class Part(Base):
        __tablename__ = "parts"
        id: Mapped[int] = mapped_column(primary_key=True)
        try:
            machine_id: Mapped[int] = mapped_column(ForeignKey("machines.id"))
        finally:
            machine: Mapped[Machine] = relationship(back_populates="parts")
"""

SQLMODEL: dict[str, str] = {}

SQLMODEL["fields and relationships"] = """
    from datetime import datetime
    from typing import Annotated, ClassVar, List, Optional
    from sqlalchemy import Column, DateTime, ForeignKey, String, func
    from sqlalchemy.orm import deferred, relationship
    from sqlmodel import Field, Relationship, SQLModel

    class HeroTeam(SQLModel, table=True):
        hero_id: Optional[int] = Field(default=None, foreign_key="hero.id", primary_key=True)
        team_id: Optional[int] = Field(default=None, foreign_key="team.id", primary_key=True)

    class TeamBase(SQLModel):
        name: str = Field(index=True)
        headquarters: str = "here"
        colors: ClassVar[int] = 3

    class Team(TeamBase, table=True):
        id: Optional[int] = Field(default=None, primary_key=True)
        heroes: List["Hero"] = Relationship(back_populates="team", sa_relationship_kwargs=dict(lazy="selectin"))
        guests: list["Hero"] = Relationship(back_populates="guest_of", link_model=HeroTeam)

    class Hero(SQLModel, table=True):
        __tablename__ = "hero"
        id: Annotated[int | None, Field(primary_key=True)] = None
        name: str
        made: datetime | None = Field(default=None, sa_column=Column(DateTime, server_default=func.now()))
        changed: datetime | None = Field(default=None, sa_column_kwargs={"onupdate": func.now()})
        boss_id: int | None = Field(default=None, sa_column_args=[ForeignKey("hero.id")])
        team_id: Optional[int] = Field(default=None, foreign_key="team.id")
        team: Optional["Team"] = Relationship(back_populates="heroes")
        guest_of: list[Team] = Relationship(back_populates="guests", link_model=HeroTeam)
        boss: Optional["Hero"] = Relationship(sa_relationship_kwargs={"remote_side": "Hero.id", "lazy": "joined"})
        own: Optional["Team"] = Relationship(sa_relationship=relationship("Team", viewonly=True))

    class HeroRead(SQLModel):
        id: int
        name: str

    class TeamRead(TeamBase):
        id: int
"""

FLASK: dict[str, str] = {}

FLASK["db.Model"] = """
    from flask_sqlalchemy import SQLAlchemy

    db = SQLAlchemy()

    tags = db.Table("tags", db.Column("tag_id", db.ForeignKey("tag.id")), db.Column("page_id", db.ForeignKey("wiki_page.id")))

    class Tag(db.Model):
        id = db.Column(db.Integer, primary_key=True)

    class Stamped:
        at = db.Column(db.DateTime, server_default=db.func.now())

    class Row(db.Model):
        __abstract__ = True
        id = db.Column(db.Integer, primary_key=True)

    class WikiPage(Stamped, Row):
        title = db.Column(db.String(80))
        body = db.deferred(db.Column(db.Text))
        category_id = db.Column(db.Integer, db.ForeignKey("category.id"), nullable=False)
        category = db.relationship("Category", backref=db.backref("pages", lazy=True))
        tags = db.relationship("Tag", secondary=tags, lazy="subquery", backref=db.backref("pages", lazy="dynamic"))

    class Category(Row):
        name = db.Column(db.String(50))
"""
