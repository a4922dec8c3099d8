"""What `# hermetic: allow[...]` covers."""

from __future__ import annotations

import ast
from pathlib import Path
from textwrap import dedent

import pytest

from hermetic._check.checked import Problem, Suppression
from hermetic._check.source.discover import SourceFile
from hermetic._check.telling.suppressions import suppressions


def read(text: str) -> list[Suppression | Problem]:
    text = dedent(text)
    return list(suppressions(SourceFile(Path("a.py"), "a.py", "a", text, ast.parse(text))))


def covered(text: str) -> list[tuple[str, int, int]]:
    """(slug, first line, last line) of each suppression."""
    return [(each.slug, each.first, each.last) for each in read(text) if isinstance(each, Suppression)]


def sentences(text: str) -> list[str]:
    return [each.sentence for each in read(text) if isinstance(each, Problem)]


def test_a_comment_covers_its_line() -> None:
    """The comment at the end of a line speaks of the statement on it."""
    assert [("lost-write", 1, 1)] == covered(
        "session.add(x)  # hermetic: allow[lost-write] the caller commits\ny = 1\n"
    )


def test_a_comment_covers_the_whole_statement() -> None:
    """A statement over several lines is covered from any of them."""
    text = """\
        x = 1
        session.execute(
            insert(Order),  # hermetic: allow[lost-write] the caller commits
            rows,
        )
        """

    assert [("lost-write", 2, 5)] == covered(text)


def test_a_comment_inside_a_statement_may_stand_alone() -> None:
    """A line of its own within the brackets speaks of the statement around it."""
    text = """\
        session.execute(
            # hermetic: allow[lost-write] the caller commits
            insert(Order),
        )
        """

    assert [("lost-write", 1, 4)] == covered(text)


def test_a_comment_above_covers_the_next_statement() -> None:
    """On a line of its own it speaks of what comes directly below, other comments between them or not."""
    text = """\
        # hermetic: allow[lost-write] the caller commits
        # and so it has been since 2019
        session.execute(
            insert(Order),
        )
        y = 1
        """

    assert [("lost-write", 3, 5)] == covered(text)


def test_a_comment_above_a_gap_covers_nothing() -> None:
    """An empty line separates."""
    assert [("lost-write", 1, 1)] == covered("# hermetic: allow[lost-write] why\n\nsession.add(x)\n")


@pytest.mark.parametrize(
    "head", ["with Session() as session:", "for x in y:", "if x:", "while x:", "def f():", "class A:", "async def f():"]
)
def test_a_block_is_covered_by_its_head_only(head: str) -> None:
    """A comment on `with`, `for` or `def` does not silence everything inside."""
    assert [("session-leak", 1, 1)] == covered(f"{head}  # hermetic: allow[session-leak] why\n    one()\n    two()\n")


def test_a_comment_that_leads_into_a_block_covers_its_first_statement() -> None:
    """Between the head of a block and its body, the comment stands above the body."""
    text = """\
        with Session() as session:
            # hermetic: allow[lost-write] why
            session.add(x)
            session.add(y)
        """

    assert [("lost-write", 3, 3)] == covered(text)


def test_a_head_over_several_lines_is_covered_with_its_decorators() -> None:
    """The head of a function reaches from its first decorator to its colon."""
    text = """\
        @router.get("/")
        def orders(
            session: Session,
        ) -> None:  # hermetic: allow[shared-session] why
            one()
        """

    assert [("shared-session", 1, 4)] == covered(text)


def test_a_comment_beside_else_covers_that_line() -> None:
    """Where no statement stands, the line itself is meant."""
    assert [("lost-write", 3, 3)] == covered("if x:\n    a()\nelse:  # hermetic: allow[lost-write] why\n    b()\n")


def test_match_and_try_have_heads_too() -> None:
    """Only `match x:` and `except E:` are covered, not their blocks."""
    text = """\
        match x:  # hermetic: allow[lost-write] why
            case 1:
                a()
        try:
            b()
        except E:  # hermetic: allow[lost-write] why
            c()
            d()
        """

    assert [("lost-write", 1, 1), ("lost-write", 6, 6)] == covered(text)


def test_several_hazards_are_joined_by_commas() -> None:
    """Slugs and codes may be mixed."""
    assert ["lost-write", "session-leak"] == [
        slug for slug, _, _ in covered("x = 1  # hermetic: allow[lost-write, HM101] why\n")
    ]


def test_a_whole_file_can_be_covered() -> None:
    """`allow-file` speaks of every line, wherever it stands."""
    assert [("n-plus-one", 1, 4)] == covered("x = 1\n# hermetic: allow-file[n-plus-one] three rows at most\ny = 2\n")


def test_a_string_is_no_comment() -> None:
    """Text that only looks like a comment covers nothing."""
    assert [] == read('x = "# hermetic: allow[lost-write] why"\n"""\n# hermetic: allow[lost-write] why\n"""\n')


def test_other_comments_on_the_line_do_not_disturb() -> None:
    """It stands beside what other tools want, before or after."""
    first = "x = 1  # noqa: E501  # hermetic: allow[lost-write] why\n"
    last = "x = 1  # hermetic: allow[lost-write] why  # noqa: E501\n"

    assert [("why", "lost-write")] * 2 == [
        (each.reason, each.slug) for text in (first, last) for each in read(text) if isinstance(each, Suppression)
    ]


def test_a_comment_without_a_reason_counts_and_is_told() -> None:
    """Silence is honoured, and the reason is asked for; another tool's comment is no reason."""
    for text in ("x = 1  # hermetic: allow[lost-write]\n", "x = 1  # hermetic: allow[lost-write] # noqa\n"):
        assert [("lost-write", 1, 1)] == covered(text)
        assert ["allow[lost-write] wants a reason; write it after the bracket"] == sentences(text)


@pytest.mark.parametrize(
    ("comment", "sentence"),
    [
        (
            "allow[lost-wrte] why",
            "no hazard is called 'lost-wrte', the nearest is 'lost-write'; `hermetic explain` lists",
        ),
        (
            "allow the caller commits",
            "`allow` names no hazard and covers nothing; write `# hermetic: allow[slug] reason`",
        ),
        ("allow[] why", "`allow` names no hazard and covers nothing; write `# hermetic: allow[slug] reason`"),
        (
            "ignore[lost-write] why",
            "`hermetic: ignore` is not known and covers nothing; write `# hermetic: allow[slug]",
        ),
    ],
)
def test_a_comment_that_covers_nothing_by_mistake_is_told(comment: str, sentence: str) -> None:
    """A wrong slug, no slug or a wrong word would be a false sense of safety."""
    text = f"x = 1  # hermetic: {comment}\n"

    assert [] == covered(text)
    assert [True] == [each.startswith(sentence) for each in sentences(text)]


def test_prose_about_the_project_is_left_alone() -> None:
    """A comment that merely names Hermetic is no instruction."""
    assert [] == read("x = 1  # hermetic: see the guide\n")


@pytest.mark.parametrize(
    ("comment", "slugs", "reason"),
    [
        ("noqa: HM203 the caller commits", ["lost-write"], "the caller commits"),
        ("noqa: E501, HM203, hm101: closed at exit", ["lost-write", "session-leak"], "closed at exit"),
        ("NOQA:HM203 HM101 - why", ["lost-write", "session-leak"], "why"),
        ("noqa: lost-write long-lived on purpose", ["lost-write"], "long-lived on purpose"),
        ("noqa: HM203 why  # noqa: E501", ["lost-write"], "why"),
    ],
)
def test_noqa_allows_what_it_names(comment: str, slugs: list[str], reason: str) -> None:
    """Whoever writes `noqa` for every tool may do so here, by code or slug, beside the codes of others."""
    found = [each for each in read(f"x = 1  # {comment}\n") if isinstance(each, Suppression)]

    assert slugs == [each.slug for each in found]
    assert {reason} == {each.reason for each in found}


@pytest.mark.parametrize("comment", ["noqa", "noqa: E501", "noqa: F401 hermetic is fine", "noqa: session handling"])
def test_a_noqa_that_names_no_hazard_covers_nothing(comment: str) -> None:
    """What was meant for another tool hides nothing here, and is no mistake."""
    assert [] == read(f"x = 1  # {comment}\n")


def test_noqa_wants_a_reason_and_a_hazard_that_exists() -> None:
    """As an allowance does."""
    assert ["noqa: HM203 wants a reason; write it after the code"] == sentences("x = 1  # noqa: HM203\n")
    assert ["no hazard is called 'HM999'"] == [
        each.partition(",")[0] for each in sentences("x = 1  # noqa: HM999 why\n")
    ]
