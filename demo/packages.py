"""Real packages from PyPI, fetched once for the demonstration and the benchmarks."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

CACHE = Path(__file__).resolve().parents[1] / ".demo"
DOWNLOAD_LIMIT_S = 180
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


def _fetched(project: str, version: str, folder: Path) -> bool:
    """Download a wheel and unpack its Python files; the folder appears only when it is complete."""
    downloads = CACHE / "wheels"
    options = [
        "--quiet",
        "--disable-pip-version-check",
        "--no-deps",
        "--only-binary=:all:",
        "--retries=1",
        "--timeout=15",
    ]
    command = [sys.executable, "-m", "pip", "download", *options, f"--dest={downloads}", f"{project}=={version}"]
    try:
        if subprocess.run(command, capture_output=True, timeout=DOWNLOAD_LIMIT_S).returncode:
            return False
    except subprocess.TimeoutExpired:
        return False
    wheel = next(downloads.glob(f"{project.replace('-', '_')}-{version}-*.whl"))
    partial = folder.with_suffix(".partial")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(partial, [name for name in archive.namelist() if name.endswith((".py", ".pyi"))])
    partial.rename(folder)
    return True
