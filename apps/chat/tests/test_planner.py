"""The planner chooses tools by what they say of themselves, fills in what the question says, and never pretends."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import pytest
from markdown_it import MarkdownIt

from hermetic_chat.model.planner import Planner
from hermetic_chat.model.said import Answered, Asked, Returned, Said
from hermetic_chat.tools.offered import Call, Outcome, Tool

INTEGER, TEXT, DAY = {"type": "integer"}, {"type": "string"}, {"type": "string", "format": "date"}
MANY = {"type": "integer", "maximum": 100}
LEVEL = {"$ref": "#/$defs/Level"}
LEVELS = {"Level": {"type": "string", "enum": ["low", "high"]}}
PEOPLE = [{"id": 1, "name": "Anna Weber"}, {"id": 2, "name": "Борис Петров"}]
TASKS = {"items": [{"id": 3, "title": "Call Ivan"}, {"id": 4, "title": "Write a report"}], "total": 2}


def tool(server: str, name: str, description: str, properties: Mapping[str, Any], *needed: str) -> Tool:
    schema = {"type": "object", "properties": dict(properties), "required": [*needed], "$defs": LEVELS}
    return Tool(server, name, description, schema)


GOAL = {"type": "object", "properties": {"name": TEXT, "target": {"type": "number"}}, "required": ["name", "target"]}
TOOLS = [
    tool("history", "search_history", "Search what was said before.", {"query": TEXT, "limit": INTEGER}, "query"),
    tool("history", "list_chats", "List recent chats.", {"limit": INTEGER}),
    tool("tasks", "list_tasks", "List tasks.", {"priority": {"anyOf": [LEVEL, {"type": "null"}]}, "limit": MANY}),
    tool("tasks", "create_task", "Make a task.", {"title": TEXT, "priority": LEVEL, "due": DAY, "note": TEXT}, "title"),
    tool("tasks", "complete_task", "Mark a task as done.", {"id": INTEGER}, "id"),
    tool("advisor", "get_all_customers", "All customers.", {}),
    tool("advisor", "get_customer_by_email", "A customer by e-mail.", {"email": TEXT}, "email"),
    tool("advisor", "get_customer_goals", "A customer's goals.", {"customer_id": INTEGER}, "customer_id"),
    tool("advisor", "create_goal", "Add a goal.", {"customer_id": INTEGER, "goal": GOAL}, "customer_id", "goal"),
]
RESULTS = {"advisor__get_all_customers": PEOPLE, "tasks__list_tasks": TASKS}
TOMORROW = (date.today() + timedelta(days=1)).isoformat()


def answered(question: str, results: Mapping[str, Any] = RESULTS, tools: list[Tool] = TOOLS) -> tuple[list[Any], str]:
    """The calls that the planner makes for a question, with their arguments, and what it says in the end."""

    async def talk() -> tuple[list[Any], str]:
        conversation: list[Said] = [Asked("Hello"), Answered("Hello"), Asked(question)]
        made: list[Any] = []
        for _ in range(4):
            said = [piece async for piece in Planner().reply(conversation, tools)]
            calls = [piece for piece in said if isinstance(piece, Call)]
            if not calls:
                return made, "".join(piece for piece in said if isinstance(piece, str))
            made += [(call.tool, dict(call.arguments)) for call in calls]
            outcomes = [Outcome("no", failed=True) if results.get(call.tool) == "fails" else None for call in calls]
            conversation += [
                Returned(call, failed or Outcome(str(results.get(call.tool, [])), results.get(call.tool, [])))
                for call, failed in zip(calls, outcomes, strict=True)
            ]
        raise AssertionError("it goes on and on")

    return asyncio.run(talk())


@pytest.mark.parametrize(
    ("english", "russian", "calls"),
    [
        ("Show the tasks", "Покажи задачи", [("tasks__list_tasks", {})]),
        ("Show the urgent tasks", "Покажи срочные задачи", [("tasks__list_tasks", {"priority": "high"})]),
        ("List my recent chats", "Покажи мои последние чаты", [("history__list_chats", {})]),
        ("Complete task 3", "Заверши задачу 3", [("tasks__complete_task", {"id": 3})]),
        ("List the customers", "Покажи клиентов", [("advisor__get_all_customers", {})]),
        (
            "Create a task 'Call Ivan' with high priority due tomorrow",
            "Создай задачу «Call Ivan» с высоким приоритетом на завтра",
            [("tasks__create_task", {"title": "Call Ivan", "priority": "high", "due": TOMORROW})],
        ),
        (
            "Show the goals of customer 2",
            "Какие цели у клиента 2?",
            [("advisor__get_customer_goals", {"customer_id": 2})],
        ),
        (
            "Which goals does Anna have?",
            "Какие цели у Анны?",
            [("advisor__get_all_customers", {}), ("advisor__get_customer_goals", {"customer_id": 1})],
        ),
        (
            "Complete the task 'Call Ivan'",
            "Заверши задачу «Call Ivan»",
            [("tasks__list_tasks", {"limit": 100}), ("tasks__complete_task", {"id": 3})],
        ),
        (
            "Show the urgent tasks and list the customers",
            "Покажи срочные задачи и покажи клиентов",
            [("tasks__list_tasks", {"priority": "high"}), ("advisor__get_all_customers", {})],
        ),
    ],
)
def test_it_calls_what_the_question_asks_for(english: str, russian: str, calls: list[Any]) -> None:
    """In either language, with the arguments that are in the question, and looking up an id by a name."""
    assert calls == answered(english)[0]
    assert calls == answered(russian)[0]


@pytest.mark.parametrize(
    ("question", "calls"),
    [
        ("What did I say about the spring release?", [("history__search_history", {"query": "spring release"})]),
        ("Что я говорил про поездку в горы?", [("history__search_history", {"query": "поездку горы"})]),
        ("Show 5 tasks", [("tasks__list_tasks", {"limit": 5})]),
        ("Create a task: buy milk, eggs and bread", [("tasks__create_task", {"title": "buy milk, eggs and bread"})]),
        ("Find anna@example.org", [("advisor__get_customer_by_email", {"email": "anna@example.org"})]),
        (
            "Add a goal for customer 1: a new car for 9000",
            [("advisor__create_goal", {"customer_id": 1, "goal": {"name": "a new car", "target": 9000}})],
        ),
    ],
)
def test_it_reads_arguments_as_the_schema_asks(question: str, calls: list[Any]) -> None:
    """Words to search for, numbers by the name beside them, addresses, what follows a colon, objects inside."""
    assert calls == answered(question)[0]


@pytest.mark.parametrize(
    "question", ["Which tasks are done?", "Is task 3 complete?", "Show new tasks", "Delete task 3"]
)
def test_it_changes_nothing_that_was_not_demanded(question: str) -> None:
    """Only a question that begins with the verb of a tool makes it call a tool that changes something."""
    assert [] == [name for name, _ in answered(question)[0] if "create" in name or "complete" in name]


@pytest.mark.parametrize(
    ("question", "told"), [("How is the weather?", "offline planner"), ("Какая погода?", "автономный планировщик")]
)
def test_it_says_that_it_is_a_planner(question: str, told: str) -> None:
    """Where no tool fits it says what it is, and which tools there are, in the language of the question."""
    calls, text = answered(question)

    assert [] == calls
    assert told in text
    assert len(TOOLS) == text.count("\n- ")


def test_it_asks_for_what_is_missing() -> None:
    """A tool that needs something the question does not say is not called with a guess."""
    calls, text = answered("Create a task")

    assert [] == calls
    assert "I need to know: **title**" in text


def test_it_does_not_guess_between_two() -> None:
    """Where a name fits two records it asks, rather than take the first."""
    twins = [{"id": 1, "name": "Anna Weber"}, {"id": 2, "name": "Anna Kern"}]
    calls, text = answered("Which goals does Anna have?", {"advisor__get_all_customers": twins})

    assert [("advisor__get_all_customers", {})] == calls
    assert "customer id" in text


def test_it_tells_of_a_failure() -> None:
    """What a tool says when it fails is in the answer."""
    assert "It failed:\n\n> no" in answered("Show the tasks", {"tasks__list_tasks": "fails"})[1]


def test_without_tools_it_says_so() -> None:
    """There is an answer even when every server is gone."""
    assert "There are no tools at the moment." in answered("Show the tasks", tools=[])[1]


def test_what_a_tool_returns_is_no_markup() -> None:
    """Records become a table, and whatever is in them stays text."""
    nasty = [
        {"id": 1, "title": "**bold** | <b>x</b> [a](http://b) `c` # d", "at": "2026-03-02T09:00:00Z", "sum": "3450.00"}
    ]
    text = answered("Show the tasks", {"tasks__list_tasks": nasty})[1]
    html = MarkdownIt("commonmark", {"html": False}).enable("table").render(text)

    assert "<th>Title</th>" in html
    assert "<td>**bold** | &lt;b&gt;x&lt;/b&gt; [a](http://b) `c` # d</td>" in html
    assert "<td>2026-03-02 09:00</td>" in html
    assert "<td>3450.00</td>" in html


def test_long_records_are_quoted() -> None:
    """A long text is told at its full width, and the rest of its record below it."""
    long = [{"chat_id": 1, "chat": "Trip", "said_by": "user", "text": "1. " + "far away " * 12}]
    text = answered("Show the tasks", {"tasks__list_tasks": long})[1]

    assert "> 1\\. far away far away" in text
    assert "> — Trip · user" in text


def test_many_records_are_cut_short() -> None:
    """Twenty are shown, and it says so."""
    many = [{"id": number, "title": f"Task {number}"} for number in range(30)]
    text = answered("Show the tasks", {"tasks__list_tasks": many})[1]

    assert "It returned 30 entries." in text
    assert "The first 20 are shown." in text
    assert 22 == text.count("\n| ")
