"""`hermetic check --fix` and `--show-fixes` on files."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from hermetic._check.fixes.draft import Untouched, opened
from tests.cli.running import Done, run
from tests.hazards.cases import WORLD

LEAK = """\
from shop import Order, SessionLocal


def known(order_id: int) -> bool:
    session = SessionLocal()
    return session.get(Order, order_id) is not None
"""
CLOSED = LEAK.replace("    session = SessionLocal()\n    return", "    with SessionLocal() as session:\n        return")
LOST = """

def pay(order_id: int) -> None:
    with SessionLocal() as session:
        session.get_one(Order, order_id).status = "paid"
"""


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with the shop's models and sessions."""
    (tmp_path / "shop.py").write_bytes(WORLD.read_bytes())
    monkeypatch.chdir(tmp_path)
    return tmp_path


def check(*arguments: str) -> Done:
    return run("check", *arguments)


def test_safe_fixes_are_made_and_the_others_counted() -> None:
    """The exit code is that of what is left."""
    Path("orders.py").write_text(LEAK + LOST)
    safe = check("--fix")
    after_safe = Path("orders.py").read_text()
    unsafe = check("--fix", "--unsafe")

    assert (1, CLOSED + LOST, "fixed 1, 1 more with --unsafe") == (
        safe.exit_code,
        after_safe,
        safe.stdout.splitlines()[-1],
    )
    assert (0, "fixed 1") == (unsafe.exit_code, unsafe.stdout.splitlines()[-1])
    assert Path("orders.py").read_text().endswith('.status = "paid"\n        session.commit()\n')


def test_show_fixes_prints_a_diff_that_git_applies(project: Path) -> None:
    """And changes nothing."""
    Path("orders.py").write_text(LEAK)
    shown = check("--show-fixes")
    untouched = Path("orders.py").read_text()
    subprocess.run(["git", "init", "-q"], check=True, cwd=project)
    subprocess.run(["git", "apply"], input=shown.stdout, text=True, check=True, cwd=project)

    assert (1, LEAK, "would fix 1\n") == (shown.exit_code, untouched, shown.stderr)
    assert CLOSED == Path("orders.py").read_text()


@pytest.mark.parametrize(
    ("before", "encoding", "ending"),
    [("", "utf-8-sig", "\r\n"), ("# -*- coding: latin-1 -*-\n# für später\n", "latin-1", "\n"), ("", "utf-8", "\r")],
    ids=["mark and Windows", "latin-1", "old Mac"],
)
def test_bytes_around_a_fix_stay(before: str, encoding: str, ending: str) -> None:
    """Byte order mark, encoding, line endings and mode are those of the file."""
    path = Path("orders.py")
    path.write_bytes((before + LEAK).replace("\n", ending).encode(encoding))
    path.chmod(0o750)
    check("--fix")

    assert (before + CLOSED).replace("\n", ending).encode(encoding) == path.read_bytes()
    assert 0o750 == path.stat().st_mode & 0o777


def test_a_link_stays_a_link() -> None:
    """The file it leads to is fixed."""
    Path("real").mkdir()
    Path("real/orders.py").write_text(LEAK)
    Path("orders.py").symlink_to("real/orders.py")
    check("--fix", "orders.py", "shop.py")

    assert Path("orders.py").is_symlink()
    assert CLOSED == Path("real/orders.py").read_text()


def test_a_read_only_file_is_told_of() -> None:
    """In one sentence, and stays as it is."""
    Path("orders.py").write_text(LEAK)
    Path("orders.py").chmod(0o444)
    done = check("--fix")

    assert "orders.py: not changed, it is read-only; change its mode to have it fixed\n" == done.stderr
    assert (1, LEAK, "fixed 0") == (done.exit_code, Path("orders.py").read_text(), done.stdout.splitlines()[-1])


def test_a_file_that_was_edited_meanwhile_is_left() -> None:
    """Whoever edits while fixes are tried keeps the edits."""
    Path("orders.py").write_text(LEAK)
    draft = opened("orders.py", LEAK)
    Path("orders.py").write_text(LEAK + "\n")

    with pytest.raises(Untouched, match="it was edited while its fixes were tried"):
        draft.save()
    with pytest.raises(Untouched, match="it was edited while it was checked"):
        opened("orders.py", LEAK)
    assert ["orders.py", "shop.py"] == sorted(each.name for each in Path().iterdir())


def test_a_fix_that_brings_another_finding_is_withdrawn() -> None:
    """A commit expires the order, and its name is read when the session is gone."""
    text = LEAK + LOST.replace("session.get_one", "order = session.get_one").replace(
        ').status = "paid"\n', ')\n        order.status = "paid"\n    print(order.total)\n'
    )
    Path("orders.py").write_text(text.removeprefix(LEAK).join([LEAK.split("\n\n")[0] + "\n", ""]))
    before = Path("orders.py").read_text()
    done = check("--fix", "--unsafe")

    assert (
        "orders.py:7: the fix of lost-write was withdrawn, it brought detached-access at orders.py:9\n" == done.stderr
    )
    assert (1, before) == (done.exit_code, Path("orders.py").read_text())


def test_documents_and_what_is_allowed_are_left() -> None:
    """A document's block gets advice and edits to look at; an allowance speaks of fixes too."""
    document = f"# Orders\n\n```python\n{LEAK}```\n"
    allowed = LEAK.replace("SessionLocal()", "SessionLocal()  # hermetic: allow[session-leak] ends with the process")
    Path("orders.md").write_text(document)
    Path("orders.py").write_text(allowed)
    done = check("--fix", "--unsafe", "--format", "json")
    (finding,) = json.loads(done.stdout)["findings"]

    assert (document, allowed) == (Path("orders.md").read_text(), Path("orders.py").read_text())
    assert ("display", "orders.md", 2) == (finding["safety"], finding["file"], len(finding["edits"]))


def test_what_the_baseline_holds_is_left() -> None:
    """Only what is new is fixed."""
    Path("old.py").write_text(LEAK)
    check("--write-baseline")
    Path("new.py").write_text(LEAK)
    done = check("--fix", "--baseline", "hermetic-baseline.json")

    assert (0, LEAK, CLOSED) == (done.exit_code, Path("old.py").read_text(), Path("new.py").read_text())


def committed(project: Path) -> None:
    """What the working directory holds is the first revision of a repository."""
    for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "first"]):
        who = ["-c", "user.name=Ada", "-c", "user.email=ada@shop.example"]
        subprocess.run(["git", *who, *command], check=True, cwd=project)


def test_with_a_revision_only_what_changed_since_is_fixed(project: Path) -> None:
    """An old mistake is left in an old file, and in a changed one where the change does not touch it; nor does a fix grow."""
    for name in ("old.py", "changed.py"):
        Path(name).write_text(LEAK)
    committed(project)
    Path("changed.py").write_text(LEAK + LOST)
    Path("new.py").write_text(LEAK)
    shown = check("--diff", "HEAD", "--show-fixes", "--unsafe")
    done = check("--diff", "HEAD", "--fix", "--unsafe")
    again = check("--diff", "HEAD")

    assert ["b/changed.py", "b/new.py"] == [line.split()[1] for line in shown.stdout.splitlines() if line[:3] == "+++"]
    assert (0, "fixed 2") == (done.exit_code, done.stdout.splitlines()[-1])
    assert (LEAK, CLOSED) == (Path("old.py").read_text(), Path("new.py").read_text())
    assert LEAK + LOST + "        session.commit()\n" == Path("changed.py").read_text()
    assert 0 == again.exit_code


@pytest.mark.parametrize(
    "options", [["--unsafe"], ["--fix", "--show-fixes"], ["--fix", "--prune"], ["--fix", "--watch"]]
)
def test_options_that_do_not_go_together(options: list[str]) -> None:
    """Nothing is done, and a sentence tells why."""
    Path("orders.py").write_text(LEAK)

    assert (2, LEAK) == (check(*options).exit_code, Path("orders.py").read_text())
