"""The demonstration: checks the leaky shop beside this file, then a package that people run in production."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
CACHE = HERE.parent / ".demo"
PACKAGE = "langflow-base"
VERSION = "1.13.0"
DOWNLOAD_LIMIT_S = 180
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


def real_package() -> Path | None:
    """The folder of the package's source, fetched once; None when the registry cannot be reached."""
    folder = CACHE / f"{PACKAGE}-{VERSION}"
    if not folder.exists():
        wheels = CACHE / "wheels"
        if not fetched(wheels):
            return None
        unpack(next(wheels.glob("*.whl")), folder)
    return folder / PACKAGE.partition("-")[0]


def fetched(wheels: Path) -> bool:
    """Download the package's wheel into a folder, without what it depends on; nothing of it is installed or run."""
    options = [
        "--quiet",
        "--disable-pip-version-check",
        "--no-deps",
        "--only-binary=:all:",
        "--retries=1",
        "--timeout=15",
    ]
    command = [sys.executable, "-m", "pip", "download", *options, f"--dest={wheels}", f"{PACKAGE}=={VERSION}"]
    try:
        return subprocess.run(command, capture_output=True, timeout=DOWNLOAD_LIMIT_S).returncode == 0
    except subprocess.TimeoutExpired:
        return False


def unpack(wheel: Path, folder: Path) -> None:
    """Unpack the wheel's Python files; the folder appears only when it is complete."""
    partial = folder.with_suffix(".partial")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(partial, [name for name in archive.namelist() if name.endswith((".py", ".pyi"))])
    partial.rename(folder)


def main() -> int:
    print("A small shop, wrong in the ways people are:")
    done = check(HERE / "leaky_shop")

    print(f"\nA real package, {PACKAGE} {VERSION} from PyPI:", flush=True)
    package = real_package()
    if package is None:
        print("PyPI could not be reached, so only the bundled shop was checked.")
    else:
        done = check(package, "--jobs=0") and done
    return 0 if done else 1


if __name__ == "__main__":
    sys.exit(main())
