"""How a page becomes HTML: the templates, and what each of them is given."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.templating import Jinja2Templates

from ..console import console_of
from ..csrf import csrf_token
from ..models import Kind, Role, Status
from ..settings import DEMO_PASSWORD
from ..visitor import Visitor

HERE = Path(__file__).resolve().parent.parent


def moment(when: datetime | None) -> str:
    """A moment as pages write it; times are in UTC."""
    return when.strftime("%Y-%m-%d %H:%M:%S") if when else ""


def made_templates() -> Jinja2Templates:
    """The templates, which escape what they are given and know the words of the tables."""
    environment = Environment(loader=FileSystemLoader(HERE / "templates"), autoescape=True, undefined=StrictUndefined)
    environment.filters["moment"] = moment
    environment.globals.update(Role=Role, Kind=Kind, Status=Status, demo_password=DEMO_PASSWORD)
    return Jinja2Templates(env=environment)


templates = made_templates()


def is_partial(request: Request) -> bool:
    """Whether HTMX asks, which replaces a part of the page it has."""
    return "hx-request" in request.headers


def show(
    request: Request, template: str, visitor: Visitor | None = None, *, status: int = 200, **values: Any
) -> HTMLResponse:
    """A page. Any: whatever its template names."""
    console = console_of(request)
    given = {
        "visitor": visitor,
        "csrf_token": csrf_token(request),
        "flash": None if is_partial(request) else request.session.pop("flash", None),
        "is_demo": console.settings.is_demo,
        "here": request.url.path,
    }
    return templates.TemplateResponse(request, template, {**given, **values}, status_code=status)


def go(request: Request, path: str, told: str = "") -> Response:
    """Lead the browser to another page, which says what was done; HTMX is led there as a whole."""
    if told:
        request.session["flash"] = told
    if is_partial(request):
        return Response(headers={"HX-Redirect": path})
    return RedirectResponse(path, 303)


def log_in_path(request: Request) -> str:
    """The log-in page, which leads back to where the visitor wanted to go."""
    if request.method != "GET" or is_partial(request) or request.url.path == "/":
        return "/login"
    path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return f"/login?next={quote(path, safe='/')}"
