"""What only the whole program shows."""
