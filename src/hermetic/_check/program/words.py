"""What the text of each file speaks of, found once for all who want to know."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .modules import Module, Project

_PATTERNS = {
    "postgresql": re.compile(r"postgresql|psycopg|asyncpg"),
    "strict": re.compile(
        r"""isolation_level\s*["']?\s*[=:]\s*["'](SERIALIZABLE|REPEATABLE READ)|from hermetic import [^\n]*Database""",
        re.IGNORECASE,
    ),
    "servers": re.compile(
        r"^[ \t]*(?:from|import)\s+(?:fastapi|starlette|flask|litestar|aiohttp\.web|sanic|quart|bottle|tornado|django|celery|dramatiq|rq"
        r"|arq|huey|taskiq|faststream|grpc|strawberry|fastmcp|mcp|streamlit|gradio|aio_pika|confluent_kafka|aiokafka)\b",
        re.MULTILINE,
    ),
    "streamlit": re.compile(r"^[ \t]*(?:import|from) streamlit\b", re.MULTILINE),
    "configured": re.compile(r"\.configure\(|\.kw\[|\.kw\."),
    "backref": re.compile("backref"),
}
_STARTED_UP = re.compile(r"\b(?:lifespan|on_startup|startup)\s*=\s*\[?\s*(\w+)")
WORDS = "words"
"""What one can rest on: what a file speaks of."""


@dataclass(frozen=True, slots=True)
class Words:
    """`speaks_of` holds the names of what is spoken of, `started_up` those of functions that an application gets to run at its start."""

    speaks_of: frozenset[str]
    started_up: frozenset[str]


def words_of(project: Project, module: Module) -> Words:
    """What the file of a module speaks of."""
    return project.facts.get((WORDS, module.name), partial(_read, module))


def _read(module: Module) -> Words:
    module.note("text")
    text = module.file.text
    found = frozenset(name for name, pattern in _PATTERNS.items() if pattern.search(text))
    return Words(found, frozenset(_STARTED_UP.findall(text)))
