"""What a call of something from outside does."""
