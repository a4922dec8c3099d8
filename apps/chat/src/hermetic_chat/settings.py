"""What the chat is told by its environment."""

from __future__ import annotations

import os
import secrets
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import URL

from .database import DEFAULT_URL, address
from .tools.configured import DEFAULT, Configured, read_servers


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that can be different from one chat to another; `model_name` is empty for the planner."""

    url: URL
    secret: str
    servers: Mapping[str, Configured] = field(default_factory=dict)
    model_name: str = ""
    model_url: str | None = None
    model_key: str | None = None
    pool_size: int = 10
    call_timeout_s: float = 30.0
    start_timeout_s: float = 20.0
    hosts: tuple[str, ...] = ("localhost", "127.0.0.1", "[::1]", "testserver")
    secure_cookie: bool = False


def from_environment(environ: Mapping[str, str] = os.environ, *, servers: Path | None = None) -> Settings:
    """The settings of a process. Raises UnusableDatabase and BadServers."""
    text, secret = environ.get("DATABASE_URL") or DEFAULT_URL, environ.get("CHAT_SECRET") or secrets.token_urlsafe(32)
    url = address(text)
    known = {"PYTHONPATH": "", **environ, "PYTHON": sys.executable, "CHAT_SECRET": secret}
    known["DATABASE_URL"] = url.render_as_string(hide_password=False)
    return Settings(
        url=url,
        secret=secret,
        servers=read_servers(servers or Path(environ.get("CHAT_SERVERS") or DEFAULT), known),
        model_name=environ.get("CHAT_MODEL", ""),
        model_url=environ.get("OPENAI_BASE_URL") or None,
        model_key=environ.get("OPENAI_API_KEY") or None,
        start_timeout_s=_seconds(environ.get("CHAT_START_TIMEOUT_S"), 20.0),
        secure_cookie=environ.get("CHAT_SECURE_COOKIE") == "1",
    )


def _seconds(text: str | None, default: float) -> float:
    """A number of seconds; the default where there is none."""
    try:
        return float(text) if text else default
    except ValueError:
        return default
