"""Prints the plan of a projection by the interpreter of a project: the one thing here that runs the project's code."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from ..errors import BadConfig

PATIENCE_S = 60
_NAME = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_][\w.]*")
_PLAN = """\
import importlib, operator, sys
sys.path[:0] = [path for path in ("src", ".")]
sys.path.append(sys.argv[1])
from hermetic import plan
def named(name):
    module, _, what = name.partition(":")
    return operator.attrgetter(what)(importlib.import_module(module))
sys.stdout.write(plan(named(sys.argv[2]), named(sys.argv[3])))
"""


def interpreter(folder: Path, given: Path | None) -> Path:
    """The Python of a project: the one that was given, else that of its virtual environment, else this one."""
    usual = (folder / ".venv" / "bin" / "python", folder / ".venv" / "Scripts" / "python.exe")
    return given or next((each for each in usual if each.exists()), Path(sys.executable))


def plan(folder: Path, python: Path, dto: str, entity: str) -> str:
    """What `hermetic.plan` says of two classes, each given as `module:Class`; raises BadConfig when that fails."""
    for name in (dto, entity):
        if not _NAME.fullmatch(name):
            raise BadConfig(f"{name!r} is no class; name it as module:Class")
    ours = str(Path(__file__).resolve().parents[2])
    try:
        done = subprocess.run(
            [str(python), "-c", _PLAN, ours, dto, entity],
            cwd=folder, env={**os.environ, "PYTHONIOENCODING": "utf-8"}, capture_output=True, text=True, encoding="utf-8",
            stdin=subprocess.DEVNULL, timeout=PATIENCE_S, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise BadConfig(f"importing {dto} and {entity} took longer than {PATIENCE_S} seconds") from None
    except OSError as error:
        raise BadConfig(f"{python} cannot be started ({error.strerror}); name another with --python") from None
    if done.returncode:
        raise BadConfig(
            done.stderr.strip().splitlines()[-1] if done.stderr.strip() else f"{python} ended with {done.returncode}"
        )
    return done.stdout
