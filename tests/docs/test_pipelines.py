"""The pipelines of the how-to pages are what their servers accept."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator

from tests.docs.test_how_to import PAGES, File, steps
from tests.schemas import stored

ROOT = Path(__file__).resolve().parents[2]
SCHEMAS = {
    ".github/workflows/hermetic.yml": "https://json.schemastore.org/github-workflow.json",
    ".gitlab-ci.yml": "https://gitlab.com/gitlab-org/gitlab/-/raw/master/app/assets/javascripts/editor/schema/ci.json",
    ".pre-commit-config.yaml": "https://json.schemastore.org/pre-commit-config.json",
}


def pipeline(name: str) -> Any:
    """The file of this name out of the how-to pages."""
    (text,) = (step.text for page in PAGES for step in steps(page) if isinstance(step, File) and step.name == name)
    return yaml.load(text, yaml.BaseLoader)


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_pipeline_is_valid(name: str) -> None:
    """By the schema that editors hold such files against."""
    assert [] == [error.message for error in Draft7Validator(stored(SCHEMAS[name])).iter_errors(pipeline(name))]


def test_the_hook_exists() -> None:
    """What the page asks pre-commit for is what the project offers: one check of everything by the installed command."""
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))
    wanted = pipeline(".pre-commit-config.yaml")["repos"][0]["hooks"][0]["id"]
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["scripts"]

    assert {"id", "name", "entry", "language"} <= set(hook)
    assert (wanted, False) == (hook["id"], hook["pass_filenames"])
    assert hook["entry"].split()[0] in scripts
