"""What people type into forms, validated; an error becomes a sentence beside the field."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Generic, TypeVar

from pydantic import BaseModel, ValidationError

F = TypeVar("F", bound=BaseModel)

LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)", re.IGNORECASE)

SENTENCES = {
    "missing": "Fill this in.",
    "string_too_short": "Fill this in.",
    "string_too_long": "This is too long: {max_length} characters at most.",
    "int_parsing": "Write a whole number.",
    "greater_than_equal": "Write a number from {ge} on.",
    "less_than_equal": "Write a number up to {le}.",
    "enum": "Choose one of the list.",
}
PATTERNS = {
    "path": "Begin with a slash, without spaces.",
    "name": "Small letters, digits, dots and hyphens only, beginning with a letter.",
}


@dataclass(frozen=True, slots=True)
class Filled(Generic[F]):
    """A form as it came back: what was typed, what is wrong with it, and the form itself when nothing is."""

    typed: Mapping[str, str]
    errors: dict[str, str] = field(default_factory=dict)
    form: F | None = None


def filled(model: type[F], typed: Mapping[str, str]) -> Filled[F]:
    """What was typed, validated."""
    told = {name: typed[name] for name in model.model_fields if name in typed}
    try:
        return Filled(typed, {}, model.model_validate(told))
    except ValidationError as error:
        wrong = {str(each["loc"][0]): sentence(str(each["loc"][0]), each) for each in error.errors()}
        return Filled(typed, wrong)


def sentence(name: str, error: Mapping[str, object]) -> str:
    """An error of Pydantic in words for whoever fills in a form."""
    kind, context = str(error["type"]), error.get("ctx")
    if kind == "string_pattern_mismatch":
        return PATTERNS.get(name, "This cannot be used here.")
    if kind == "value_error" and name == "email":
        return "This is no e-mail address."
    told = SENTENCES.get(kind)
    if told is None:
        return str(error["msg"]).removeprefix("Value error, ")
    return told.format(**context) if isinstance(context, dict) else told


def hostname(told: str) -> str:
    """A host name or an address of IP. Raises ValueError."""
    host = told.removeprefix("[").removesuffix("]")
    try:
        return str(ip_address(host))
    except ValueError:
        if not all(LABEL.fullmatch(label) for label in host.removesuffix(".").split(".")):
            raise ValueError("Write a host name or an address, without a scheme and without a port.") from None
    return host.lower()
