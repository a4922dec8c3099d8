"""Source distributions from PyPI, which hold the tests that wheels leave out."""

from __future__ import annotations

import tarfile
from pathlib import Path
from tempfile import TemporaryDirectory

from demo.packages import CACHE, downloaded


def fetched(project: str, release: str, cache: Path = CACHE) -> Path | None:
    """The unpacked source distribution of a release, fetched once; None when it cannot be."""
    folder = cache / f"{project.lower()}-{release}-sdist"
    if folder.exists():
        return folder
    downloads = cache / "sdists"
    if not downloaded(project, release, downloads, f"--no-binary={project}"):
        return None
    name = f"{project.lower().replace('-', '_')}-{release}"
    with TemporaryDirectory(dir=cache) as partial, tarfile.open(downloads / f"{name}.tar.gz") as archive:
        archive.extractall(partial, filter="data")
        Path(partial, name).rename(folder)
    return folder
