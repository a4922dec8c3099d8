"""An attribute that was never loaded, or has expired, is read after its session is gone.

## What it does
Knows for every mapped object what its query loaded, what a commit or rollback expired, and when its session closed or
let go of it. A read of a relationship, of a deferred column or of an expired attribute after that is reported, also
when it happens in a property, a helper or a template that the object was handed to.

## Why it hurts
The attribute needs a SELECT and there is nobody left to send it: `DetachedInstanceError: Parent instance <Order> is not
bound to a Session; lazy load operation of attribute 'customer' cannot proceed`. It depends on what happened to be
loaded before, so the code works in one place (the object was in the identity map, the attribute was touched in a log
line) and fails in the next.

## Example
```python
from shop import Order, SessionLocal


def greeting(order_id: int) -> str:
    with SessionLocal() as session:
        order = session.get_one(Order, order_id)
    return f"Dear {order.customer.name}, order {order.id} is on its way."
```

## Use instead
```python
from sqlalchemy.orm import joinedload

from shop import Order, SessionLocal


def greeting(order_id: int) -> str:
    with SessionLocal() as session:
        order = session.get_one(Order, order_id, options=[joinedload(Order.customer)])
    return f"Dear {order.customer.name}, order {order.id} is on its way."
```

## Automatic fix
`--fix --unsafe`: the loader option on the query, with its import, where the query is in sight and names the class.

## When it is fine
- A loaded column, read after a plain `with Session() as session:` that neither committed nor rolled back: nothing
  expired it, and it stays readable for ever.
- After a commit under `expire_on_commit=False`, or after `refresh()`: the columns are there again, not the relations.
- The relationship was loaded: by `joinedload`, `selectinload`, `lazy="selectin"` in the model, or read once before.
- The object was merged or added into an open session before the read.

## Known gaps
- Options built in a module that is not part of the check, or by a string name, are believed to load what is read.
- What an `ExitStack` enters inside a branch or a loop, or by a name that is not its block's, is taken to live on.
- A stream or a background task is followed where its response or its `add_task` stands in the function that has the
  session; the members of a generator expression are read where it is written.
- A template is read with jinja2 (`pip install 'hermetic[templates]'`), where the call names it and it lies in a folder
  called after templates. Filters and functions that the program adds to Jinja, a context that is put together elsewhere and
  text given to `render_template_string` are not followed. What one rendering reads too late is told one read at a time.
- Reads by templates of other engines, and by serializers that Hermetic does not know, are not seen.

## Sources
- SQLAlchemy, error code `bhk3`: "Parent instance <x> is not bound to a Session; (lazy load/deferred load/refresh/etc.)
  operation cannot proceed" (DetachedInstanceError).
- SQLAlchemy, "Relationship Loading Techniques"; "State Management": "Refreshing / Expiring".
"""

from __future__ import annotations

from collections.abc import Iterator

from .._catalogue import Hazard, Moment, Remedy, Sighting
from .._lifecycle.instance import InstanceState
from .._lifecycle.records import (
    AttributeRead,
    Committed,
    Expunged,
    InstanceCreated,
    InstanceLoaded,
    Key,
    Record,
    RolledBack,
    SessionClosed,
)
from .._lifecycle.schema import Relation

hazard = Hazard(
    __name__, code="HM301", severity="error", since="0.1", seen_by=("check", "watch"), sqlalchemy_codes=("bhk3",)
)


@hazard.on(AttributeRead)
def read_after_the_session(moment: Moment) -> Iterator[Sighting]:
    """A read that needs a SELECT, of an instance that has no session any more."""
    record, instance = moment.record, moment.instance
    assert isinstance(record, AttributeRead)
    if moment.outcome.code != "bhk3" or instance is None or "response" in moment.where.notes:
        return
    history = moment.history()
    loaded = moment.last_of(record.instance, InstanceLoaded, InstanceCreated)
    closed = next((r for r in reversed(history) if _detaches(r, instance.last_session, record.instance)), None)
    expired = moment.last_in(instance.last_session, Committed, RolledBack)
    is_expired = moment.outcome.because == "expired"
    story: list[tuple[Record, str]] = []
    if loaded is not None:
        story.append((loaded, f"loaded without `{record.attribute}`" if not is_expired else "loaded"))
    if is_expired and expired is not None:
        story.append(
            (expired, "expired by the commit" if isinstance(expired, Committed) else "expired by the rollback")
        )
    if closed is not None:
        story.append((closed, "closed" if isinstance(closed, SessionClosed) else "expunged"))
    yield Sighting(
        message=f"{moment.text(record.site)} is read after its session {'closed' if isinstance(closed, SessionClosed) else 'let it go'}",
        fix=_fix(moment, instance, record.attribute, is_expired),
        confidence="proven",
        story=(*story, (record, "needs a SELECT, no session left")),
        remedy=None if is_expired else _remedy(loaded, instance, record.attribute),
    )


def _detaches(record: Record, session: Key | None, instance: Key) -> bool:
    if isinstance(record, Expunged):
        return record.instance in {None, instance} and record.session == session
    return isinstance(record, SessionClosed) and record.session == session


def _fix(moment: Moment, instance: InstanceState, attribute: str, is_expired: bool) -> str:
    model = instance.mapping.name.rpartition(".")[2]
    relation = instance.mapping.relations.get(attribute)
    if relation is None:
        if is_expired:
            return "read it inside the session, or make the sessionmaker with expire_on_commit=False"
        return f"select({model}).options(undefer({model}.{attribute})), or read it inside the session"
    loader = _loader(relation)
    return f"select({model}).options({loader}({model}.{attribute})), or read it inside the session"


def _remedy(loaded: Record | None, instance: InstanceState, attribute: str) -> Remedy | None:
    """The loader option on the query that brought the instance."""
    if not isinstance(loaded, InstanceLoaded):
        return None
    loader = _loader(instance.mapping.relations.get(attribute))
    return Remedy("loader-option", (loaded,), (loader, instance.mapping.name.rpartition(".")[2], attribute))


def _loader(relation: Relation | None) -> str:
    if relation is None:
        return "undefer"
    return "selectinload" if relation.many else "joinedload"
