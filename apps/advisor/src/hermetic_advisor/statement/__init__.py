"""Bank statements: a CSV file, read as a whole before anything is kept of it."""
