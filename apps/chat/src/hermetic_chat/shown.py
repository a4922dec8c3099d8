"""Renders templates in the language of whoever asks."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from babel.dates import format_date, format_datetime, format_time
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse

from .guard import token_of
from .language import LANGUAGES, catalogue, preferred
from .markdown import as_html

_PAGES = Environment(
    loader=FileSystemLoader(Path(__file__).with_name("templates")),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def language_of(request: Request) -> str:
    """What the user chose, else what the browser asks for."""
    return preferred(request.session.get("language"), request.headers.get("accept-language", ""))


def fragment(template: str, language: str, /, **values: object) -> str:
    """A part of a page."""
    texts = catalogue(language)
    return _PAGES.get_template(template).render(
        {
            "_": texts.gettext,
            "ngettext": texts.ngettext,
            "language": language,
            "markdown": as_html,
            "moment": lambda at: moment(at, language),
            "today": datetime.now().astimezone().date(),
            **values,
        }
    )


def page(request: Request, template: str, /, *, status: int = 200, **values: object) -> HTMLResponse:
    """A whole page."""
    language = language_of(request)
    common: Mapping[str, object] = {
        "csrf": token_of(request),
        "languages": LANGUAGES,
        "here": request.url.path if request.method == "GET" else "/",
        "notice": request.session.pop("notice", ""),
        "query": "",
    }
    html = fragment(template, language, **{**common, **values})
    return HTMLResponse(html, status, headers={"Content-Language": language})


def moment(at: datetime, language: str) -> str:
    """When something was, as short as it is clear."""
    here, now = at.astimezone(), datetime.now().astimezone()
    if here.date() == now.date():
        return format_time(here, "HH:mm", locale=language)
    if here.year == now.year:
        return format_date(here, "d MMM", locale=language)
    return format_datetime(here, "d MMM y", locale=language)
