"""What changed since a revision, by real git repositories."""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from hermetic._catalogue import Finding, Step
from hermetic._check.source.discover import SourceFile
from hermetic._check.telling.changes import changes_since
from hermetic._check.telling.fingerprints import Places
from hermetic.errors import BadConfig

BEFORE = "def one():\n    a()\n    b()\n\n\ndef two():\n    c()\n    d()\n"

Git = Callable[..., str]


@pytest.fixture
def git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Git:
    """Git in a repository with `shop.py` committed on the branch `main`, deaf to the user's settings."""
    for name, value in {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1"}.items():
        monkeypatch.setenv(name, value)
    for name in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{name}_NAME", "A")
        monkeypatch.setenv(f"GIT_{name}_EMAIL", "a@example.org")
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> str:
        return subprocess.run(["git", *arguments], check=True, capture_output=True, text=True).stdout

    run("init", "-q", "-b", "main")
    (tmp_path / "shop.py").write_text(BEFORE, "utf-8")
    run("add", ".")
    run("commit", "-qm", "first")
    return run


def told(revision: str, file: str = "shop.py") -> list[int]:
    """The lines of a file on which a finding would be told."""
    text = Path(file).read_text("utf-8")
    places = Places([SourceFile(Path(file), file, file, text, ast.parse(text))])
    changes = changes_since(revision, Path.cwd())
    return [line for line in range(1, text.count("\n") + 1) if changes.touch(found(file, line), places)]


def found(file: str, line: int) -> Finding:
    return Finding("lost-write", "HM203", "error", "proven", file, line, 1, line, 2, "it is lost")


def edit(text: str, file: str = "shop.py") -> None:
    Path(file).write_text(text, "utf-8")


@pytest.mark.usefixtures("git")
def test_nothing_changed_tells_nothing() -> None:
    """A clean working tree touches no finding."""
    assert [] == told("HEAD")


@pytest.mark.usefixtures("git")
def test_new_lines_are_told() -> None:
    """What is not committed yet counts; the lines around do not."""
    edit(BEFORE.replace("    a()\n", "    a()\n    new()\n"))

    assert [3] == told("HEAD")


@pytest.mark.usefixtures("git")
@pytest.mark.parametrize("changed", [BEFORE.replace("    d()\n", ""), BEFORE.replace("    c()\n", "    x()\n")])
def test_a_function_that_lost_a_line_is_told_as_a_whole(changed: str) -> None:
    """The commit that was taken out is on no line any more; the findings it leads to are in the function around it."""
    edit(changed)

    assert list(range(6, changed.count("\n") + 1)) == told("HEAD")


@pytest.mark.usefixtures("git")
def test_a_story_that_passes_a_change_is_told() -> None:
    """The finding itself may be in a file that nobody touched."""
    edit(BEFORE.replace("    a()\n", "    a()\n    new()\n"))
    finding = replace(found("mail.py", 1), story=(Step("shop.py", 3, "opened"), Step("mail.py", 1, "read")))

    assert [True, False] == [
        changes_since("HEAD", Path.cwd()).touch(each, Places([])) for each in (finding, found("mail.py", 1))
    ]


@pytest.mark.usefixtures("git")
def test_a_new_file_is_told_as_a_whole() -> None:
    """Before `git add` too, unless it is ignored."""
    edit("x = 1\ny = 2\n", "new größe.py")
    edit("x = 1\n", "out.py")
    edit("out.py\n", ".gitignore")

    assert ([1, 2], []) == (told("HEAD", "new größe.py"), told("HEAD", "out.py"))


def test_a_branch_is_measured_from_where_it_was_left(git: Git) -> None:
    """What the other branch has done since is not taken for a change of this one."""
    git("checkout", "-qb", "feature")
    edit(BEFORE.replace("    a()\n", "    a()\n    new()\n"))
    git("commit", "-qam", "mine")
    git("checkout", "-q", "main")
    edit(BEFORE.replace("    d()\n", "    d()\n    theirs()\n"))
    git("commit", "-qam", "theirs")
    git("checkout", "-q", "feature")

    assert [3] == told("main")


def test_a_renamed_file_is_told_where_it_changed(git: Git) -> None:
    """Renaming alone touches nothing."""
    git("mv", "shop.py", "store.py")
    edit(BEFORE + "\n\ndef three():\n    pass\n", "store.py")

    assert [9, 10, 11, 12] == told("HEAD", "store.py")


def test_a_file_that_became_a_link_is_told(git: Git, tmp_path: Path) -> None:
    """Git shows it as two patches; its findings are all told rather than none."""
    edit(BEFORE, "real.py")
    git("add", ".")
    git("commit", "-qm", "second")
    (tmp_path / "shop.py").unlink()
    (tmp_path / "shop.py").symlink_to("real.py")

    assert list(range(1, 9)) == told("HEAD")


def test_a_repository_is_needed(tmp_path: Path) -> None:
    """Elsewhere the answer is one sentence."""
    with pytest.raises(BadConfig, match=r"^--diff needs a git repository \(.*\)$"):
        changes_since("HEAD", tmp_path)


@pytest.mark.usefixtures("git")
@pytest.mark.parametrize("revision", ["nowhere", "--help", "", "HEAD..HEAD"])
def test_an_unknown_revision_is_told(revision: str) -> None:
    """And what may be given; an option is no revision."""
    with pytest.raises(BadConfig, match=r"^git knows no revision .*; give --diff a branch, a tag or a commit"):
        changes_since(revision, Path.cwd())


def test_branches_without_a_common_ancestor_are_told(git: Git) -> None:
    """As in a shallow clone."""
    git("checkout", "-q", "--orphan", "other")
    git("commit", "-qm", "alone")

    with pytest.raises(BadConfig, match="have no common ancestor here; fetch more of the history"):
        changes_since("main", Path.cwd())


def test_without_git_the_answer_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is guessed."""
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(BadConfig, match=r"^--diff asks git, which is not installed$"):
        changes_since("HEAD", tmp_path)
