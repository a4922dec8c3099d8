"""A made-up project of services over tables, for where no real package can be had."""

from __future__ import annotations

import sys
from pathlib import Path
from string import Template

MODELS = Template('''"""Tables of $plural."""

from sqlalchemy import ForeignKey
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship


class Base(DeclarativeBase):
    pass


class $Owner(Base):
    __tablename__ = "${owner}s"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    $plural: Mapped[list["$One"]] = relationship(back_populates="$owner")


class $One(Base):
    __tablename__ = "$plural"

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str]
    state: Mapped[str] = mapped_column(default="new")
    ${owner}_id: Mapped[int] = mapped_column(ForeignKey("${owner}s.id"))
    $owner: Mapped[$Owner] = relationship(back_populates="$plural")
''')

DATABASE = '''"""The engine and its sessions."""

from sqlalchemy import create_engine
from sqlalchemy.orm import sessionmaker

engine = create_engine("sqlite:///bench.db")
SessionLocal = sessionmaker(engine)
'''

SERVICE_OPENING = Template('''"""What can be done with $plural."""

import logging

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, selectinload

from .database import SessionLocal
from .models import $One, $Owner

logger = logging.getLogger(__name__)
''')

SERVICE = Template('''

class ${One}Service$number:
    """One team's view of $plural."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def find(self, key: int) -> $One | None:
        found = self.session.get($One, key)
        if found is None:
            logger.info("no $one %s", key)
            return None
        return found

    def page(self, offset: int, limit: int = 50) -> list[$One]:
        query = select($One).options(selectinload($One.$owner)).order_by($One.id).offset(offset).limit(limit)
        return list(self.session.scalars(query))

    def count_by_state(self) -> dict[str, int]:
        rows = self.session.execute(select($One.state, func.count()).group_by($One.state)).all()
        return {state: count for state, count in rows}


def create_$one$number(title: str, owner_id: int) -> int:
    with SessionLocal() as session:
        created = $One(title=title, ${owner}_id=owner_id)
        session.add(created)
        try:
            session.commit()
        except IntegrityError:
            session.rollback()
            raise
        return created.id


def rename_$one$number(key: int, title: str) -> bool:
    with SessionLocal.begin() as session:
        found = session.get($One, key)
        if found is None:
            return False
        if found.title != title:
            found.title = title
            found.state = "renamed"
    return True


def titles_$number(owner_name: str) -> list[str]:
    result = []
    with SessionLocal() as session:
        owner = session.scalars(select($Owner).where($Owner.name == owner_name)).first()
        if owner is None:
            return result
        for item in owner.$plural:
            if item.state != "new":
                result.append(item.title)
            else:
                logger.debug("%s is new", item.id)
    return result


def late_$number(key: int) -> str:
    with SessionLocal() as session:
        found = session.scalars(select($One).where($One.id == key)).one()
        found.state = "seen"
        session.commit()
    return found.title
''')

WORDS = [
    ("order", "customer"), ("invoice", "account"), ("ticket", "agent"), ("parcel", "courier"), ("lesson", "teacher"),
    ("booking", "hotel"), ("article", "author"), ("payment", "merchant"), ("task", "project"), ("shift", "worker"),
]  # fmt: skip


def generate(folder: Path, lines: int) -> int:
    """Write packages of services until there are that many lines; the number written is returned."""
    written = 0
    for index in range(sys.maxsize):
        if written >= lines:
            return written
        one, owner = WORDS[index % len(WORDS)]
        names = {"one": one, "plural": f"{one}s", "owner": owner, "One": one.title(), "Owner": owner.title()}
        services = [SERVICE.substitute(names, number=number) for number in range(4)]
        package = folder / f"{one}_{index}"
        package.mkdir(parents=True)
        for name, text in {
            "__init__.py": f'"""The {one} package."""\n',
            "database.py": DATABASE,
            "models.py": MODELS.substitute(names),
            "service.py": SERVICE_OPENING.substitute(names) + "".join(services),
        }.items():
            (package / name).write_text(text, encoding="utf-8")
            written += text.count("\n")
    return written
