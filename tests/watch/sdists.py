"""Source distributions from PyPI, which hold the tests that wheels leave out."""

from __future__ import annotations

import subprocess
import sys
import tarfile
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.watch.running import ROOT

CACHE = ROOT / ".demo"
DOWNLOAD_LIMIT_S = 300
OPTIONS = ("--quiet", "--disable-pip-version-check", "--no-deps", "--retries=1", "--timeout=15")


def fetched(project: str, release: str, cache: Path = CACHE) -> Path | None:
    """The unpacked source distribution of a release, fetched once; None when it cannot be."""
    folder = cache / f"{project.lower()}-{release}-sdist"
    if folder.exists():
        return folder
    downloads = cache / "sdists"
    options = [*OPTIONS, f"--no-binary={project}", f"--dest={downloads}"]
    command = [sys.executable, "-m", "pip", "download", *options, f"{project}=={release}"]
    try:
        if subprocess.run(command, capture_output=True, timeout=DOWNLOAD_LIMIT_S).returncode:
            return None
    except subprocess.TimeoutExpired:
        return None
    name = f"{project.lower().replace('-', '_')}-{release}"
    with TemporaryDirectory(dir=cache) as partial, tarfile.open(downloads / f"{name}.tar.gz") as archive:
        archive.extractall(partial, filter="data")
        Path(partial, name).rename(folder)
    return folder
