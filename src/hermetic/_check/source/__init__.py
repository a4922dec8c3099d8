"""Files as text: which there are, and what one holds."""
