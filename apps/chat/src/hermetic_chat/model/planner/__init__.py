"""The planner: chooses tools by their own descriptions and words an answer from what they return, without any model."""

from __future__ import annotations

from .planner import Planner

__all__ = ["Planner"]
