"""Forms as they come from a browser."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

from ..fields import F, Filled


async def typed_in(request: Request) -> dict[str, str]:
    """The fields of the form, files left out."""
    return {name: value for name, value in (await request.form()).items() if isinstance(value, str)}


Typed = Annotated[dict[str, str], Depends(typed_in)]

CHANGED = "Somebody else has changed this meanwhile. Reload the page to see it as it is now."


def check_version(answer: Filled[F], version: int) -> Filled[F]:
    """The form, refused where it was opened before the latest change: saving it would undo that unseen."""
    if answer.typed.get("version") == str(version):
        return answer
    return Filled(answer.typed, {**answer.errors, "version": CHANGED})
