"""Walks a function path by path."""
