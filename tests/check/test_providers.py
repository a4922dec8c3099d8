"""Model files say where sessions come from, in the words of docs/how-to/providers.md."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from hermetic._check.engine import analyze
from hermetic._check.options.config import Config
from hermetic._check.options.config import load as load_config
from hermetic._check.providers import Provider, Providers, built_in, load, read
from hermetic._check.run import check
from hermetic.errors import BadConfig
from tests.hazards.cases import WORLD, Mark, marks, source

PAGE = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "providers.md"
FENCES = [(token.info, token.content) for token in MarkdownIt().parse(PAGE.read_text("utf-8")) if token.type == "fence"]
MODEL, PYPROJECT, TABLES = [text for info, text in FENCES if info == "toml"]
(EXAMPLE,) = [text for info, text in FENCES if info == "python"]
(SENTENCE,) = [text for info, text in FENCES if info == "text"]


def found(text: str, *providers: Provider) -> set[tuple[int, str]]:
    """The lines and hazards shown in a module that is analyzed beside the shop."""
    sources = [source("case.py", text), source("shop.py", WORLD.read_text("utf-8"))]
    findings = analyze(sources, providers=providers).findings
    return {(each.line, each.slug) for each in findings if each.confidence != "possible"}


def expected(text: str) -> set[tuple[int, str]]:
    """The lines and hazards that a module marks."""
    return {(mark.line, mark.slug) for mark in marks("case.py", text, "") if isinstance(mark, Mark)}


def test_the_page_s_example_is_found_as_marked() -> None:
    """With the page's model file the page's example is understood."""
    providers = read(tomllib.loads(MODEL), "my_framework.toml")

    assert found(EXAMPLE, *providers) == expected(EXAMPLE)


def test_without_the_model_only_use_tells() -> None:
    """What comes from elsewhere gives itself away by its use at best: whether anything commits stays unknown."""
    slugs = {slug for _, slug in found(EXAMPLE)}

    assert slugs == {slug for _, slug in expected(EXAMPLE)} - {"lost-write"}


def test_a_changed_model_is_no_news_from_the_cache(tmp_path: Path) -> None:
    """What a cache remembers of the same files under other providers is not believed."""
    (tmp_path / "case.py").write_text(EXAMPLE)
    (tmp_path / "shop.py").write_text(WORLD.read_text("utf-8"))
    config = Config(base=tmp_path, cache_dir=tmp_path / "cache")
    before = check([tmp_path], config).findings
    after = check([tmp_path], replace(config, providers=read(tomllib.loads(MODEL), "my_framework.toml"))).findings

    assert {each.slug for each in after} - {each.slug for each in before} == {"lost-write"}


def test_pyproject_names_model_files(tmp_path: Path) -> None:
    """The files of `providers` are looked for beside the `pyproject.toml` that names them."""
    (tmp_path / "my_framework.toml").write_text(MODEL)
    (tmp_path / "pyproject.toml").write_text(PYPROJECT)
    providers = load_config(tmp_path).providers

    assert providers == read(tomllib.loads(MODEL), "my_framework.toml")


def test_pyproject_holds_tables(tmp_path: Path) -> None:
    """One or two providers fit into `pyproject.toml` itself."""
    (tmp_path / "pyproject.toml").write_text(TABLES)
    (scope,) = load_config(tmp_path).providers

    assert scope == Provider("my_framework.session_scope", "context", commits=True)


def test_a_wrong_kind_is_told_in_one_sentence(tmp_path: Path) -> None:
    """The sentence names the file, the provider, the value and what may stand there."""
    file = tmp_path / "my_framework.toml"
    file.write_text(MODEL.replace('"context"', '"contxt"'))
    with pytest.raises(BadConfig) as told:
        load(file)

    assert str(told.value).replace(f"{tmp_path}/", "") == SENTENCE.strip()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('["a.b"]\nasync = true', 'm.toml: "a.b" does not say its kind; add kind = "context", or one of '),
        ('["a.b"]\nkind = "alias"', 'm.toml: "a.b" is an alias of nothing; add means = "the.name.it.stands.for"'),
        (
            '["a.b"]\nkind = "context"\ncommit = true',
            "m.toml: \"a.b\" has no key 'commit', the nearest is 'commits'; its keys",
        ),
        ('["a.b"]\nkind = "context"\ncommits = true', '"a.b".commits is the boolean true, and should be "on-exit" or '),
        ('[a.b]\nkind = "context"', 'm.toml: a should be a quoted dotted name with a table: ["a.….get_session"]'),
    ],
)
def test_a_bad_file_is_told_in_one_sentence(text: str, sentence: str) -> None:
    """Whatever is wrong, the sentence says where and what to write."""
    with pytest.raises(BadConfig) as told:
        read(tomllib.loads(text), "m.toml")

    assert sentence in str(told.value)
    assert "\n" not in str(told.value)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    """A name that leads nowhere is the user's to correct."""
    with pytest.raises(BadConfig, match=r"gone\.toml cannot be read"):
        load(tmp_path / "gone.toml")


def test_a_model_wins_over_the_source() -> None:
    """What a user states of a function of the project holds, whatever its body seems to do."""
    text = """\
from contextlib import contextmanager

from shop import Order, registry


@contextmanager
def scope():
    yield registry.current()


def pay(order_id: int) -> None:
    with scope() as session:
        session.get_one(Order, order_id).status = "paid"  # caught: lost-write
"""
    kept = Provider("case.scope", "context", commits=True)
    lost = Provider("case.scope", "context")

    assert found(text, kept) == set()
    assert found(text, lost) == expected(text)


def test_a_built_in_model_holds_where_the_source_is_out_of_sight() -> None:
    """A DAG that uses Airflow's own session is understood without Airflow."""
    text = """\
from airflow.utils.session import create_session, provide_session

from shop import Order


def buyer(order_id: int) -> str:
    with create_session() as session:
        order = session.get_one(Order, order_id)
    return order.customer.name  # caught: detached-access


@provide_session
def pay(order_id: int, session=None) -> None:
    session.get_one(Order, order_id).status = "paid"


async def pay_all(order_ids: list[int]) -> None:
    for order_id in order_ids:
        pay(order_id)  # caught: blocking-session
"""

    assert found(text) == expected(text)


def test_a_scoped_session_and_an_alias() -> None:
    """An attribute can be the session of the current request, and a class another name of a known one."""
    text = """\
from my_framework import database
from my_sql import SQLA

from shop import Order

db = SQLA()


async def status(order_id: int) -> str:
    return database.session.get_one(Order, order_id).status  # caught: blocking-session


async def total(order_id: int) -> int:
    return db.session.get_one(Order, order_id).total  # caught: blocking-session
"""
    scoped = Provider("my_framework.database.session", "scoped")
    alias = Provider("my_sql.SQLA", "alias", means="flask_sqlalchemy.SQLAlchemy")

    assert found(text, scoped, alias) == expected(text)


def test_a_function_gives_a_session_to_close() -> None:
    """Who calls a function closes what it gives, unless the model says that somebody else does."""
    text = """\
from my_framework import open_session

from shop import Order


def status(order_id: int) -> str:
    session = open_session()  # caught: session-leak
    return session.get_one(Order, order_id).status
"""
    owned = Provider("my_framework.open_session", "function", closes=False)
    borrowed = Provider("my_framework.open_session", "function")

    assert found(text, owned) == expected(text)
    assert found(text, borrowed) == set()


def test_built_in_models_are_read() -> None:
    """The files that lie in the package are valid, and each of their names is found."""
    names = sorted(built_in())

    assert "airflow.utils.session.provide_session" in names
    assert all(Providers().external(name) is built_in()[name] for name in names)
