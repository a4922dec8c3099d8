"""What everything that is put on SQLAlchemy has at hand."""

from __future__ import annotations

from dataclasses import dataclass

from ..judge import Judge
from ..observer import Observer
from ..points import Points


@dataclass(frozen=True, slots=True)
class Means:
    """Who remembers, who weighs, and what the hooks of a watch are put on."""

    observer: Observer
    judge: Judge
    points: Points


class Hooks:
    """Wrappers and listeners that are put on together."""

    def __init__(self, means: Means) -> None:
        self.observer = means.observer
        self.judge = means.judge
        self.points = means.points
