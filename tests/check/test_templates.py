"""Templates are part of the program: they are found, read, remembered, and missed when nothing can read them."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from hermetic._check.checked import Report
from hermetic._check.options.config import Config
from hermetic._check.run import check
from hermetic._check.source.discover import discover
from hermetic._check.templates import files
from hermetic._check.templates.files import Shelf, Template
from hermetic._check.work import workers
from hermetic._cli._watching import concerns
from tests.hazards.cases import WORLD

PAGES = """
from flask import render_template

from shop import Order, SessionLocal


def show(order_id):
    with SessionLocal() as session:
        order = session.get_one(Order, order_id)
    return render_template("order.html", order=order)
"""
OTHER = """
from shop import Order, SessionLocal


def total(order_id):
    with SessionLocal() as session:
        return session.get_one(Order, order_id).total
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A page that renders a template that includes another one."""
    monkeypatch.chdir(tmp_path)
    texts = {
        "shop.py": WORLD.read_text("utf-8"),
        "pages.py": PAGES,
        "other.py": OTHER,
        "templates/order.html": '<h1>{{ order.id }}</h1>\n{% include "customer.html" %}\n',
        "templates/customer.html": "<p>{{ order.customer.name }}</p>\n",
    }
    for name, text in texts.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, "utf-8")
    return tmp_path


def checked(cache: Path | None = None) -> Report:
    return check(["."], Config(cache_dir=cache))


def test_the_story_ends_in_the_template(project: Path) -> None:
    """The finding stands where the template is rendered; the line that reads is told, and quoted."""
    report = checked()
    (finding,) = report.findings

    assert ("pages.py", 10, "detached-access") == (finding.file, finding.line, finding.slug)
    assert finding.message.endswith("(in templates/customer.html, line 1)")
    assert ("templates/customer.html", 1) == (finding.story[-1].file, finding.story[-1].line)
    assert report.lines["templates/customer.html", 1] == "<p>{{ order.customer.name }}</p>"


def test_an_edited_template_is_seen_by_who_renders_it(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After an edit of an included template, a check that remembers looks at the page again, and at nothing else."""
    cache = project / "cache"
    found = [len(checked(cache).findings)]
    looked = set[str]()
    look = workers.look_at
    monkeypatch.setattr(workers, "look_at", lambda analyzer, start: looked.add(start[1]) or look(analyzer, start))
    template = project / "templates" / "customer.html"
    template.write_text("<p>{{ order.total }}</p>\n", "utf-8")
    found.append(len(checked(cache).findings))

    assert ([1, 0], {"pages"}) == (found, looked)


def test_a_template_that_comes_or_goes_is_seen(project: Path) -> None:
    """So is one that another one was chosen before."""
    cache = project / "cache"
    template = project / "templates" / "customer.html"
    text = template.read_text("utf-8")
    found = [len(checked(cache).findings)]
    template.unlink()
    found.append(len(checked(cache).findings))
    template.write_text(text, "utf-8")
    found.append(len(checked(cache).findings))

    assert [1, 0, 1] == found


@pytest.mark.usefixtures("project")
def test_templates_that_nothing_can_read_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without jinja2 a check does the rest, and says what to install."""
    monkeypatch.setattr(files, "find_spec", lambda name: None)
    report = checked()

    assert () == report.findings
    assert [("pages.py", "template")] == [(each.path, each.kind) for each in report.problems]
    assert "pip install 'hermetic[templates]'" in report.problems[0].sentence


def test_a_folder_named_after_templates_holds_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is ignored, lies elsewhere or has another suffix is none."""
    monkeypatch.chdir(tmp_path)
    for name in (
        "web/templates/a.html", "web/email_templates/b.txt", "web/static/c.html", "web/templates/d.css",
        "node_modules/templates/e.html", "jinja/f.j2",
    ):  # fmt: skip
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("{{ x }}", "utf-8")

    assert ["jinja/f.j2", "web/email_templates/b.txt", "web/templates/a.html"] == [
        each.name for each in discover(["."])
    ]


def test_of_two_templates_the_nearest_is_meant() -> None:
    """Each application has a `list.html` of its own."""
    shelf = Shelf(
        Template(Path(f"/p/{app}/templates/list.html"), f"{app}/templates/list.html", "") for app in ("orders", "users")
    )
    found = [shelf.find("list.html", Path(f"/p/{app}/views.py")) for app in ("orders", "users")]

    assert ["orders/templates/list.html", "users/templates/list.html"] == [each and each.name for each in found]
    assert shelf.find("t.html", Path("/p/orders/views.py")) is None


def test_a_change_of_a_template_concerns_a_watched_project() -> None:
    """Not so that of another page."""
    assert [True, False] == [concerns(Path(name), set()) for name in ("web/templates/a.html", "web/static/a.html")]


@pytest.mark.parametrize(
    "text",
    [
        "{% for order in orders %}{{ order.customer.name }}",
        "{% load static %}{{ order.customer.name }}",
        "{% macro loop(order) %}{{ loop(order) }}{% endmacro %}{{ loop(order) }}",
        "{% extends 'order.html' %}",
        "{% include 'order.html' %}",
        "{{ " + "(" * 400 + "order" + ")" * 400 + " }}",
        "",
    ],
    ids=["unclosed", "of-another-engine", "a-macro-calls-itself", "extends-itself", "includes-itself", "deep", "empty"],
)
def test_no_template_breaks_a_check(project: Path, text: str) -> None:
    """What cannot be read, or never ends, reads nothing."""
    (project / "templates" / "order.html").write_text(dedent(text), "utf-8")

    assert () == checked().findings
