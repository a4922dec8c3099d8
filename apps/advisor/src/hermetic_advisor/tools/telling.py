"""What a client is told when a tool fails."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from fastmcp.exceptions import ToolError

from ..errors import AdvisorError

P = ParamSpec("P")
T = TypeVar("T")


def telling(function: Callable[P, T]) -> Callable[P, T]:
    """A tool that says to its client what an error of the service layer says; of any other the client learns nothing."""

    @wraps(function)
    def tool(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return function(*args, **kwargs)
        except AdvisorError as error:
            raise ToolError(str(error)) from error

    return tool
