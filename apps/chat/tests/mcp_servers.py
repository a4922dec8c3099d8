"""MCP servers as the tests configure them."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from sqlalchemy import URL

from hermetic_chat.tools.configured import Remote, Stdio

DIARY = Stdio(command=sys.executable, args=[str(Path(__file__).with_name("diary.py"))])
MISSING = Stdio(command=sys.executable, args=["-m", "hermetic_chat_that_is_not_there"])
NO_COMMAND = Stdio(command="no-such-command-anywhere", args=[])
NOBODY = Remote(url="http://127.0.0.1:9/mcp")


def history(url: URL, secret: str) -> Stdio:
    """The chat's own server, on a database."""
    env = {
        "DATABASE_URL": url.render_as_string(hide_password=False),
        "CHAT_SECRET": secret,
        "PYTHONPATH": os.environ.get("PYTHONPATH", ""),
    }
    return Stdio(command=sys.executable, args=["-m", "hermetic_chat", "mcp"], env=env, identify=True)
