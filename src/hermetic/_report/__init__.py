"""What a check has to tell, in one format per file."""
