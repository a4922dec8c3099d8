"""ETag and If-Match: a change is made only to the version that its author has read (RFC 9110, RFC 6585)."""

from __future__ import annotations

from typing import Annotated

from fastapi import Header

from .problems import CHANGED, UNCONDITIONAL, Refusal

IfMatch = Annotated[
    str,
    Header(description="The ETag of the version that is to be changed, or `*`. Without it the answer is 428."),
]
IfNoneMatch = Annotated[
    str, Header(description="The ETag of the version that is known: the answer is 304 where nothing has changed.")
]


def etag(version: int) -> str:
    """The ETag of a version."""
    return f'"{version}"'


def named_in(condition: str, version: int) -> bool:
    """Whether a condition names a version: `*` names each, `W/"…"` none, for a weak ETag is no promise."""
    return condition.strip() == "*" or etag(version) in (each.strip() for each in condition.split(","))


def require(condition: str, version: int) -> None:
    """Raise a Refusal unless the condition names that version."""
    if not condition:
        raise Refusal(UNCONDITIONAL)
    if not named_in(condition, version):
        raise Refusal(CHANGED)
