"""The table of proofs names tests that there are."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

APP = Path(__file__).resolve().parents[1]
NAMED = re.findall(r"`(test_\w+\.py)::(test_\w+)` \|$", (APP / "TESTS.md").read_text(encoding="utf-8"), re.MULTILINE)
VERBS = [
    "add_message",
    "get_session_messages",
    "add_tool_usage",
    "get_session_history",
    "get_or_create_user",
    "create_chat_session",
    "get_active_session",
    "get_user_sessions",
]


@pytest.mark.parametrize(("file", "test"), NAMED, ids=[test for _, test in NAMED])
def test_a_proof_exists(file: str, test: str) -> None:
    """The test is in the file that the table names."""
    tree = ast.parse((APP / "tests" / file).read_text(encoding="utf-8"))

    assert test in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_every_verb_has_its_proof() -> None:
    """All eight methods of the document are in the table."""
    proved = {test.removeprefix("test_") for _, test in NAMED}

    assert [] == [verb for verb in VERBS if verb not in proved]
