"""Scopes: blocks of work with a session in which the hazards of the catalogue cannot happen."""
