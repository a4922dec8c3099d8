"""One session is within reach of two requests, threads or users at once.

## What it does
Reports the place where a session is made to outlive one piece of work (a module global, a class attribute, a default
argument, a cached function) when code that runs concurrently uses it, and the place where a session is handed to a
second thread, to a task or to a background job that outlives its owner.

## Why it hurts
A session is one transaction and one set of objects. Shared, every request sees the unsaved changes of the others: one
request's `commit()` stores what another was about to refuse, one `rollback()` throws away what another has just
written. Two threads inside it at the same moment break it outright (`IllegalStateChangeError`), but only sometimes.

## Example
```python
from fastapi import FastAPI, HTTPException

from shop import Customer, SessionLocal

app = FastAPI()
session = SessionLocal()


@app.post("/customers/{customer_id}/name")
def rename(customer_id: int, name: str) -> None:
    customer = session.get_one(Customer, customer_id)
    customer.name = name.strip()
    if not customer.name:
        raise HTTPException(422, "a customer needs a name")
    session.commit()


@app.post("/customers/{customer_id}/credit")
def grant(customer_id: int, amount: int) -> None:
    session.get_one(Customer, customer_id, with_for_update=True).credit += amount
    session.commit()
```

## Use instead
```python
from fastapi import FastAPI, HTTPException

from shop import Customer, SessionLocal

app = FastAPI()


@app.post("/customers/{customer_id}/name")
def rename(customer_id: int, name: str) -> None:
    with SessionLocal.begin() as session:
        customer = session.get_one(Customer, customer_id)
        customer.name = name.strip()
        if not customer.name:
            raise HTTPException(422, "a customer needs a name")


@app.post("/customers/{customer_id}/credit")
def grant(customer_id: int, amount: int) -> None:
    with SessionLocal.begin() as session:
        session.get_one(Customer, customer_id, with_for_update=True).credit += amount
```

## When it is fine
- A script, a command or a notebook with one thread and one user: its module-level session is as long as its life.
- A `scoped_session` or Flask-SQLAlchemy's `db.session`: the global name is a registry of one session per thread.
- A service or repository object that keeps the session it was given, made anew for each request.
- FastAPI's `BackgroundTasks` with a session from an ordinary `yield` dependency: since FastAPI 0.118 they run before
  the session is closed. Not so with `Depends(..., scope="function")`, `asyncio.create_task` or a thread.

## Known gaps
- Concurrency must be visible: a route, a tool, a thread, a task, a job. A global session that only a web server unknown
  to Hermetic reaches is missed.
- Of an instance handed to a thread, only a lazy load there is seen, not that two threads change it.
- A session that a worker keeps in its context when it starts (`ctx["session"]` of arq) is not followed to its jobs.
- While a program runs, threads are told when they are in the session at the same moment, requests when one follows another
  without a close: a hand-over from thread to thread is legal.

## Sources
- SQLAlchemy, "Session Basics": "Is the Session thread-safe? Is AsyncSession safe to share in concurrent tasks?"
- SQLAlchemy, error code `isce`: IllegalStateChangeError and concurrency exceptions.
- FastAPI, "Advanced Dependencies": exit code of dependencies with `yield`; release notes 0.118 and 0.121.
"""

from __future__ import annotations

from collections.abc import Iterator

from .._catalogue import Hazard, Moment, Sighting
from .._lifecycle.records import SessionOpened, SessionShared

hazard = Hazard(
    __name__, code="HM102", severity="error", since="0.1", seen_by=("check", "watch"), sqlalchemy_codes=("isce",)
)


_HOW = {
    "module": "is made once for the whole module: every caller works in the same transaction",
    "class": "is made once for the class: every instance works in the same transaction",
    "default-argument": "is a default argument: every call shares the one made when the function was defined",
    "cache": "is kept by a cache and handed to every caller",
    "singleton": "is kept on an object that serves every caller",
    "thread": "is handed to another thread",
    "task": "is handed to a task that outlives this scope",
    "background": "is handed to background work that runs after its scope ended",
    "request": "is kept beyond its request",
    "overlap": "is in use by two threads at once",
    "user-state": "is kept in the user's state from one run to the next",
}


@hazard.on(SessionShared)
def reached_by_two(moment: Moment) -> Iterator[Sighting]:
    """A session within reach of more than one thread, request or user."""
    record = moment.record
    assert isinstance(record, SessionShared)
    notes = moment.where.notes
    if record.how == "background" and "here" not in notes:
        return
    opened = next((r for r in moment.history() if isinstance(r, SessionOpened) and r.session == record.session), None)
    yield Sighting(
        message=f"the session {_HOW[record.how]}" + (f" ({record.what})" if record.what else ""),
        fix="open a session where it is used: with SessionLocal() as session: …",
        confidence="possible"
        if "quiet" in notes
        else "likely"
        if record.how in {"task", "thread", "singleton"}
        else "proven",
        story=(*(((opened, "opened"),) if opened else ()), (record, _HOW[record.how].partition(":")[0])),
    )
