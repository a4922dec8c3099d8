"""Click and Typer: what a command did is kept when it succeeds, and not when it exits with an error."""

from __future__ import annotations

import sys
from typing import Any

import click
import pytest
import typer
import typer.testing
from click.testing import CliRunner

from hermetic.integrations.click import Host, attach

from .conftest import Stock, customer

ENDS = {
    "return": (lambda: None, 0, ["Ada"]),
    "Exit(0)": (lambda: click.get_current_context().exit(0), 0, ["Ada"]),
    "sys.exit()": (lambda: sys.exit(), 0, ["Ada"]),
    "Exit(3)": (lambda: click.get_current_context().exit(3), 3, []),
    "sys.exit(1)": (lambda: sys.exit(1), 1, []),
    "Abort": (lambda: _raise(click.Abort()), 1, []),
    "UsageError": (lambda: _raise(click.UsageError("no")), 2, []),
    "Ctrl-C": (lambda: _raise(KeyboardInterrupt()), 1, []),
    "error": (lambda: _raise(ZeroDivisionError()), 1, []),
}


def _raise(error: BaseException) -> None:
    raise error


@pytest.fixture(params=["sync", "async"])
def host(request: pytest.FixtureRequest, stock: Stock) -> Host[Any]:
    return attach(stock.database(request.param))


@pytest.mark.parametrize("ending", ENDS)
def test_the_exit_code_tells_whether_the_work_is_kept(host: Host[Any], stock: Stock, ending: str) -> None:
    """Code 0 keeps it, however the command comes to it; anything else does not."""
    end, code, kept = ENDS[ending]

    @click.command()
    @click.argument("name")
    @host.begin
    def add(session: Any, name: str) -> None:
        session.add(customer(name))
        end()

    result = CliRunner().invoke(add, ["Ada"])

    assert (code, kept) == (result.exit_code, stock.names())


def test_a_failed_commit_is_an_error_of_the_command(host: Host[Any], stock: Stock) -> None:
    """Also of one that exits with code 0."""

    @click.command()
    @host.begin
    def add(session: Any) -> None:
        session.add(customer("Ada"))
        click.get_current_context().exit(0)

    codes = [CliRunner().invoke(add).exit_code for _ in range(2)]

    assert [0, 1] == codes


def test_typer_sees_the_arguments_without_the_session(host: Host[Any], stock: Stock) -> None:
    """Its options come from the annotations of the function."""
    app = typer.Typer()

    @app.command()
    @host.begin
    def add(session: Any, name: str, times: int = 1) -> None:
        for number in range(times):
            session.add(customer(f"{name} {number}"))
        raise typer.Exit

    running = typer.testing.CliRunner()
    told = running.invoke(app, ["--help"]).output
    code = running.invoke(app, ["Ada", "--times", "2"]).exit_code

    assert (0, ["Ada 0", "Ada 1"]) == (code, stock.names())
    assert (True, False) == ("times" in told, "session" in told.lower())


def test_a_command_may_be_a_coroutine(stock: Stock) -> None:
    """With an AsyncDatabase, on an event loop that ends with the command."""
    db = stock.database("async")
    host = attach(db)

    @click.command()
    @host.begin
    async def add(session: Any) -> None:
        session.add(customer("Ada"))
        await session.flush()

    result = CliRunner().invoke(add)

    assert (0, ["Ada"], 0) == (result.exit_code, stock.names(), db.engine.pool.checkedin())


def test_a_reading_command_refuses_to_write(host: Host[Any], stock: Stock) -> None:
    """Its session is one of a read scope."""

    @click.command()
    @host.read
    def sneak(session: Any) -> None:
        session.add(customer("Ada"))

    result = CliRunner().invoke(sneak)

    assert (1, "ReadOnly") == (result.exit_code, type(result.exception).__name__)
