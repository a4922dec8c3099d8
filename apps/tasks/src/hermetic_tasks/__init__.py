"""A tasks API: FastAPI and SQLModel on Hermetic."""
