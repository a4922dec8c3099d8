"""What the API takes and gives."""

from decimal import Decimal

from pydantic import BaseModel, ConfigDict


class Schema(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class CustomerCreate(BaseModel):
    name: str
    email: str


class CustomerRead(Schema):
    id: int
    name: str
    email: str
    points: int


class OrderItemRead(Schema):
    id: int
    product_id: int
    quantity: int


class OrderRead(Schema):
    id: int
    status: str
    total: Decimal
    customer: CustomerRead
    items: list[OrderItemRead]


class OrderCreate(BaseModel):
    customer_id: int
    total: Decimal
