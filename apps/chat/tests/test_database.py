"""The database is migrated on start, seeded once, and told of in one sentence where it cannot be used."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from click.testing import CliRunner
from sqlalchemy import URL, func, inspect, select

from hermetic_chat.__main__ import main
from hermetic_chat.database import UnusableDatabase, address, alembic_config, blocking, prepare
from hermetic_chat.service import ChatService
from hermetic_chat.tables import ChatSession, User

USERS, CHATS = select(func.count(User.id)), select(func.count(ChatSession.id))


def test_the_tables_are_as_the_models_have_them(url: URL) -> None:
    """Alembic sees nothing that a migration has forgotten."""
    db = blocking(url)
    command.check(alembic_config(db))
    db.dispose()


def test_every_migration_can_be_undone(url: URL) -> None:
    """Down to nothing, and up again."""
    db = blocking(url)
    command.downgrade(alembic_config(db), "base")
    left = inspect(db.engine).get_table_names()
    command.upgrade(alembic_config(db), "head")
    db.dispose()

    assert ["alembic_version"] == left


def test_an_empty_database_is_seeded_once(url: URL) -> None:
    """The first start brings two users with chats; the second changes nothing."""
    db = blocking(url)
    counted = []
    for _ in range(2):
        prepare(url)
        with db.read() as session:
            counted.append((session.scalar(USERS), session.scalar(CHATS)))
    db.dispose()

    assert [(2, 3), (2, 3)] == counted


def test_the_seed_shows_tools_and_both_languages(
    url: URL, with_chat: Callable[[Callable[[ChatService], Any]], Any]
) -> None:
    """Ada has a chat in which a tool was called; Борис writes Russian."""
    prepare(url)

    async def work(chat: ChatService) -> tuple[list[str], int]:
        ada = await chat.get_or_create_user("Ada")
        chats = await chat.get_user_sessions(ada.id)
        history = await chat.get_session_history(chats[0].id, ada.id)
        boris = await chat.get_or_create_user("Борис")
        return [each.tool_name for each in history.messages[0].tool_usages], len(await chat.get_user_sessions(boris.id))

    assert (["search_history"], 1) == with_chat(work)


@pytest.mark.parametrize(
    ("given", "driver"),
    [
        ("sqlite:///chat.db", "sqlite+aiosqlite"),
        ("postgresql://ada@localhost/chat", "postgresql+psycopg"),
        ("postgres://ada@localhost/chat", "postgresql+psycopg"),
        ("postgresql+asyncpg://ada@localhost/chat", "postgresql+psycopg"),
    ],
)
def test_the_usual_addresses_are_understood(given: str, driver: str) -> None:
    """Whatever driver an address names, the chat uses its own."""
    assert driver == address(given).drivername


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("no address", "is not the address of a database"),
        ("mysql://localhost/chat", "runs on sqlite and postgresql"),
        ("postgresql://ada:hidden@127.0.0.1:9/chat", "cannot be used"),
        ("sqlite:////no/such/folder/chat.db", "cannot be used"),
    ],
)
def test_a_database_that_cannot_be_used_is_told_in_one_sentence(
    given: str, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit code 2, one line, no traceback, no password."""
    monkeypatch.setenv("DATABASE_URL", given)
    result = CliRunner().invoke(main, [])

    assert 2 == result.exit_code
    assert 1 == len(result.stderr.splitlines())
    assert told in result.stderr
    assert "hidden" not in result.stderr


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{", "cannot be read"),
        ('{"mcpServers": {"one": {"args": []}}}', "is no file of MCP servers"),
        ('{"mcpServers": {"one": {"command": "${NOT_SET_ANYWHERE}"}}}', "${NOT_SET_ANYWHERE}, which is not set"),
        ('{"servers": {}}', "is no file of MCP servers"),
    ],
)
def test_a_file_of_servers_that_cannot_be_used_is_told_in_one_sentence(
    text: str, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit code 2, and what is wrong with the file."""
    file = tmp_path / "servers.json"
    file.write_text(text, encoding="utf-8")
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path / 'chat.db'}")
    result = CliRunner().invoke(main, ["--servers", str(file)])

    assert 2 == result.exit_code
    assert 1 == len(result.stderr.splitlines())
    assert told in result.stderr


def test_an_unusable_address_is_an_error_of_its_own() -> None:
    """Who calls it from code gets an exception to catch."""
    with pytest.raises(UnusableDatabase):
        address("oracle://somewhere")
