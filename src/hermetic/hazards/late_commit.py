"""The commit comes after somebody was told that the work is done.

## What it does
Reports work that waits for its commit while the news of it has already left: a FastAPI dependency that commits after
its `yield`, an ASGI middleware that commits after `await self.app(scope, receive, send)`, a task, message or mail sent
between a change and its commit, a job that is acknowledged before the commit.

## Why it hurts
FastAPI sends the response first and lets a `yield` dependency go on afterwards. When that commit fails (a deferred
constraint, a serialization failure, a lost connection) the client has its `200` and the row is gone. When it succeeds
the client may still be faster: its next request does not find what it was promised. A worker that starts at once asks
for a row that no other transaction can see yet, and an acknowledged job whose commit fails is never done again.

## Example
```python
from collections.abc import Iterator
from typing import Annotated

from fastapi import Depends, FastAPI
from sqlalchemy.orm import Session

from shop import Customer, SessionLocal

app = FastAPI()


def get_db() -> Iterator[Session]:
    with SessionLocal() as session:
        yield session
        session.commit()


@app.post("/customers")
def register(name: str, email: str, session: Annotated[Session, Depends(get_db)]) -> str:
    session.add(Customer(name=name, email=email))
    return "welcome"
```

## Use instead
```python
from collections.abc import Iterator
from typing import Annotated

from fastapi import Depends, FastAPI
from sqlalchemy.orm import Session

from shop import Customer, SessionLocal

app = FastAPI()


def get_db() -> Iterator[Session]:
    with SessionLocal() as session:
        yield session
        session.commit()


@app.post("/customers")
def register(name: str, email: str, session: Annotated[Session, Depends(get_db, scope="function")]) -> str:
    session.add(Customer(name=name, email=email))
    return "welcome"
```

## When it is fine
- `Depends(get_db, scope="function")` (FastAPI 0.121): the dependency ends before the response is sent, also under an
  alias, and whatever else the endpoint depends on.
- The endpoint commits before it returns; what the dependency commits after it is empty.
- A middleware of the form `call_next(request)`: the response it got has not left yet. So is a commit in Flask's teardown.
- The news is stored with the work: an outbox table, read by a sender of its own after the commit.
- The task is queued in the same database, by the same transaction.
- A job that may be lost but must never run twice is acknowledged first on purpose.

## Known gaps
- FastAPI 0.106 to 0.117 ended dependencies before the response was sent: the version in use is not looked up.
- A dependency that gets its session from another dependency is not followed into that one.
- Which calls tell somebody is known by name: `delay`, `apply_async`, `send_task`, `enqueue`, `publish`, `send_mail`,
  `ack` and their like. An HTTP call to another service, or a websocket, is not counted.
- Whether a task, a message or a mail speaks of what was changed is not known: it is taken to.

## Sources
- FastAPI, "Dependencies with yield": "Early exit and scope", "Dependencies with yield and StreamingResponse"
  (0.118.0), `scope` of `Depends` (0.121.0).
- Celery, "Tasks": "Database transactions".
- SQLAlchemy, "Session Basics": "Committing".
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .._catalogue import Hazard, Moment, Sighting
from .._lifecycle.records import (
    Announced,
    Committed,
    Executed,
    Key,
    Record,
    RolledBack,
    SessionOpened,
)

hazard = Hazard(__name__, code="HM204", severity="warning", since="0.1", seen_by=("check", "watch"))


_TOLD = {
    "response": "the response was sent",
    "task": "the task was queued",
    "message": "the message was sent",
    "mail": "the mail was sent",
    "acknowledgement": "the job was acknowledged",
}
_FIXES = {
    "response": 'Depends(…, scope="function"), or commit in the endpoint',
    "task": "commit first, then queue the task",
    "message": "commit first, then send; or store the message in the same transaction and send it after the commit",
    "mail": "commit first, then send the mail",
    "acknowledgement": "commit first, then acknowledge",
}


@hazard.on(Committed)
def told_before_the_commit(moment: Moment) -> Iterator[Sighting]:
    """A commit of work of which somebody was told between the work and the commit."""
    record, session = moment.record, moment.session
    assert isinstance(record, Committed)
    if session is None or record.nested or record.fails or session.phase in {"failed", "closed"}:
        return
    open_work = _transaction(moment.history(), record.session)
    index = next((index for index, known in enumerate(open_work) if isinstance(known, Announced)), None)
    if index is None:
        return
    told = open_work[index]
    assert isinstance(told, Announced)
    written = [known for known in open_work[:index] if _succeeded(known) and moment.leaves_work(known, record.session)]
    if not written and not _is_lent(moment, told, record.session):
        return
    yield Sighting(
        message=f"{_TOLD[told.how]} before the commit: a failure of it reaches nobody, and until it others do not see the work",
        fix=_FIXES[told.how],
        confidence="likely",
        story=(
            *(((written[-1], "changed"),) if written else ()),
            (told, _TOLD[told.how]),
            (record, "committed only now"),
        ),
        at=told,
    )


def _transaction(history: Sequence[Record], session: Key) -> Sequence[Record]:
    """What happened since the transaction at the end of a history began."""
    for index in range(len(history) - 1, -1, -1):
        record = history[index]
        is_end = isinstance(record, (Committed, RolledBack)) and not record.nested
        if (is_end or isinstance(record, SessionOpened)) and getattr(record, "session", None) == session:
            return history[index + 1 :]
    return history


def _is_lent(moment: Moment, told: Announced, session: Key) -> bool:
    """Whether a middleware opened the session for the application that it let answer: what that wrote is not seen."""
    opened = moment.last_in(session, SessionOpened)
    return told.how == "response" and told.what.endswith("app") and opened is not None and not opened.received


def _succeeded(record: Record) -> bool:
    return not (isinstance(record, Executed) and record.fails)
