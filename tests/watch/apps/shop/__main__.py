"""`python -m shop`."""

from __future__ import annotations

from shop import forget, names

print(*names(), sep=", ")
forget()
