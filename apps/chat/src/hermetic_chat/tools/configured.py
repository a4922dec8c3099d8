"""The file that names the MCP servers, in the usual shape: `{"mcpServers": {"name": {"command": …} or {"url": …}}}`."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from string import Template
from typing import Literal

from fastmcp.mcp_config import RemoteMCPServer, StdioMCPServer
from pydantic import BaseModel, ConfigDict, ValidationError

DEFAULT = Path(__file__).parents[1] / "servers.json"


class BadServers(Exception):
    """The file cannot be used; the text is one sentence for whoever started the program."""


class Stdio(StdioMCPServer):
    """A server that the chat starts; with `identify` it is told, signed, for whom a tool is called."""

    identify: bool = False
    keep_alive: Literal[False] = False


class Remote(RemoteMCPServer):
    """A server at an address."""

    identify: bool = False


Configured = Stdio | Remote


class Servers(BaseModel):
    """The file."""

    model_config = ConfigDict(extra="forbid")

    mcpServers: dict[str, Stdio | Remote]  # so is its name in every host


def read_servers(file: Path, known: Mapping[str, str]) -> dict[str, Configured]:
    """The servers of a JSON or TOML file by their names, with `${NAME}` filled in. Raises BadServers."""
    try:
        text = file.read_text(encoding="utf-8")
        data = tomllib.loads(text) if file.suffix == ".toml" else json.loads(text)
        return Servers.model_validate(_filled(data, known)).mcpServers
    except KeyError as missing:
        raise BadServers(f"{file} names ${{{missing.args[0]}}}, which is not set") from None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise BadServers(f"{file} is no file of MCP servers: {where}: {first['msg']}") from None
    except (OSError, ValueError) as error:
        raise BadServers(f"{file} cannot be read: {error}") from None


def _filled(data: object, known: Mapping[str, str]) -> object:
    """The data with each `${NAME}` in its texts replaced."""
    if isinstance(data, str):
        return Template(data).substitute(known)
    if isinstance(data, list):
        return [_filled(each, known) for each in data]
    if isinstance(data, dict):
        return {key: _filled(value, known) for key, value in data.items()}
    return data
