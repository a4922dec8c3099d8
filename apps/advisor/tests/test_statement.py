"""A bank's file, whatever is in it: every line is kept or told, and none is guessed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hermetic_advisor.categories import Category
from hermetic_advisor.statement.lines import LONGEST_LINE
from hermetic_advisor.statement.reading import MOST_LINES, MOST_PROBLEMS, read_statement

Csv = Callable[[str], bytes]


def told(data: bytes) -> list[tuple[int, str]]:
    """What is wrong with a file, by line."""
    return [(each.line, each.problem) for each in read_statement(data).problems]


def test_a_file_is_read(csv: Csv) -> None:
    """Dates, amounts and words, with a category that the words speak of."""
    reading = read_statement(csv("2026-10-01,-1120.00,Rent Lindenstraße\n02.10.2026,3450,Salary\n"))

    assert reading.is_clean
    assert [
        (date(2026, 10, 1), Decimal(-1120), Category.HOUSING, "Rent Lindenstraße"),
        (date(2026, 10, 2), Decimal(3450), Category.INCOME, "Salary"),
    ] == [(each.booked_on, each.amount, each.category, each.description) for each in reading.rows]


@pytest.mark.parametrize(
    "data",
    [
        "Buchungstag;Betrag;Verwendungszweck\n01.10.2026;-1.120,00;Miete\n".encode("cp1252"),
        "\ufeffBooking date\tAmount\tPayee\r\n2026-10-01\t-1120.00\tMiete\r\n".encode(),
        b'description,amount,date\n"Miete","-1,120.00",01/10/2026\n',
    ],
    ids=["german", "tabs with a mark", "quoted"],
)
def test_files_of_several_banks_are_read(data: bytes) -> None:
    """Whatever separates the cells, however days and amounts are written."""
    (row,) = read_statement(data).rows

    assert (date(2026, 10, 1), Decimal(-1120), "Miete") == (row.booked_on, row.amount, row.description)


def test_every_bad_line_is_told(csv: Csv) -> None:
    """With its number and the reason; the good ones between them do not count."""
    lines = "31.02.2026,1,x\n2026-10-01,-1,fine\n2026-10-01,1.234,x\n2026-10-01\n2026-10-01,0,x\n2026-10-01,1,\n"

    assert [
        (2, "'31.02.2026' is no date; write it like 2026-03-31 or 31.03.2026"),
        (4, "1.234 could be 1234 or 1.234; write 1234.00 if that is meant"),
        (5, "it has 1 cells, and the head asks for 3"),
        (6, "the amount is nothing"),
        (7, "description: String should have at least 1 character"),
    ] == told(csv(lines))


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "the file is empty"),
        (b"date,amount,description\n", "there is a head, and no line below it"),
        (
            b"when,what\n1,2\n",
            "the first line has to name the columns, and there is none for: date, amount, description",
        ),
        (b"PK\x03\x04\0\0", "this is no text file: it has zero bytes in it; save it as CSV"),
        (b"x" * (10 * 1024 * 1024 + 1), "the file has 10.0 MB; 10 are allowed"),
        (b"date,amount,description\n" * (MOST_LINES + 1), "the file has 50,001 lines; 50,000 are allowed"),
    ],
    ids=["empty", "head only", "no head", "a spreadsheet", "too large", "too long"],
)
def test_a_file_that_is_no_statement_is_told(data: bytes, problem: str) -> None:
    """In one sentence."""
    assert [problem] == [each for _, each in told(data)]


def test_a_formula_stays_text(csv: Csv) -> None:
    """A description that a spreadsheet would run gets an apostrophe before it, and is counted; an amount is refused."""
    formula = '=HYPERLINK("http://evil.example";"x")'.replace('"', '""')
    reading = read_statement(csv(f'2026-10-01,-1,"{formula}"\n2026-10-01,-1,@SUM(A1)\n2026-10-01,-1,plain\n'))

    assert ["'=", "'@", "pl"] == [each.description[:2] for each in reading.rows]
    assert 2 == reading.defused
    assert [(2, "'=1+1' is no amount; write it like -12.50")] == told(csv("2026-10-01,=1+1,x\n"))


def test_a_line_of_ten_megabytes_is_told(csv: Csv) -> None:
    """By its length and its beginning: the rest of the file is read."""
    (problem,) = read_statement(csv(f"2026-10-01,-1,{'x' * 9_000_000}\n2026-10-01,-1,fine\n")).problems

    assert (2, f"it has 9,000,014 characters; {LONGEST_LINE:,} are allowed", 81) == (
        problem.line,
        problem.problem,
        len(problem.text),
    )


def test_a_quote_that_stays_open_spoils_its_line_only(csv: Csv) -> None:
    """The lines after it are read."""
    lines = '2026-10-01,-1,"open\n2026-10-02,-1,fine\n'

    assert [(2, "a quotation mark is opened and not closed, or closed too early")] == told(csv(lines))


def test_signs_that_cannot_be_seen_are_told(csv: Csv) -> None:
    """And are shown as dots in the report."""
    (problem,) = read_statement(csv("2026-10-01,-1,pay \u202eelgoog\n")).problems

    assert "description: must be one line of text, without control characters" == problem.problem
    assert "2026-10-01,-1,pay ·elgoog" == problem.text


def test_a_report_has_an_end(csv: Csv) -> None:
    """A file with the wrong columns has as many problems as lines; the first ones do."""
    assert MOST_PROBLEMS == len(told(csv("no,no,no\n" * 5000)))


def test_progress_ends_at_one(csv: Csv) -> None:
    """It is told in steps, and grows."""
    shares: list[float] = []
    read_statement(csv("2026-10-01,-1,x\n" * 1000), shares.append)

    assert sorted(shares) == shares
    assert (50, 1.0) == (len(shares), shares[-1])


def test_a_line_is_known_again_in_another_file(csv: Csv) -> None:
    """Wherever it stands; the second of two equal lines is another than the first."""
    line, other = "2026-10-01,-3.20,Corner bakery\n", "2026-10-02,-1,x\n"
    first, second = read_statement(csv(line + line)), read_statement(csv(other + line + line))

    assert [each.fingerprint for each in first.rows] == [each.fingerprint for each in second.rows[1:]]
    assert 2 == len({each.fingerprint for each in first.rows})


@given(
    st.one_of(
        st.binary(max_size=400),
        st.text(max_size=400).map(lambda text: f"date,amount,description\n{text}".encode("utf-8", "replace")),
    )
)
def test_whatever_a_file_holds_it_is_read_or_told(data: bytes) -> None:
    """Nothing but a reading comes out: clean with rows, or with problems."""
    reading = read_statement(data)

    assert reading.is_clean == (not reading.problems)
