"""An update writes a whole form over the row, and with it the defaults of the fields that nobody filled in.

## What it does
Reports `setattr` over all of `form.model_dump()`, `update(…).values(**form.model_dump())`, `sqlmodel_update(form)` and
`session.merge(Order(**form.model_dump()))` when the form is one that may be filled in in part: that of a PATCH route, or
one whose every field has a default. A form with some defaults, elsewhere, is *possible*. For SQLModel also a `merge` of
an instance made from the given fields only: its class fills in the others.

## Why it hurts
A form that was sent with a new name and nothing else comes back from `model_dump()` with `credit=0` as well: the default
stands where the customer's money was. Nothing fails. `merge()` on a declarative class copies what was set on the instance
and keeps the rest; a SQLModel instance has every field set by its constructor, so that merging one writes them all.

## Example
```python
from pydantic import BaseModel

from shop import Customer, SessionLocal


class CustomerForm(BaseModel):
    name: str = ""
    email: str | None = None
    credit: int = 0


def change(customer_id: int, form: CustomerForm) -> None:
    with SessionLocal.begin() as session:
        customer = session.get_one(Customer, customer_id)
        for field, value in form.model_dump().items():
            setattr(customer, field, value)
```

## Use instead
```python
from pydantic import BaseModel

from shop import Customer, SessionLocal


class CustomerForm(BaseModel):
    name: str = ""
    email: str | None = None
    credit: int = 0


def change(customer_id: int, form: CustomerForm) -> None:
    with SessionLocal.begin() as session:
        customer = session.get_one(Customer, customer_id)
        for field, value in form.model_dump(exclude_unset=True).items():
            setattr(customer, field, value)
```

## When it is fine
- `exclude_unset=True`, `exclude_none=True`, `exclude_defaults=True` or `include=…` on the dump.
- A loop that looks at the value, or for the name in a set that the program made, before it writes; a function that reads
  `model_fields_set`.
- A PUT or POST route: it replaces the whole, defaults and all.
- A form whose fields are all required; a row that is only now made.
- `merge()` of a declarative instance that names what it changes: what it does not name is kept.

## Known gaps
- A dump that is rebuilt (`{**form.model_dump()}`, a comprehension) or handed to another function is not followed.
- Assignments field by field (`order.total = form.total`) are not judged, nor forms of msgspec, attrs or marshmallow.
- A SQLModel instance made field by field and merged writes the defaults of those that it does not name. Whether that is
  an upsert of the whole or a loss cannot be told from the call, and it is not reported.
- A MappedAsDataclass instance writes its defaults in `merge()` on SQLAlchemy 2.0, not on 2.1; it is not reported.

## Sources
- FastAPI, "Body - Updates": "Partial updates with PATCH", "Using Pydantic's exclude_unset parameter".
- SQLAlchemy, "Session Basics": "Merging": "attributes which are not present on the given instance are left alone".
- SQLModel, "Update Data with FastAPI": `model_dump(exclude_unset=True)` and `sqlmodel_update()`.
"""

from __future__ import annotations

from collections.abc import Iterator

from .._catalogue import Hazard, Moment, Sighting
from .._lifecycle.source import FieldsOverwritten

hazard = Hazard(__name__, code="HM206", severity="warning", since="0.1", seen_by=("check",))

_CURES = {
    "merge": "load the row and set what was given: sqlmodel_update(form.model_dump(exclude_unset=True)), or setattr in a loop",
    "sqlmodel_update": "give it what was filled in only: form.model_dump(exclude_unset=True)",
}


@hazard.on(FieldsOverwritten)
def written_over(moment: Moment) -> Iterator[Sighting]:
    """Defaults that nobody chose, over values that somebody did."""
    record = moment.record
    assert isinstance(record, FieldsOverwritten)
    target = moment.life.instances.get(record.instance) if record.instance is not None else None
    is_new = target is not None and target.status in {"transient", "pending"}
    if is_new or "via" in moment.where.notes:
        return
    columns = ", ".join(record.columns[:3]) + (", …" if len(record.columns) > 3 else "")
    yield Sighting(
        message=f"where nobody filled in {columns} of {record.form}, its default goes over the {record.entity}",
        fix=_CURES.get(record.how, "write what was filled in only: model_dump(exclude_unset=True)"),
        confidence="likely" if record.is_partial else "possible",
        story=((record, "every field is written, the unset ones with their defaults"),),
    )
