"""What a new database starts with: a team, what it has to do, and what it wrote about it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from sqlmodel import Session, select

from .models import Author, Post, Priority, Status, Task
from .sessions import Db

FIRST_DAY = datetime(2026, 10, 5, 8, 30, tzinfo=UTC)

AUTHORS = [
    ("Amara Okafor", "amara@example.org"),
    ("Jonas Lindqvist", "jonas@example.org"),
    ("Mei Tanaka", "mei@example.org"),
    ("Rafael Costa", "rafael@example.org"),
    ("Ingrid Vogel", "ingrid@example.org"),
]

# Title, status, priority, the owner's place in the list above or none, days until it is due or none.
TASKS: list[tuple[str, Status, Priority, int | None, int | None]] = [
    ("Renew the certificate of the payment gateway", "todo", "high", 1, 58),
    ("Write the runbook for a failed nightly import", "in_progress", "medium", 0, 40),
    ("Answer the auditors' questions on access rights", "in_progress", "high", 4, 35),
    ("Move the image thumbnails to the new bucket", "done", "low", 3, None),
    ("Measure the search page on a slow phone", "todo", "medium", 2, 61),
    ("Replace the date picker that screen readers cannot use", "todo", "high", 2, 47),
    ("Agree on names for the events of the checkout", "done", "medium", 0, 12),
    ("Delete accounts that were closed a year ago", "todo", "medium", 4, 75),
    ("Try the restore of last week's backup", "done", "high", 1, 14),
    ("Order chairs for the new room", "done", "low", None, 9),
    ("Explain the invoice to people who read it in Portuguese", "in_progress", "medium", 3, 52),
    ("Find out why the queue grows on Mondays", "in_progress", "high", 1, 33),
    ("Show the delivery date before the payment", "todo", "high", 2, 49),
    ("Upgrade the database of the staging system", "done", "medium", 1, 20),
    ("Collect the wishes for the winter release", "todo", "low", 0, 66),
    ("Remove the feature flag of the old basket", "todo", "low", 3, None),
    ("Ask the warehouse about partial deliveries", "in_progress", "medium", 4, 38),
    ("Translate the error messages of the sign-up", "done", "medium", 3, 24),
    ("Draw the flow of a refund for the help pages", "todo", "low", 2, 70),
    ("Check which reports nobody has opened this year", "todo", "low", None, None),
    ("Limit the log-in attempts from one address", "done", "high", 1, 18),
    ("Plan the talk for the user group", "in_progress", "low", 0, 63),
    ("Compare the prices of the two text message services", "todo", "medium", 4, 55),
    ("Give the on-call phone a second battery", "done", "low", None, 16),
]

POSTS = [
    (
        "What we learned from the failed import",
        "The file was fine, the clock was not. From now on both are checked.",
        0,
    ),
    (
        "Backups are only as good as the last restore",
        "We restored one. It took nineteen minutes, of which twelve were coffee.",
        1,
    ),
    ("A date picker for everybody", "Three keyboards, two screen readers and one very patient colleague.", 2),
    (
        "Why the queue grows on Mondays",
        "Because the weekend's orders come at once. A picture of it, and what we try next.",
        1,
    ),
    ("Words for an invoice", "Fatura, nota, recibo: which one people expect, and where.", 3),
    ("How we give tasks away", "By talking first, and by changing the owner afterwards.", 4),
]


def seed(db: Db) -> None:
    """Fill a database that has no authors yet; does nothing to any other."""
    with db.begin() as session:
        if session.exec(select(Author.id).limit(1)).first() is None:
            fill(session)


def fill(session: Session) -> None:
    """Write all of it."""
    authors = [Author(name=name, email=email) for name, email in AUTHORS]
    session.add_all(authors)
    session.flush()
    for number, (title, status, priority, owner, days) in enumerate(TASKS):
        made = FIRST_DAY + timedelta(hours=7 * number)
        session.add(
            Task(
                title=title,
                status=status,
                priority=priority,
                due=None if days is None else date(2026, 10, 26) + timedelta(days=days),
                owner_id=None if owner is None else authors[owner].id,
                created_at=made,
                updated_at=made,
            )
        )
    for number, (title, body, owner) in enumerate(POSTS):
        session.add(
            Post(title=title, body=body, author_id=authors[owner].id, created_at=FIRST_DAY + timedelta(days=2 * number))
        )
