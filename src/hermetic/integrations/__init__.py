"""Hosts: one file for each framework, which gives what runs in it the scopes of a Database."""
