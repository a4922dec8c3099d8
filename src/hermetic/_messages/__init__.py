"""Messages of SQLAlchemy, of drivers and of databases: what each means and what cures it, one page for each."""
