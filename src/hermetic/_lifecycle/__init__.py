"""What a SQLAlchemy session's life looks like and what the next step in it would do; standard library only."""
