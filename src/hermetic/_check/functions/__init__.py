"""What a function of the project does to whoever calls it."""
