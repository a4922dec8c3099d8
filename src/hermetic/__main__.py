"""Lets `python -m hermetic` stand for the `hermetic` command."""

from ._cli import main

if __name__ == "__main__":
    main()
