"""The plugin as a user's test suite meets it: each case is a suite of its own, run by pytest in a process of its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

WORLD = Path(__file__).resolve().parent / "world.py"

START = """
import asyncio
import pytest
from sqlalchemy import select
from sqlalchemy.orm import selectinload
from shop import AsyncSessionLocal, Customer, Order, SessionLocal, async_engine, engine, stock_shelves

@pytest.fixture(scope="module", autouse=True)
def shelves():
    stock_shelves()
    yield
    engine.dispose()
"""

Suite = Callable[..., pytest.RunResult]


@pytest.fixture
def suite(pytester: pytest.Pytester) -> Suite:
    """Runs pytest with options on a test file; the shop of tests/world.py can be imported by it."""
    pytester.makepyfile(shop=WORLD.read_text("utf-8"))

    def run(source: str, *options: str, ini: str = "") -> pytest.RunResult:
        (pytester.path / "shop.db").unlink(missing_ok=True)
        pytester.makeini(f"[pytest]\nasyncio_mode = auto\nasyncio_default_fixture_loop_scope = function\n{ini}")
        pytester.makepyfile(test_shop=START + source)
        return pytester.runpytest_subprocess("-q", *options)

    return run


LOST = """
def test_price():
    with SessionLocal() as session:
        session.scalars(select(Order)).first().status = "paid"
"""

LOST_ASYNC = """
async def test_price():
    async with AsyncSessionLocal() as session:
        (await session.scalars(select(Order))).first().status = "paid"
    await async_engine.dispose()
"""

KEPT = LOST + "        session.commit()\n"

KEPT_ASYNC = LOST_ASYNC.replace('= "paid"\n', '= "paid"\n        await session.commit()\n')

each_twin = pytest.mark.parametrize(("bad", "cured"), [(LOST, KEPT), (LOST_ASYNC, KEPT_ASYNC)], ids=["sync", "async"])


@each_twin
def test_a_hazard_fails_the_test_in_which_it_happens(suite: Suite, bad: str, cured: str) -> None:
    """The failure names the line, tells the story with the user's own lines, and says what to do."""
    failed = suite(bad, "--hermetic")

    assert {"failed": 1} == failed.parseoutcomes()
    failed.stdout.fnmatch_lines(
        [
            "*test_shop.py:*: lost-write*",
            '*= "paid"*written',
            "*SessionLocal() as session:*closed without a commit",
            "*fix: commit before*",
        ]
    )
    assert {"passed": 1} == suite(cured, "--hermetic").parseoutcomes()


def test_it_is_inert_until_asked(suite: Suite) -> None:
    """Without the option nothing is watched, and nothing of the watcher is even imported."""
    told = suite(LOST + "    import sys\n    assert not [m for m in sys.modules if m.startswith('hermetic._')]\n")

    assert {"passed": 1} == told.parseoutcomes()


def test_the_ini_file_asks_for_it_too(suite: Suite) -> None:
    """`hermetic = true` is the option for every run."""
    assert {"failed": 1} == suite(LOST, ini="hermetic = true\n").parseoutcomes()


@pytest.mark.parametrize(
    ("marker", "options", "ini"),
    [
        ('@pytest.mark.hermetic(allow=["lost-write"])', (), ""),
        ('@pytest.mark.hermetic(allow="HM203")', (), ""),
        ("", ("--hermetic-allow", "lost-write"), ""),
        ("", (), "hermetic_allow = lost-write\n"),
    ],
    ids=["marker", "marker by code", "option", "ini-file"],
)
def test_what_is_allowed_fails_no_test(suite: Suite, marker: str, options: tuple[str, ...], ini: str) -> None:
    """A hazard is allowed by the test's marker, on the command line or in the ini-file."""
    told = suite(LOST.replace("def test", f"{marker}\ndef test"), "--hermetic", *options, ini=ini)

    assert {"passed": 1} == told.parseoutcomes()


def test_a_comment_allows_it_as_in_a_check(suite: Suite) -> None:
    """The comment that quiets `hermetic check` quiets the plugin."""
    allowed = LOST.replace('"paid"', '"paid"  # hermetic: allow[lost-write] a dry run')
    told = suite(allowed.replace("with SessionLocal() as session:", ALLOWED), "--hermetic")

    assert {"passed": 1} == told.parseoutcomes()


ALLOWED = "with SessionLocal() as session:  # hermetic: allow[lost-write] a dry run"


def test_a_wrong_name_is_told_in_one_sentence(suite: Suite) -> None:
    """The nearest name is offered, and no traceback is shown."""
    told = suite(KEPT, "--hermetic", "--hermetic-allow", "lost-writes")

    told.stderr.fnmatch_lines(["ERROR: hermetic: no hazard is called 'lost-writes', the nearest is 'lost-write'*"])
    assert pytest.ExitCode.USAGE_ERROR == told.ret


def test_a_test_that_fails_by_itself_keeps_its_own_failure(suite: Suite) -> None:
    """What was seen stands in a section beside it."""
    failing = LOST.replace('"paid"', '"paid"\n        session.close()\n        assert 1 == 2')
    told = suite(failing, "--hermetic")

    told.stdout.fnmatch_lines(["*assert 1 == 2*", "*hermetic*", "*lost-write*"])


def test_fixtures_are_not_the_test(suite: Suite) -> None:
    """What a fixture does before and after a test is not held against the test."""
    told = suite(
        """
@pytest.fixture
def order():
    with SessionLocal() as session:
        order = session.scalars(select(Order)).first()
        order.status = "paid"
    return order

def test_status(order):
    assert order.status == "paid"
""",
        "--hermetic",
    )

    assert {"passed": 1} == told.parseoutcomes()


LEAK = """
kept = []

def test_orders():
    session = SessionLocal()
    kept.append(session)
    assert session.scalars(select(Order)).all()

def test_nothing():
    assert kept
    kept.pop().close()
"""


def test_a_session_left_open_fails_a_test_that_leaves_nothing(suite: Suite) -> None:
    """The fixture `no_leaks` names what is open and the line that opened it; a test that closes it passes."""
    told = suite(LEAK.replace("test_orders()", "test_orders(no_leaks)"))

    assert {"passed": 2, "errors": 1} == told.parseoutcomes()
    told.stdout.fnmatch_lines(
        ["*left open:", "*session Session #*, opened at test_shop.py:*: session = SessionLocal()"]
    )
    assert {"passed": 1} == suite(KEPT.replace("test_price()", "test_price(no_leaks)")).parseoutcomes()


@pytest.mark.parametrize(("extent", "errors"), [("test", 1), ("module", 0), ("run", 0)])
def test_leaks_are_looked_for_as_far_as_asked(suite: Suite, extent: str, errors: int) -> None:
    """What the next test of the module closes is a leak of the test, but not of the module nor of the run."""
    told = suite(LEAK, "--hermetic-leaks", extent)

    assert errors == told.parseoutcomes().get("errors", 0)


@pytest.mark.parametrize("extent", ["module", "run"])
def test_what_nobody_closes_is_a_leak_of_the_run(suite: Suite, extent: str) -> None:
    """A session that the last test leaves open."""
    told = suite(LEAK.replace("kept.pop().close()", "pass"), ini=f"hermetic_leaks = {extent}\n")

    assert {"passed": 2, "errors": 1} == told.parseoutcomes()


LAZY = """
def test_customers(queries):
    with SessionLocal() as session:
        for order in session.scalars(select(Order)):
            order.customer.name
    queries.assert_max(1)
"""

LAZY_ASYNC = """
async def test_customers(queries):
    def work(session):
        for order in session.scalars(select(Order)):
            order.customer.name

    async with AsyncSessionLocal() as session:
        await session.run_sync(work)
    await async_engine.dispose()
    queries.assert_max(1)
"""


@pytest.mark.parametrize("lazy", [LAZY, LAZY_ASYNC], ids=["sync", "async"])
def test_queries_are_counted_and_told(suite: Suite, lazy: str) -> None:
    """The message tells each statement with how often it was sent and from where, and the N+1 behind it."""
    told = suite(lazy)

    assert {"failed": 1} == told.parseoutcomes()
    told.stdout.fnmatch_lines(
        [
            "*queries, at most 1 allowed:",
            "* × SELECT customers.*",
            "*at test_shop.py:*: order.customer.name",
            "*n-plus-one*",
        ]
    )
    cured = lazy.replace("select(Order)", "select(Order).options(selectinload(Order.customer))").replace("(1)", "(2)")
    assert {"passed": 1} == suite(cured).parseoutcomes()


def test_blocks_are_counted_by_themselves(suite: Suite) -> None:
    """`at_most` counts its block, `clear` begins again, and the texts are those that were sent; never their parameters."""
    told = suite(
        """
def test_orders(queries):
    with SessionLocal() as session:
        order = session.get(Order, 1)
        with queries.at_most(0):
            assert session.get(Order, 1) is order
        queries.clear()
        session.scalars(select(Order).where(Order.status == "secret")).all()
        assert len(queries) == queries.count == 1
        assert queries.texts[0].startswith("SELECT orders.id")
        assert "secret" not in " ".join(queries.texts)
        with pytest.raises(AssertionError, match="1 query, at most 0 allowed"):
            with queries.at_most(0):
                session.scalars(select(Customer)).all()
"""
    )

    assert {"passed": 1} == told.parseoutcomes()


def test_a_marker_limits_the_queries_of_a_test(suite: Suite) -> None:
    """`max_queries` holds with and without `--hermetic`."""
    source = '@pytest.mark.hermetic(max_queries=0, allow=["lost-write"])' + LOST

    assert {"failed": 1} == suite(source).parseoutcomes()
    assert {"failed": 1} == suite(source, "--hermetic").parseoutcomes()
    assert {"passed": 1} == suite(source.replace("=0", "=1"), "--hermetic").parseoutcomes()


def test_it_works_in_the_workers_of_xdist(suite: Suite) -> None:
    """Each worker watches itself."""
    told = suite(LOST + KEPT.replace("test_price", "test_kept"), "--hermetic", "-n", "1")

    assert {"passed": 1, "failed": 1} == told.parseoutcomes()


def test_it_works_with_anyio(suite: Suite) -> None:
    """An asynchronous test that anyio runs is watched like any other."""
    marked = LOST_ASYNC.replace("async def", "@pytest.mark.anyio\nasync def")
    told = suite(marked, "--hermetic", "-p", "no:asyncio", ini="")

    assert 1 == told.parseoutcomes()["failed"]
    told.stdout.fnmatch_lines(["*test_shop.py:*: lost-write*"])
