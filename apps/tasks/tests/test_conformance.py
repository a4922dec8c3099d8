"""The API does what its OpenAPI document says, whatever it is sent: Schemathesis looks for what would prove it wrong.

Here it sends a few requests to each operation. `schemathesis run` beside a running application sends as many as it is told.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings

from hermetic_tasks.problems import KINDS

schemathesis = pytest.importorskip("schemathesis", reason="schemathesis is not installed")

EXAMPLES = 8
ONLY_THE_DATABASE_KNOWS = {"urn:hermetic-tasks:unknown-reference", "urn:hermetic-tasks:bad-cursor"}


@schemathesis.check
def what_is_valid_is_accepted(context: Any, response: Any, case: Any) -> None:
    """Only what the schema forbids is refused as invalid, and what refers to nothing."""
    if case.meta.generation.mode.is_positive and response.status_code in (400, 422):
        assert response.json()["type"] in ONLY_THE_DATABASE_KNOWS, response.text


@pytest.fixture
def api(app: FastAPI) -> Any:
    """The API, which Schemathesis starts and ends for each request: what it makes stays, for nothing else is tested here."""
    config = schemathesis.Config.from_path(Path(__file__).parents[1] / "schemathesis.toml")
    return schemathesis.openapi.from_asgi("/openapi.json", app, config=config)


@pytest.mark.parametrize("mode", ["POSITIVE", "NEGATIVE"])
def test_conformance(api: Any, mode: str) -> None:
    """No error of the server, no answer that is not documented, nothing invalid that is accepted, nothing valid refused."""
    for operation in (found.ok() for found in api.get_all_operations()):
        if mode == "POSITIVE" or next(operation.iter_parameters(), None) is not None or operation.body:
            send_to(operation, schemathesis.GenerationMode[mode])


def send_to(operation: Any, mode: Any) -> None:
    """Send an operation what Schemathesis makes up for it."""

    @settings(
        max_examples=EXAMPLES, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def send(case: Any) -> None:
        case.call_and_validate()

    send()


def test_everything_is_documented(app: FastAPI) -> None:
    """Each operation has a description, and each answer one too, a problem as `application/problem+json`."""
    operations = [operation for path in app.openapi()["paths"].values() for operation in path.values()]
    responses = [(int(status), told) for operation in operations for status, told in operation["responses"].items()]

    assert 18 == len(operations)
    assert [] == [operation["operationId"] for operation in operations if not operation.get("description")]
    assert [] == [told for _, told in responses if not told["description"]]
    assert {("application/problem+json",)} == {tuple(told["content"]) for status, told in responses if status >= 400}
    assert {kind.status for kind in KINDS} <= {status for status, _ in responses}
