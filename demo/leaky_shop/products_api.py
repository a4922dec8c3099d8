"""Products over HTTP, for those who sell and those who keep the stock."""

from collections.abc import Iterator
from decimal import Decimal

from fastapi import APIRouter, Depends, HTTPException
from pydantic import BaseModel
from sqlalchemy import select
from sqlalchemy.orm import Session

from .database import SessionLocal, db_dependency
from .models import Product

router = APIRouter(prefix="/products")


class ProductPatch(BaseModel):
    title: str | None = None
    price: Decimal | None = None
    stock: int | None = None


def unit_of_work() -> Iterator[Session]:
    with SessionLocal() as db:
        yield db
        db.commit()


@router.get("/")
def list_products(skip: int = 0, limit: int = 20, db: Session = Depends(db_dependency)) -> list[dict[str, object]]:
    products = db.scalars(select(Product).offset(skip).limit(limit)).all()
    return [{"sku": product.sku, "title": product.title} for product in products]


@router.patch("/{sku}")
def change_product(sku: str, patch: ProductPatch, db: Session = Depends(db_dependency)) -> dict[str, str]:
    product = db.scalars(select(Product).where(Product.sku == sku)).first()
    if product is None:
        raise HTTPException(404)
    for name, value in patch.model_dump().items():
        setattr(product, name, value)
    db.commit()
    return {"result": "ok"}


@router.delete("/{sku}")
def remove_product(sku: str, db: Session = Depends(unit_of_work)) -> dict[str, str]:
    product = db.scalars(select(Product).where(Product.sku == sku)).first()
    if product is None:
        raise HTTPException(404)
    db.delete(product)
    return {"result": "removed"}
