"""A model at an endpoint: it is asked over real HTTP, streams, calls tools, and fails in words."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import URL
from starlette.responses import Response

from apps.chat.tests.conftest import SECRET, Visitor
from apps.chat.tests.diary import server
from apps.chat.tests.speaking import Endpoint, asked_for, endpoint, refusal, said, serving
from hermetic_chat.settings import Settings
from hermetic_chat.tools.configured import Remote


@pytest.fixture(scope="module")
def running() -> Iterator[Endpoint]:
    with endpoint() as speaking:
        yield speaking


@pytest.fixture
def speaking(running: Endpoint) -> Endpoint:
    """The endpoint, that has not been asked yet."""
    running.requests.clear()
    running.before_first = None
    return running


@pytest.fixture(scope="module")
def diary() -> Iterator[Remote]:
    """The diary's MCP server, over HTTP."""
    with serving(server.http_app()) as address:
        yield Remote(url=f"{address}/mcp")


@pytest.fixture
def settings(sqlite_url: URL) -> Settings:
    """What these tests are about is the same on every database."""
    return Settings(url=sqlite_url, secret=SECRET)


@pytest.fixture
def ada(open_app: Callable[..., Callable[[], Visitor]], speaking: Endpoint, diary: Remote) -> Visitor:
    """Somebody who is signed in to a chat whose model is at the endpoint, and whose tools are a diary's."""
    visitor = open_app(model_name="test", model_url=speaking.url, model_key="secret", servers={"diary": diary})
    return visitor().sign_in("Ada")


def test_an_answer_is_streamed_and_kept(ada: Visitor, speaking: Endpoint) -> None:
    """What the endpoint streams is shown as it comes, and is there when the page is loaded anew."""
    speaking.script = lambda _asked: said("Two ", "and *two* ", "is four.")
    session_id = ada.begin("What is two and two?")

    assert "Two and <em>two</em> is four." in ada.get(f"/chats/{session_id}").text
    assert [{"role": "user", "content": "What is two and two?"}] == speaking.requests[0]["messages"][1:]


def test_the_model_calls_tools_and_is_told_what_they_return(ada: Visitor, speaking: Endpoint) -> None:
    """Arguments that arrive in fragments are put together; the call and its result are in the history."""

    def script(asked: dict[str, Any]) -> list[dict[str, Any]]:
        if asked["messages"][-1]["role"] == "user":
            return asked_for(("diary__read_day", '{"day": "Monday"}'), ("diary__read_day", '{"day": "Friday"}'))
        return said("You rested.")

    speaking.script = script
    session_id = ada.begin("What did I do?")
    told = speaking.requests[1]["messages"]

    assert "diary__read_day" in [each["function"]["name"] for each in speaking.requests[0]["tools"]]
    assert ["user", "assistant", "tool", "tool"] == [each["role"] for each in told[1:]]
    assert ["Monday: rested", "Friday: rested"] == [each["content"] for each in told[3:]]
    assert ada.get(f"/chats/{session_id}").text.count("diary · read_day") == 2


@pytest.mark.parametrize(
    ("name", "arguments", "why"),
    [
        ("diary__read_day", '{"day": ', "no JSON object"),
        ("diary__read_day", "[]", "no JSON object"),
        ("diary__read_day", '{"hour": 3}', "day"),
        ("diary__burn", "{}", "there is no tool"),
        ("burn", "{}", "there is no tool"),
        ("diary__fail", "{}", "the ink is dry"),
    ],
)
def test_a_call_that_cannot_be_done_is_told_to_the_model(
    ada: Visitor, speaking: Endpoint, name: str, arguments: str, why: str
) -> None:
    """A wrong call ends nothing: the model is told why, and goes on."""
    speaking.script = lambda asked: (
        asked_for((name, arguments)) if asked["messages"][-1]["role"] == "user" else said("I see.")
    )
    session_id = ada.begin("Go on")
    told = speaking.requests[1]["messages"][-1]["content"]

    assert told.startswith("failed: ")
    assert why in told
    assert "I see." in ada.get(f"/chats/{session_id}").text


def test_a_model_that_only_calls_tools_is_stopped(ada: Visitor, speaking: Endpoint) -> None:
    """After eight rounds the chat says so."""
    speaking.script = lambda _asked: asked_for(("diary__read_day", '{"day": "x"}'))
    session_id = ada.begin("Go on for ever")

    assert 8 == len(speaking.requests)
    assert "I stopped after 8 rounds of tools." in ada.get(f"/chats/{session_id}").text


@pytest.mark.parametrize("answer", [lambda: refusal(404), lambda: refusal(500), lambda: Response("<html>")])
def test_an_endpoint_that_refuses_is_told_to_the_user(
    ada: Visitor, speaking: Endpoint, answer: Callable[[], Response]
) -> None:
    """The question is kept, the answer says what was wrong, and the next question is asked as ever."""
    speaking.script = lambda _asked: answer()
    session_id = ada.begin("Anybody there?")
    told = ada.get(f"/chats/{session_id}").text
    speaking.script = lambda _asked: said("Yes")
    ada.post(f"/chats/{session_id}/messages", text="And now?")
    ada.answered(f"/chats/{session_id}")

    assert "Anybody there?" in told
    assert ("The model did not answer" if answer().status_code != 200 else "The model said nothing.") in told
    assert "Yes" in ada.get(f"/chats/{session_id}").text


def test_the_key_goes_to_the_endpoint_only(ada: Visitor, speaking: Endpoint) -> None:
    """No page tells the key of the model."""
    speaking.script = lambda _asked: said("Hello")
    session_id = ada.begin("Hello")
    pages = [ada.get(path).text for path in (f"/chats/{session_id}", "/tools", "/profile")]

    assert [] == [page for page in pages if "secret" in page]
    assert "secret" not in json.dumps(speaking.requests)
