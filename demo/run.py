"""The demonstration: checks the leaky shop beside this file, then a package that people run in production."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from demo.packages import PACKAGES, source_of

HERE = Path(__file__).resolve().parent
PACKAGE = "langflow-base"
CHECK_LIMIT_S = 900
FOUND_SOMETHING = 1


def check(folder: Path, *options: str) -> bool:
    """Check a folder as a user would, from its parent; False when the check itself failed."""
    print(f"\n$ hermetic check {' '.join([*options, folder.name])}\n", flush=True)
    command = [sys.executable, "-m", "hermetic", "check", *options, folder.name]
    try:
        return subprocess.run(command, cwd=folder.parent, timeout=CHECK_LIMIT_S).returncode <= FOUND_SOMETHING
    except subprocess.TimeoutExpired:
        print(f"The check of {folder.name} was stopped after {CHECK_LIMIT_S} seconds.", flush=True)
        return False


def main() -> int:
    print("A small shop, wrong in the ways people are:")
    done = check(HERE / "leaky_shop")

    print(f"\nA real package, {PACKAGE} {PACKAGES[PACKAGE][0]} from PyPI:", flush=True)
    package = source_of(PACKAGE)
    if package is None:
        print("PyPI could not be reached, so only the bundled shop was checked.")
    else:
        done = check(package, "--jobs=0") and done
    return 0 if done else 1


if __name__ == "__main__":
    sys.exit(main())
