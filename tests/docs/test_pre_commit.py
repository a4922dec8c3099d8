"""The hook works in the real pre-commit: it is built from this project, finds what a commit must not hold, and lets the rest pass."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from tests.cli.test_whole import MAIL, MODELS

ROOT = Path(__file__).resolve().parents[2]
BUILT_FROM = ("pyproject.toml", "README.md", "LICENSE", ".pre-commit-hooks.yaml")
PATIENCE_S = 600


def committed(folder: Path) -> Path:
    """A folder whose files are in a git repository of its own."""
    author = ["-c", "user.name=somebody", "-c", "user.email=somebody@example.org"]
    for command in (["init", "-q"], ["add", "-A"], [*author, "commit", "-qm", "all of it"]):
        subprocess.run(["git", *command], cwd=folder, check=True)
    return folder


@pytest.fixture
def hermetic(tmp_path: Path) -> Path:
    """A repository of this project, as one installs it from."""
    clone = tmp_path / "hermetic"
    shutil.copytree(ROOT / "src", clone / "src", ignore=shutil.ignore_patterns("__pycache__"))
    for name in BUILT_FROM:
        shutil.copy(ROOT / name, clone / name)
    return committed(clone)


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A repository with one finding."""
    for name, text in {"__init__": "", "models": MODELS, "mail": MAIL}.items():
        file = tmp_path / "project" / "shop" / f"{name}.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")
    return committed(tmp_path / "project")


def hooked(shop: Path, hermetic: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """What pre-commit says, without the network: what the hook needs is taken from the environment of the tests."""
    environment = os.environ | {
        "PRE_COMMIT_HOME": str(hermetic.parent / "home"),
        "PIP_NO_DEPS": "1",
        "PIP_NO_INDEX": "1",
        "PIP_NO_BUILD_ISOLATION": "0",  # this is how pip is told to build with what is there
        "PYTHONPATH": sysconfig.get_path("purelib"),
    }
    command = [sys.executable, "-m", "pre_commit", "try-repo", str(hermetic), "hermetic", *arguments]
    return subprocess.run(command, cwd=shop, env=environment, capture_output=True, text=True, timeout=PATIENCE_S)


def test_the_hook_finds_and_lets_pass(hermetic: Path, shop: Path) -> None:
    """A finding stops the commit, and is told with its story; cured, the commit passes."""
    pytest.importorskip("pre_commit", reason="pre-commit is not installed")
    pytest.importorskip("hatchling", reason="hatchling is not installed")
    stopped = hooked(shop, hermetic, "--all-files")
    cured = MAIL.replace("return order.customer.email", "    return order.customer.email")
    (shop / "shop" / "mail.py").write_text(cured, "utf-8")
    subprocess.run(["git", "add", "-A"], cwd=shop, check=True)
    passed = hooked(shop, hermetic, "--all-files")

    assert (1, True) == (stopped.returncode, "shop/mail.py:7:12 detached-access" in stopped.stdout), stopped.stdout
    assert (0, True) == (passed.returncode, "Passed" in passed.stdout), passed.stdout
