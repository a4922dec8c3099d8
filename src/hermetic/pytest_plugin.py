"""Hermetic in pytest: `pytest --hermetic` fails the tests in which a hazard happens; without it, nothing is done.

Importing this costs nothing: what watches is imported when an option, a marker or a fixture asks for it.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Sequence
from types import ModuleType
from typing import TYPE_CHECKING, Literal

import pytest

if TYPE_CHECKING:
    from ._watch import Mark, Open, Seen, Watch
    from .testing import Queries

NAME = "hermetic-watch"

_SCOPES: dict[str, Literal["function", "module", "session"]] = {
    "test": "function",
    "module": "module",
    "run": "session",
}

_MARKER = "hermetic(allow=[slug, …], max_queries=N): hazards that this test may show, and how many statements its call may send"


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options, and the same in the ini-file."""
    group = parser.getgroup("hermetic", "Hermetic: session safety for SQLAlchemy")
    group.addoption("--hermetic", action="store_true", default=None, help="fail tests in which a hazard happens")
    group.addoption(
        "--hermetic-allow",
        action="append",
        metavar="SLUG",
        help="a hazard that fails no test (may be given more than once)",
    )
    group.addoption(
        "--hermetic-leaks",
        choices=["test", "module", "run"],
        help="fail when a test, a module or the whole run leaves sessions, transactions, connections or engines open",
    )
    parser.addini("hermetic", "fail tests in which a hazard happens", type="bool", default=False)
    parser.addini("hermetic_allow", "hazards that fail no test", type="args", default=[])
    parser.addini("hermetic_leaks", "test, module or run: see --hermetic-leaks", default="")


def pytest_configure(config: pytest.Config) -> None:
    """Begin to watch, where that was asked for."""
    config.addinivalue_line("markers", _MARKER)
    asked = config.getoption("hermetic")
    if config.getini("hermetic") if asked is None else asked:
        config.pluginmanager.register(Watching(config), NAME)
    extent = str(config.getoption("hermetic_leaks") or config.getini("hermetic_leaks"))
    if extent and extent not in _SCOPES:
        raise pytest.UsageError(f"hermetic_leaks = {extent!r} is none of {', '.join(_SCOPES)}")
    if extent:
        config.pluginmanager.register(_nothing_left(_SCOPES[extent]), f"{NAME}-leaks")


@pytest.fixture
def queries() -> Iterator[Queries]:
    """The statements that the test sends: `len(queries)`, `queries.texts`, `queries.assert_max(2)`."""
    from .testing import queries as recorded

    with recorded() as found:
        yield found


@pytest.fixture
def no_leaks() -> Iterator[None]:
    """Fails the test when it leaves sessions, transactions, connections or engines open that it opened."""
    from .testing import no_leaks as nothing_left

    with nothing_left():
        yield


@pytest.fixture(scope="module")
def no_leaks_in_module() -> Iterator[None]:
    """Fails when the tests of a module leave something open that they opened."""
    from .testing import no_leaks as nothing_left

    with nothing_left():
        yield


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Count the statements of a test that is marked with `max_queries`."""
    most = next(
        (mark.kwargs["max_queries"] for mark in item.iter_markers("hermetic") if "max_queries" in mark.kwargs), None
    )
    if most is None:
        return (yield)
    from .testing import queries as recorded

    with recorded() as found:
        result = yield
        told = found.too_many(most)
    if told:
        pytest.fail(told, pytrace=False)
    return result


def _nothing_left(scope: Literal["function", "module", "session"]) -> ModuleType:
    """A plugin whose fixture looks for what is left open around every test, every module or the run."""

    @pytest.fixture(autouse=True, scope=scope)
    def hermetic_nothing_left() -> Iterator[None]:
        from .testing import no_leaks as nothing_left

        with nothing_left():
            yield

    plugin = ModuleType(f"{NAME}-leaks")
    vars(plugin)["hermetic_nothing_left"] = hermetic_nothing_left
    return plugin


class Watching:
    """The plugin that watches; registered only when it was asked for."""

    def __init__(self, config: pytest.Config) -> None:
        from ._watch import Settings, watch

        self._allowed = _named([*config.getini("hermetic_allow"), *(config.getoption("hermetic_allow") or ())])
        self._watch: Watch = watch(settings=Settings(mode="raise", under_test=True))
        self._failed = 0
        self._tests = 0

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, object, object]:
        """Run the test, then fail it for what was seen meanwhile; a test that fails by itself only gets a section of it."""
        mark, before = self._watch.mark(), self._watch.open()
        self._tests += 1
        try:
            result = yield
        except BaseException:
            if seen := self._hazards(item, mark, before):
                item.add_report_section("call", "hermetic", _told(seen))
            raise
        if seen := self._hazards(item, mark, before):
            self._failed += 1
            pytest.fail(_told(seen), pytrace=False)
        return result

    def _hazards(self, item: pytest.Item, mark: Mark, before: list[Open]) -> list[Seen]:
        """What was seen since a mark, without what this test may show; garbage counts, except what was open before."""
        self._watch.still_open(before)
        allowed = self._allowed | _named(
            slug for marker in item.iter_markers("hermetic") for slug in _listed(marker.kwargs.get("allow", ()))
        )
        return [
            seen
            for seen in self._watch.since(mark)
            if seen.finding.severity != "info" and seen.finding.slug not in allowed
        ]

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """One line of what was watched, and what of it could not be."""
        hints = [seen for seen in self._watch.findings() if seen.finding.severity == "info"]
        terminalreporter.section("hermetic", sep="-")
        terminalreporter.line(
            f"{self._tests} test{'s' * (self._tests != 1)} watched, {self._failed} failed for a hazard"
        )
        for seen in hints:
            finding = seen.finding
            terminalreporter.line(f"hint: {finding.file}:{finding.line}: {finding.slug} {finding.message}")
        for point, why in self._watch.off.items():
            terminalreporter.line(f"off: {point}, because {why}")

    def pytest_unconfigure(self) -> None:
        """Stop to watch."""
        from ._watch import unwatch

        unwatch()


def _named(names: Iterable[str]) -> frozenset[str]:
    """The slugs of what a user named; a wrong name stops the run with one sentence."""
    from ._naming import slugs
    from .errors import UnknownHazard

    try:
        return slugs(names)
    except UnknownHazard as error:
        raise pytest.UsageError(f"hermetic: {error}") from None


def _told(seen: Sequence[Seen]) -> str:
    from ._report.failure import failure

    return failure((each.finding, each.count) for each in seen)


def _listed(names: str | Sequence[str]) -> Sequence[str]:
    return [names] if isinstance(names, str) else names
