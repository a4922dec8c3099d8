"""One file per hazard: its docstring is its page, its logic reads the records of a session's life."""
