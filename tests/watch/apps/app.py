"""`python app.py`."""

from __future__ import annotations

import sys

from shop import forget, names

print(*names(), sep=", ")
forget()
sys.exit(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
