"""A site for `flask --app pages run` and `gunicorn pages:app`."""

from __future__ import annotations

import os

import shop
from flask import Flask, jsonify
from flask.wrappers import Response

app = Flask(__name__)


@app.get("/names")
def names() -> Response:
    """Who ordered, and last the process that answers."""
    return jsonify([*shop.names(), str(os.getpid())])
