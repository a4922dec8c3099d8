"""Exactly what a DTO names, in a fixed number of queries: the room behind `hermetic.fetch`."""
