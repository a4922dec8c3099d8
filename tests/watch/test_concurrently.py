"""What is watched changes while it is looked at: threads open sessions, and the collector of garbage takes them."""

from __future__ import annotations

import gc
import threading
from types import ModuleType

from sqlalchemy.orm import Session

from hermetic._watch import Watch


def test_sessions_are_collected_during_commits(shop: ModuleType, watch: Watch) -> None:
    """A commit looks through all sessions that live; some of them are collected as garbage meanwhile."""
    ended, thresholds = threading.Event(), gc.get_threshold()

    def litter() -> None:
        while not ended.is_set():
            forgotten = Session()
            forgotten.info["itself"] = forgotten

    thread = threading.Thread(target=litter)
    thread.start()
    gc.set_threshold(50)
    try:
        with shop.SessionLocal() as session:
            for price in range(100):
                session.get_one(shop.Product, 1).price = price
                session.commit()
    finally:
        gc.set_threshold(*thresholds)
        ended.set()
        thread.join()

    assert {} == watch.failures
