"""Who looks at what, how much of it, and what is remembered."""
