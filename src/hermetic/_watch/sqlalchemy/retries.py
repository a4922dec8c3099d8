"""Commits that broke off without an answer, and the same work that is committed again."""

from __future__ import annotations

import threading

from sqlalchemy import UniqueConstraint
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.orm import Mapper, Session, class_mapper

from ..._where import Site
from ..lives import Broken, Inserted, SessionLife
from .hooks import Means

LOST = ("08", "57P", "40003")
"""How the SQLSTATEs begin that leave it open whether a commit took effect: every other one says that it did not."""

MYSQL_LOST = frozenset({2006, 2013, 2055})
"""The same for MySQL's numbers: the server has gone away, or the connection was lost."""


class Retries:
    """Compares what is committed with what a commit of the same line may have stored before."""

    def __init__(self, means: Means) -> None:
        self.observer = means.observer
        self.judge = means.judge

    def broke(self, life: SessionLife, error: DBAPIError) -> None:
        """A commit ended in an error: remember it when nobody knows whether it took effect."""
        if not (life.inserted and is_unanswered(error)):
            return
        site = self.observer.site_of(life)
        # The commit at the end of `async with factory.begin()` runs in a task of its own, where no line is to be seen.
        task = life.task if site is not None else None
        broken = Broken(
            site or life.opened, threading.get_ident(), task, life.request, life.inserted, type(error).__name__
        )
        self.observer.broken.append(broken)

    def committed(self, session: Session, life: SessionLife, site: Site | None) -> None:
        """A commit succeeded: the same line of the same task, thread and request may have stored this before."""
        broken, site = self.observer.broken, site or life.opened
        for each in list(broken):
            if not _is_same_work(each, life, site):
                continue
            broken.remove(each)
            again = next((row for row in life.inserted or () if _is_stored_again(row, each, life)), None)
            if again is not None:
                self.judge.repeated(life, again.key[0].__name__, each, site)


def is_unanswered(error: DBAPIError) -> bool:
    """Whether a commit that ended in this error may have taken effect."""
    if error.statement not in {None, "COMMIT"}:
        return False
    if error.connection_invalidated:
        return True
    driver = error.orig
    if not isinstance(error, OperationalError | InterfaceError) or hasattr(driver, "sqlite_errorname"):
        return False
    state = getattr(driver, "sqlstate", None) or getattr(driver, "pgcode", None)
    number = driver.args[0] if driver is not None and driver.args else None
    return str(state).startswith(LOST) if state else not isinstance(number, int) or number in MYSQL_LOST


def _is_same_work(broken: Broken, life: SessionLife, site: Site | None) -> bool:
    is_same_worker = broken.task is None or broken.task() is life.works_for()
    is_same_call = broken.request is life.request and broken.site == site
    return is_same_worker and is_same_call and broken.thread == threading.get_ident()


def _is_stored_again(row: Inserted, broken: Broken, life: SessionLife) -> bool:
    """Whether a row is one that was stored before, under another key, with nothing that would have noticed."""
    mapper: Mapper[object] = class_mapper(row.key[0])
    table = mapper.local_table
    if getattr(table, "fullname", "") in (life.looked_at or ()):
        return False
    keys = {mapper.get_property_by_column(column).key for column in mapper.primary_key}
    values = _without(row, keys)
    before = [each for each in broken.inserted if each.key[0] is row.key[0] and _without(each, keys) == values]
    if not before or any(each.key[1] == row.key[1] for each in before):
        return False
    unique = [[column] for column in mapper.columns if column.unique]
    unique += [list(each.columns) for each in getattr(table, "constraints", ()) if isinstance(each, UniqueConstraint)]
    names = ([mapper.get_property_by_column(column).key for column in columns] for columns in unique)
    return not any(all(values.get(name) is not None for name in group) for group in names)


def _without(row: Inserted, keys: set[str]) -> dict[str, object]:
    return {name: value for name, value in row.values.items() if name not in keys}
