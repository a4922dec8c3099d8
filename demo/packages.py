"""Real packages from PyPI, fetched once for whoever looks at them: the demonstration, the benchmarks, the tests."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

CACHE = Path(__file__).resolve().parents[1] / ".demo"
DOWNLOAD_LIMIT_S = 300
OPTIONS = ("--quiet", "--disable-pip-version-check", "--no-deps", "--retries=1", "--timeout=15")
PACKAGES = {
    "apache-airflow-core": ("3.3.2", "airflow"),
    "arize-phoenix": ("20.26.1", "phoenix"),
    "langflow-base": ("1.13.0", "langflow"),
    "apache-superset": ("6.1.0", "superset"),
    "zenml": ("0.98.0", "zenml"),
    "mlflow": ("3.18.0", "mlflow"),
}
"""The six development corpora: by project, the version and the package inside."""


def source_of(project: str) -> Path | None:
    """The folder of a package's source; None when it cannot be fetched. Nothing of it is installed or run."""
    version, package = PACKAGES[project]
    folder = CACHE / f"{project}-{version}"
    if not folder.exists() and not _fetched(project, version, folder):
        return None
    return folder / package


def downloaded(project: str, version: str, folder: Path, *options: str) -> bool:
    """Put a release as PyPI has it into a folder, without what it depends on; whether that could be done."""
    command = [sys.executable, "-m", "pip", "download", *OPTIONS, *options, f"--dest={folder}", f"{project}=={version}"]
    try:
        return subprocess.run(command, capture_output=True, timeout=DOWNLOAD_LIMIT_S).returncode == 0
    except subprocess.TimeoutExpired:
        return False


def _fetched(project: str, version: str, folder: Path) -> bool:
    """Download a wheel and unpack its Python files; the folder appears only when it is complete."""
    downloads = CACHE / "wheels"
    if not downloaded(project, version, downloads, "--only-binary=:all:"):
        return False
    wheel = next(downloads.glob(f"{project.replace('-', '_')}-{version}-*.whl"))
    partial = folder.with_suffix(".partial")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(partial, [name for name in archive.namelist() if name.endswith((".py", ".pyi"))])
    partial.rename(folder)
    return True
