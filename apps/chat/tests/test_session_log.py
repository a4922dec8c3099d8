"""The log of sessions: what the document's tells, what it leaves out, and what tells it all."""

from __future__ import annotations

import logging
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import URL, select
from sqlalchemy.orm import Session, object_session, selectinload

from hermetic_chat.database import blocking
from hermetic_chat.records import FoundChat
from hermetic_chat.session_log import log_object_session
from hermetic_chat.tables import User


def documented(obj: object, operation: str) -> None:
    """The document's function: a warning whenever an object has no session."""
    if object_session(obj) is None:
        logging.getLogger("documented").warning("%s has no session in %s", type(obj).__name__, operation)


def detached_user(url: URL, *, with_chats: bool) -> User:
    """A user whose session is closed, with or without the chats loaded."""
    db = blocking(url)
    with Session(db.engine) as session:
        session.add(User(username="Ada", key="ada"))
        session.commit()
    with Session(db.engine) as session:
        user = session.scalars(select(User).options(*[selectinload(User.sessions)] * with_chats)).one()
    db.dispose()
    return user


def test_the_documents_log_says_nothing_of_what_fails(sqlite_url: URL, caplog: pytest.LogCaptureFixture) -> None:
    """Bad: it warns of the user that is complete in the same words as of the one that will fail."""
    documented(detached_user(sqlite_url, with_chats=True), "shown")

    assert ["User has no session in shown"] == [record.message for record in caplog.records]


@pytest.mark.parametrize(
    ("with_chats", "level", "told"),
    [
        (True, "DEBUG", "shown: User is detached"),
        (False, "WARNING", "shown: User is detached, and cannot be asked for sessions"),
    ],
)
def test_the_log_tells_the_state_and_what_was_not_loaded(
    sqlite_url: URL, caplog: pytest.LogCaptureFixture, with_chats: bool, level: str, told: str
) -> None:
    """Cured: a warning only where something cannot be read any more, and it says what."""
    caplog.set_level("DEBUG", "hermetic_chat.session_log")
    log_object_session(detached_user(sqlite_url, with_chats=with_chats), "shown")

    assert [(level, told)] == [(record.levelname, record.message) for record in caplog.records]


def test_the_log_knows_every_state(sqlite_url: URL, caplog: pytest.LogCaptureFixture) -> None:
    """From a new object to a stored one; a record of the service is plain data."""
    caplog.set_level("DEBUG", "hermetic_chat.session_log")
    db = blocking(sqlite_url)
    with db.begin() as session:
        user = User(username="Ada", key="ada")
        log_object_session(user, "made")
        session.add(user)
        log_object_session(user, "added")
        session.flush()
        log_object_session(user, "flushed")
    log_object_session(FoundChat(id=1, title="x"), "found")
    db.dispose()

    assert [
        "made: User is transient",
        "added: User is pending",
        "flushed: User is persistent",
        "found: FoundChat is plain data",
    ] == [record.message for record in caplog.records]


def test_all_sessions_are_logged_when_asked_for(sqlite_url: URL, tmp_path: Path) -> None:
    """`--log-sessions` lets the process tell what goes wrong in it, with a story, for every object of any session."""
    program = (
        "from hermetic_chat.session_log import log_all_sessions; log_all_sessions()\n"
        "from hermetic_chat.database import address, blocking\n"
        "from hermetic_chat.tables import User\n"
        "from sqlalchemy.orm import Session\n"
        f"db = blocking(address({sqlite_url.render_as_string()!r}))\n"
        "with Session(db.engine) as session:\n"
        "    session.add(User(username='Ada', key='ada'))\n"
        "    session.commit()\n"
        "with Session(db.engine) as session:\n"
        "    user = session.get(User, 1)\n"
        "user.sessions\n"
    )
    file = tmp_path / "program.py"
    file.write_text(program, encoding="utf-8")
    done = subprocess.run([sys.executable, str(file)], capture_output=True, text=True, check=False)

    assert "program.py:11" in done.stderr
    assert "detached-access" in done.stderr
    assert "selectinload(User.sessions)" in done.stderr
