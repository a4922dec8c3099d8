"""Exporters: what a watched program shows, in the terms of what you monitor with; each is a file that nobody imports but you."""
