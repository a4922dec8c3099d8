"""An MCP server for the tests: a diary that can be read, fails, waits, and dies when it is told to."""

from __future__ import annotations

import os

from fastmcp import FastMCP

server: FastMCP[None] = FastMCP("diary", mask_error_details=False)


@server.tool
def read_day(day: str) -> str:
    """Read what the diary says about a day."""
    return f"{day}: rested"


@server.tool
def fail() -> str:
    """Fail to read the diary's ink."""
    raise ValueError("the ink is dry")


@server.tool
def die() -> str:
    """Die in the middle of a call."""
    os._exit(1)


@server.tool
def markup() -> str:
    """Return something that would be markup."""
    return "<script>alert(1)</script><img src=x onerror=alert(2)> [x](javascript:alert(3))"


if __name__ == "__main__":
    server.run("stdio", show_banner=False, log_level="error")
