"""What the staff does: orders taken by telephone, lists for the packers, promotions."""

from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session, contains_eager, joinedload

from .database import SessionLocal
from .models import AuditLog, Order, OrderItem, User


def log_action(user_id: int, action: str, session: Session | None = None) -> None:
    if session is not None:
        session.add(AuditLog(user_id=user_id, action=action))
        return
    with SessionLocal() as own:
        own.add(AuditLog(user_id=user_id, action=action))
        own.commit()


def hire(username: str, full_name: str) -> None:
    with SessionLocal() as session:
        user = User(username=username, full_name=full_name, role="staff", password_hash="")
        session.add(user)
        session.flush()
        log_action(user.id, "hired")
        session.commit()


def take_order(customer_id: int, total: Decimal) -> None:
    for _attempt in range(3):
        with SessionLocal() as session:
            try:
                session.add(Order(customer_id=customer_id, total=total))
                session.commit()
                return
            except OperationalError:
                session.rollback()


def packing_list() -> list[str]:
    with SessionLocal() as session:
        orders = session.scalars(select(Order).options(joinedload(Order.items)).order_by(Order.id)).all()
        return [f"{order.id}: {len(order.items)} items" for order in orders]


def drop_singles(order_id: int) -> None:
    with SessionLocal() as session:
        order = session.scalars(
            select(Order)
            .join(Order.items)
            .options(contains_eager(Order.items))
            .where(Order.id == order_id, OrderItem.quantity > 1)
        ).unique().one()
        order.items = [item for item in order.items if item.quantity > 1]
        session.commit()
