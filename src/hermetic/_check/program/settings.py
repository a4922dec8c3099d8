"""What is known of the sessions made at one place, beside what happens to them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Settings:
    """How the sessions of one place in the source were made; `cls` names their class where it is one of the project.

    `expire_on_commit` is None where their maker is out of sight; `is_promised` where only an annotation tells of them.
    """

    is_async: bool = False
    expire_on_commit: bool | None = None
    autoflush: bool = True
    cls: str | None = None
    is_promised: bool = False
