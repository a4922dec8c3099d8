"""Errors of SQLAlchemy that explain themselves: `import hermetic.explain`, and nothing else.

    sqlalchemy.orm.exc.DetachedInstanceError: Parent instance <Order at 0x7f…> is not bound to a Session; …
    hermetic: order.customer is read after its session closed
      orders.py:34: order = session.scalars(select(Order)).first()  (loaded without `customer`)
      orders.py:38: with Session(engine) as session:  (closed)
      orders.py:41: send(order.customer.email)  (needs a SELECT, no session left)
      fix: select(Order).options(joinedload(Order.customer)), or read it inside the session

The type and the text of an error stay as they are: what is known stands below it, as notes (PEP 678), wherever it is
printed or logged with its traceback. A program that is watched, by `hermetic run` or `hermetic.watch()`, has them too.
"""

from __future__ import annotations

from ._watch import explain, explain_no_more

__all__ = ["off"]

explain()


def off() -> None:
    """Leave SQLAlchemy's errors alone again."""
    explain_no_more()
