"""A worker for `celery --app jobs worker`, whose tasks lie in a folder."""

from __future__ import annotations

import os
from pathlib import Path

import shop
from celery import Celery

FOLDER = Path(os.environ["JOBS"])

app = Celery(broker="filesystem://")
app.conf.broker_transport_options = {"data_folder_in": FOLDER, "data_folder_out": FOLDER, "polling_interval": 0.05}
app.conf.broker_connection_retry_on_startup = True


@app.task(name="names")
def names() -> None:
    """Who ordered, written where the sender looks."""
    (FOLDER / f"done-{os.getpid()}").write_text(", ".join(shop.names()), encoding="utf-8")


if __name__ == "__main__":
    names.delay()
