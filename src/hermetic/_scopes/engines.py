"""Engines with what every program should have set: pools that fail soon and loudly, timeouts, a name on the server."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal, TypedDict

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import AsyncAdaptedQueuePool, NullPool, QueuePool, StaticPool

from ..errors import BadDatabase
from . import mariadb, sqlite

Pooler = Literal["transaction"]
Refusable = Literal["allow", "refuse"]

IDLE_LIMIT_S = 60.0
"""A transaction that idles for longer is in everybody's way: its next statement is refused, and PostgreSQL ends it itself."""


class How(TypedDict, total=False):
    """What a Database can be told; `Settings` has the meaning and the default of each."""

    pool_size: int
    pool_timeout_s: float
    statement_timeout_s: float | None
    application_name: str | None
    pooler: Pooler | None
    engine_options: Mapping[str, Any]  # Any: whatever create_engine takes
    session_options: Mapping[str, Any]  # Any: whatever the session class takes
    idle_limit_s: float | None
    lazy_loads: Refusable
    replicas: Sequence[Any]  # Any: addresses, or engines of the kind of the database
    replica_lag_s: float
    secret: str | None


@dataclass(frozen=True, slots=True)
class Settings:
    """What a database is used with; times in seconds, None for the server's own, or for no limit."""

    pool_size: int = 10
    pool_timeout_s: float = 30.0
    statement_timeout_s: float | None = None
    application_name: str | None = None
    pooler: Pooler | None = None
    engine_options: Mapping[str, Any] = field(default_factory=dict)  # Any: whatever create_engine takes
    session_options: Mapping[str, Any] = field(default_factory=dict)  # Any: whatever the session class takes
    idle_limit_s: float | None = IDLE_LIMIT_S
    """How long a transaction may wait for something other than the database."""
    lazy_loads: Refusable = "allow"
    """Whether a relation that was not loaded may be loaded when it is read; asyncio never can."""
    replicas: Sequence[Any] = ()  # Any: addresses, or engines of the kind of the database
    """Copies that read scopes may go to."""
    replica_lag_s: float = 5.0
    """How far behind a replica may be and still be read."""
    secret: str | None = None
    """What tokens are signed with, which carry from one request to the next what reads have to see."""


def sync_engine(source: str | URL | Engine, settings: Settings) -> Engine:
    """The engine for a URL, or the one that is given, made ready for scopes. Raises BadDatabase."""
    engine = source if isinstance(source, Engine) else _made(create_engine, _parsed(source), settings)
    if engine.dialect.is_async:
        raise BadDatabase(
            f"{_shown(engine.url)} is an address for asyncio, and a Database works without.\n"
            f"  Use AsyncDatabase, or a driver that is not for asyncio."
        )
    _make_ready(engine, settings)
    return engine


def async_engine(source: str | URL | AsyncEngine, settings: Settings) -> AsyncEngine:
    """The engine for a URL, or the one that is given, made ready for scopes. Raises BadDatabase."""
    if isinstance(source, AsyncEngine):
        engine = source
    else:
        engine = _made(create_async_engine, _for_asyncio(_parsed(source)), settings)
    _make_ready(engine.sync_engine, settings)
    return engine


def _for_asyncio(url: URL) -> URL:
    """An address whose driver is for asyncio; psycopg has both kinds under one name. Raises BadDatabase."""
    dialect = url.get_dialect()
    if dialect.is_async:
        return url
    if dialect.get_async_dialect_cls(url).is_async:
        return url.set(drivername=f"{url.get_backend_name()}+{url.get_driver_name()}_async")
    raise BadDatabase(
        f"{_shown(url)} names a driver that is not for asyncio, and an AsyncDatabase needs one.\n"
        f"  Use Database, or a driver such as sqlite+aiosqlite, postgresql+asyncpg or postgresql+psycopg."
    )


def _parsed(source: str | URL) -> URL:
    try:
        url = make_url(source)
        url.get_dialect()
    except (ArgumentError, NoSuchModuleError) as error:
        told = _shown(source) if isinstance(source, URL) else "The address of the database"
        raise BadDatabase(
            f"{told} cannot be used: {_without_secret(str(error), source)}.\n"
            f"  Write it as dialect+driver://user:password@host/database, such as sqlite:///shop.db."
        ) from None
    return url


def _without_secret(sentence: str, source: str | URL) -> str:
    """An error's words without the address in them: it may hold a password."""
    return sentence.replace(str(source), "it").strip().rstrip(".")


def _shown(url: URL) -> str:
    return url.render_as_string(hide_password=True)


def _made(make: Callable[..., Any], url: URL, settings: Settings) -> Any:
    """What create_engine or create_async_engine makes of a URL. Any: an engine of the one kind or the other."""
    arguments = {**_arguments(url, settings), **settings.engine_options}
    connect_args = {**_connect_arguments(url, settings), **settings.engine_options.get("connect_args", {})}
    try:
        return make(url, **{**arguments, "connect_args": connect_args})
    except ModuleNotFoundError as error:
        raise BadDatabase(f"{_shown(url)} needs the package {error.name}.\n  pip install {error.name}") from None


def _arguments(url: URL, settings: Settings) -> dict[str, Any]:
    """What create_engine is told; Any: its options."""
    if settings.pooler is not None and url.get_dialect().is_async:
        return {"poolclass": NullPool, **_isolation(url)}
    pool: dict[str, Any] = {"pool_size": settings.pool_size, "max_overflow": 0, "pool_timeout": settings.pool_timeout_s}
    if url.get_backend_name() != "sqlite":
        return {**pool, "pool_pre_ping": True, **_isolation(url)}
    if sqlite.is_in_memory(url):
        pool["pool_size"] = 1
    return {**pool, "poolclass": AsyncAdaptedQueuePool if url.get_dialect().is_async else QueuePool}


def _isolation(url: URL) -> dict[str, Any]:
    """Snapshot isolation where it turns a lost update into an error; Any: an option of create_engine."""
    return {"isolation_level": "REPEATABLE READ"} if url.get_backend_name() == "postgresql" else {}


def _connect_arguments(url: URL, settings: Settings) -> dict[str, Any]:
    """What the driver is told; Any: its own arguments."""
    match url.get_backend_name(), url.get_driver_name():
        case "sqlite", _:
            return {"check_same_thread": False, "timeout": sqlite.BUSY_TIMEOUT_S}
        case "postgresql", "asyncpg":
            return _for_asyncpg(settings)
        case "postgresql", ("psycopg" | "psycopg2" | "psycopg_async") as driver:
            return _for_psycopg(settings, driver)
    return {}


def _server_settings(settings: Settings) -> dict[str, str]:
    """PostgreSQL's own settings."""
    told = {
        "idle_in_transaction_session_timeout": settings.idle_limit_s,
        "statement_timeout": settings.statement_timeout_s,
    }
    return {name: str(round(value_s * 1000)) for name, value_s in told.items() if value_s is not None}


def _for_connection(settings: Settings) -> dict[str, str]:
    """PostgreSQL's own settings, for each connection; behind a pooler connections are others' too, and get none."""
    return {} if settings.pooler is not None else _server_settings(settings)


def _for_asyncpg(settings: Settings) -> dict[str, Any]:
    """Arguments of asyncpg; Any: of several types."""
    named = {"application_name": settings.application_name} if settings.application_name else {}
    told: dict[str, Any] = {"server_settings": {**_for_connection(settings), **named}}
    if settings.pooler is not None:
        told |= {
            "statement_cache_size": 0,
            "prepared_statement_cache_size": 0,
            "prepared_statement_name_func": lambda: f"__hermetic_{uuid.uuid4().hex}__",
        }
    return told


def _for_psycopg(settings: Settings, driver: str) -> dict[str, Any]:
    """Arguments of psycopg and psycopg2; Any: of several types."""
    told: dict[str, Any] = {}
    if settings.application_name:
        told["application_name"] = settings.application_name
    options = " ".join(f"-c {name}={value}" for name, value in _for_connection(settings).items())
    if options:
        told["options"] = options
    if settings.pooler is not None and driver != "psycopg2":
        told["prepare_threshold"] = None
    return told


def _make_ready(engine: Engine, settings: Settings) -> None:
    """Teach an engine what its address cannot. Raises BadDatabase where two scopes would share one connection."""
    if engine.dialect.name == "postgresql" and settings.pooler is not None:
        event.listen(engine, "begin", partial(_tell, _server_settings(settings)))
    elif engine.dialect.name in mariadb.NAMES:
        mariadb.behave(engine, settings.statement_timeout_s)
    elif engine.dialect.name == "sqlite":
        if sqlite.is_in_memory(engine.url) and isinstance(engine.pool, StaticPool):
            raise BadDatabase(
                "An engine for a database in memory with a StaticPool gives every scope the same connection, and with it\n"
                "one transaction for all.\n"
                "  Pass the URL instead: the engine made for it has one connection that scopes take in turns."
            )
        sqlite.behave(engine)


def _tell(settings: dict[str, str], connection: Connection) -> None:
    """Settings for one transaction: behind a pooler the connection is somebody else's afterwards."""
    if settings and connection.get_execution_options().get("isolation_level") != "AUTOCOMMIT":
        told = ", ".join(f"set_config('{name}', '{value}', true)" for name, value in settings.items())
        connection.exec_driver_sql(f"SELECT {told}")
