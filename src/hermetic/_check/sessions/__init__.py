"""What sessions, statements and their results do, said in records."""
