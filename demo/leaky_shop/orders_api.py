"""Orders over HTTP."""

import asyncio

import httpx
from fastapi import APIRouter, Depends, HTTPException
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from .database import SessionLocal, async_db, db_dependency
from .models import Customer, Order
from .schemas import OrderCreate, OrderRead

router = APIRouter(prefix="/orders")

PAYMENTS = "https://payments.example.com/charge"


@router.get("/")
def list_orders(db: Session = Depends(db_dependency)) -> list[dict[str, object]]:
    orders = db.scalars(select(Order).order_by(Order.id.desc())).all()
    return [{"id": order.id, "customer": order.customer.name, "total": order.total} for order in orders]


@router.get("/summary")
async def summary(db: AsyncSession = Depends(async_db)) -> dict[str, int | None]:
    orders, customers = await asyncio.gather(
        db.scalar(select(func.count()).select_from(Order)),
        db.scalar(select(func.count()).select_from(Customer)),
    )
    return {"orders": orders, "customers": customers}


@router.get("/{order_id}", response_model=OrderRead)
async def read_order(order_id: int, db: AsyncSession = Depends(async_db)) -> Order:
    order = await db.get(Order, order_id)
    if order is None:
        raise HTTPException(404)
    return order


@router.post("/", status_code=201)
async def create_order(data: OrderCreate, db: AsyncSession = Depends(async_db)) -> dict[str, object]:
    order = Order(**data.model_dump())
    db.add(order)
    await db.commit()
    return {"id": order.id, "status": order.status}


@router.post("/{order_id}/checkout")
async def checkout(order_id: int, db: AsyncSession = Depends(async_db)) -> dict[str, str]:
    order = await db.get(Order, order_id)
    if order is None:
        raise HTTPException(404)

    async with httpx.AsyncClient() as client:
        response = await client.post(PAYMENTS, json={"order": order.id, "amount": str(order.total)})
        response.raise_for_status()

    if order.status == "pending":
        order.status = "paid"
        await db.commit()
    return {"result": "ok"}


@router.post("/{order_id}/cancel")
async def cancel(order_id: int) -> dict[str, str]:
    with SessionLocal() as db:
        order = db.get(Order, order_id)
        if order is None:
            raise HTTPException(404)
        order.status = "cancelled"
        db.commit()
    return {"result": "ok"}


@router.get("/{order_id}/status")
async def status(order_id: int) -> dict[str, str]:
    async with AsyncSession() as db:
        order = await db.get(Order, order_id)
        if order is None:
            raise HTTPException(404)
        return {"status": order.status}
