"""The shop's tools for an assistant."""

from fastmcp import FastMCP
from sqlalchemy import select

from .customers import create_customer
from .database import SessionLocal
from .models import Customer, Product
from .schemas import CustomerCreate, CustomerRead

mcp = FastMCP("shop")
session = SessionLocal()


@mcp.tool()
def add_customer(name: str, email: str) -> dict[str, object]:
    """Add a customer to the shop."""
    customer = create_customer(CustomerCreate(name=name, email=email))
    return CustomerRead.model_validate(customer).model_dump()


@mcp.tool()
def find_product(title: str) -> list[dict[str, object]]:
    """Find products by a part of their title."""
    products = session.scalars(select(Product).where(Product.title.contains(title))).all()
    return [{"sku": product.sku, "title": product.title, "stock": product.stock} for product in products]


@mcp.tool()
def describe(sku: str) -> str:
    """Tell what a product is."""
    with SessionLocal() as db:
        product = db.scalars(select(Product).where(Product.sku == sku)).first()
    return product.description if product else "unknown"


@mcp.tool()
def rename_customer(customer_id: int, name: str) -> str:
    """Change a customer's name."""
    with SessionLocal() as db:
        customer = db.get(Customer, customer_id)
    if customer is None:
        return "unknown"
    customer.name = name
    return "renamed"


if __name__ == "__main__":
    mcp.run()
