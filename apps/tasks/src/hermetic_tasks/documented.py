"""What the OpenAPI document tells of responses: every problem an endpoint can answer with, and its headers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from .problems import MEDIA_TYPE, Kind, Problem

Told = dict[int | str, dict[str, Any]]  # Any: as FastAPI has it

ETAG = {"ETag": {"description": "The version, for If-Match.", "schema": {"type": "string", "examples": ['"1"']}}}
LOCATION = {"Location": {"description": "Where it is.", "schema": {"type": "string", "examples": ["/tasks/7"]}}}


def told(*kinds: Kind) -> Told:
    """The responses with which an endpoint tells of these problems."""
    responses: Told = {}
    for kind in kinds:
        response = responses.setdefault(kind.status, {"model": Problem, "description": "", "content": {MEDIA_TYPE: {}}})
        response["description"] = "\n".join(filter(None, [response["description"], f"{kind.title}. {kind.detail}"]))
        response["content"][MEDIA_TYPE].setdefault("examples", {})[kind.slug] = {
            "summary": kind.title,
            "value": Problem(
                type=f"urn:hermetic-tasks:{kind.slug}",
                title=kind.title,
                status=kind.status,
                detail=kind.detail,
                instance="/tasks/7",
            ).model_dump(),
        }
    return responses


def described(app: FastAPI) -> Callable[[], dict[str, Any]]:
    """What makes the OpenAPI document of an app, once. Any: JSON."""

    def describe() -> dict[str, Any]:
        if app.openapi_schema is None:
            routes = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
            app.openapi_schema = with_problems(routes)
        return app.openapi_schema

    return describe


def with_problems(document: dict[str, Any]) -> dict[str, Any]:
    """The document with the media type of problems where FastAPI puts its own. Any: JSON."""
    for path in document["paths"].values():
        for operation in path.values():
            for status, response in operation["responses"].items():
                if int(status) >= 400:
                    schema = response["content"].pop("application/json")["schema"]
                    response["content"].setdefault(MEDIA_TYPE, {})["schema"] = schema
    return document
