"""What processes under `hermetic run` and the run itself say to each other: one JSON object a line.

A process says `hello`, then `seen` whenever there is something new to tell of a finding, and where somebody looks on a
`pulse` in each round. Whoever listens on a port wants
the run's `token` first.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from ..._catalogue import Finding, finding_of
from ..seen import Seen
from .pulse import Pulse, pulse_of

LONGEST = 1 << 20
"""Bytes of the longest line that is read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hello:
    """Who speaks: a process, told from a later one of the same number by the nanosecond of the epoch it began in.

    `off` holds what is not watched in it, each with the reason.
    """

    pid: int
    ppid: int
    started_ns: int
    argv: tuple[str, ...] = ()
    python: str = ""
    sqlalchemy: str = ""
    off: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Message:
    """A line as it is read: one of these, the others None."""

    hello: Hello | None = None
    seen: Seen | None = None
    pulse: Pulse | None = None
    token: str | None = None


def line(**message: Hello | Seen | Pulse | str) -> bytes:
    """A message as a line; it has one part, named as in `Message`."""
    plain = {name: part if isinstance(part, str) else _plain(part) for name, part in message.items()}
    return json.dumps(plain, separators=(",", ":")).encode() + b"\n"


def _plain(part: Hello | Seen | Pulse) -> dict[str, object]:
    """A message as JSON has it; `asdict` would copy each row of a pulse."""
    return {name: getattr(part, name) for name in Pulse.__slots__} if isinstance(part, Pulse) else asdict(part)


def understood(text: bytes) -> Message | None:
    """The message in a line; None for what is none, or not of this version."""
    try:
        told = json.loads(text)
        return Message(
            hello=_hello(told["hello"]) if "hello" in told else None,
            seen=_seen(told["seen"]) if "seen" in told else None,
            pulse=pulse_of(told["pulse"]) if "pulse" in told else None,
            token=str(told["token"]) if "token" in told else None,
        )
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


def identity(finding: Finding) -> tuple[str, str, int, int, str]:
    """What stays of a finding while it is seen again, here and in other processes: its place and its words without numbers."""
    words = re.sub(r"\d+", "#", finding.message)
    return finding.slug, finding.file, finding.line, finding.column, words


def placed(seen: Seen, base: str) -> Seen:
    """A sighting with the names of its files as whole paths, from the folder that the process names them from."""
    finding = seen.finding
    story = tuple(replace(step, file=_whole(step.file, base)) for step in finding.story)
    edits = tuple(replace(edit, file=_whole(edit.file, base)) for edit in finding.edits)
    return replace(seen, finding=replace(finding, file=_whole(finding.file, base), story=story, edits=edits))


def _whole(file: str, base: str) -> str:
    return file if file.startswith("<") else os.path.join(base, file)


# Any, here and below: a JSON value; a wrong one is a TypeError here, or text that nobody understands later.
def _hello(told: Mapping[str, Any]) -> Hello:
    fields: dict[str, Any] = {name: told[name] for name in Hello.__slots__ if name in told}
    return Hello(**fields | {"argv": tuple(told["argv"]), "off": tuple(told["off"])})


def _seen(told: Mapping[str, Any]) -> Seen:
    fields: dict[str, Any] = {name: told[name] for name in Seen.__slots__ if name in told}
    return Seen(**fields | {"finding": finding_of(told["finding"])})
