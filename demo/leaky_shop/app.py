"""The API's entry point."""

from fastapi import FastAPI

from . import orders_api, products_api
from .database import engine
from .models import Base

app = FastAPI(title="Leaky shop")
app.include_router(orders_api.router)
app.include_router(products_api.router)


@app.on_event("startup")
def create_tables() -> None:
    Base.metadata.create_all(engine)
