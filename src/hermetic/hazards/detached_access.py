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

## When it is fine
- A loaded column, read after a plain `with Session() as session:` that neither committed nor rolled back: nothing
  expired it, and it stays readable for ever.
- After a commit under `expire_on_commit=False`, or after `refresh()`: the columns are there again, not the relations.
- The relationship was loaded: by `joinedload`, `selectinload`, `lazy="selectin"` in the model, or read once before.
- The object was merged or added into an open session before the read.

## Known gaps
- Options built in a module that is not part of the check, or by a string name, are believed to load what is read.
- Reads by templates and serializers that Hermetic does not know are not seen.

## Sources
- SQLAlchemy, error code `bhk3`: "Parent instance <x> is not bound to a Session; (lazy load/deferred load/refresh/etc.)
  operation cannot proceed" (DetachedInstanceError).
- SQLAlchemy, "Relationship Loading Techniques"; "State Management": "Refreshing / Expiring".
"""

from __future__ import annotations

from .._catalogue import Hazard

hazard = Hazard(__name__, code="HM301", severity="error", since="0.1", seen_by=("check",), sqlalchemy_codes=("bhk3",))
