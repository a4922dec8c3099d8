"""Session safety for SQLAlchemy: what leaks from a session is found before it runs."""
