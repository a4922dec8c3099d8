"""A service for `uvicorn api:app`."""

from __future__ import annotations

import os

import shop
from fastapi import FastAPI

app = FastAPI()


@app.get("/names")
def names() -> list[str]:
    """Who ordered; in the header's stead, the process that answers comes last."""
    return [*shop.names(), str(os.getpid())]
