"""What `hermetic run` puts before every Python below it is not felt, and finds its way where nothing is installed."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
import venv
from importlib.util import find_spec
from pathlib import Path

import pytest

from hermetic._cli._launching import BOOT, environment
from hermetic._watch.processes.gathering import Note
from tests.watch.running import BOTH, clean, found, running

FILES = [BOOT / "sitecustomize.py", BOOT / "_hermetic_boot.py"]
SITE = "import sys\nsys.own = 'mine'\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of a run in which nobody listens."""
    (tmp_path / "run" / "notes").mkdir(parents=True)
    return tmp_path / "run"


def printed(code: str, folder: Path | None, *paths: Path) -> str:
    """What a Python prints, below a run or on its own, with these folders on its path."""
    path = os.pathsep.join(map(str, ([BOOT] if folder else []) + list(paths)))
    run = {"HERMETIC_RUN": str(folder)} if folder else {}
    environment = {name: value for name, value in clean(run).items() if name != "PYTHONPATH"}
    environment |= {"PYTHONPATH": path} if path else {}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    return done.stdout + done.stderr


@pytest.mark.parametrize("file", FILES, ids=[file.name for file in FILES])
def test_an_old_python_can_read_it(file: Path) -> None:
    """It runs in every Python that a program may use, and tells those that are too old."""
    assert ast.parse(file.read_text("utf-8"), feature_version=(3, 7))


def test_a_program_without_sqlalchemy_finds_the_same_modules(folder: Path) -> None:
    """Nothing but our own is imported, so that whoever patches the standard library is still first."""
    code = "import sys; print(*sorted(sys.modules), sep=',')"
    without, below = (set(printed(code, each).strip().split(",")) for each in (None, folder))

    assert {"__future__", "_hermetic_boot"} == below - without
    assert set() == without - below


def test_a_program_finds_its_path_as_it_was(folder: Path) -> None:
    """The folder is gone from `sys.path`, and stays in the variable that children inherit."""
    code = "import sys; print(sys.path)"

    assert printed(code, None) == printed(code, folder)
    assert str(BOOT) in printed("import os; print(os.environ['PYTHONPATH'])", folder)


@pytest.mark.parametrize("text", [SITE, "raise ValueError('in the site')\n"], ids=["works", "breaks"])
def test_a_programs_own_sitecustomize_is_run(folder: Path, tmp_path: Path, text: str) -> None:
    """As it would have been, also where it fails."""
    (tmp_path / "sitecustomize.py").write_text(text, "utf-8")
    code = "import sys; print(getattr(sys, 'own', None), 'sitecustomize' in sys.modules)"

    assert printed(code, None, tmp_path) == printed(code, folder, tmp_path)


def test_sqlalchemy_keeps_its_loader(folder: Path) -> None:
    """Whoever looks at the module afterwards sees what was always there."""
    code = (
        "import sys; before = list(sys.meta_path); import sqlalchemy; spec = sqlalchemy.__spec__\n"
        "print(type(spec.loader).__name__, vars(spec.loader).keys(), [type(each).__name__ for each in sys.meta_path])"
    )
    alone = printed(code, None)

    assert alone.split("[")[0] == printed(code, folder).split("[")[0]
    assert "Finder" not in printed(code, folder).split("[", 1)[1].split("'")


def test_a_python_that_is_too_old_is_named(folder: Path) -> None:
    """Each Python leaves a note, and in it why it is not watched."""
    printed("import _hermetic_boot; _hermetic_boot.wait_for_sqlalchemy((3, 9))", folder, BOOT)
    (file,) = (folder / "notes").iterdir()
    note = Note.read(file)

    assert note
    assert "Python 3.9 is older than 3.11" == note.off
    assert Path(sys.executable).name == Path(note.argv[0]).name


def test_an_sqlalchemy_that_is_too_old_is_named(folder: Path, tmp_path: Path) -> None:
    """The program goes on with it as ever."""
    (tmp_path / "sqlalchemy.py").write_text("__version__ = '1.4.54'\n", "utf-8")

    assert "1.4.54\n" == printed("import sqlalchemy; print(sqlalchemy.__version__)", folder, tmp_path)
    assert ["SQLAlchemy 1.4.54 is older than 2.0"] == [
        note.off for file in (folder / "notes").iterdir() if (note := Note.read(file))
    ]


def test_after_the_run_nothing_happens(tmp_path: Path) -> None:
    """A process that outlives its run, or a child of it, finds no folder any more."""
    gone = tmp_path / "gone"

    assert "False\n" == printed("import sys; print('Finder' in [type(each).__name__ for each in sys.meta_path])", gone)
    assert not gone.exists()


def test_what_goes_wrong_is_a_note(folder: Path) -> None:
    """The program does not feel it: here there are no settings, and no address."""
    assert "2\n" == printed("import sqlalchemy; print(sqlalchemy.__version__[0])", folder)
    (file,) = (folder / "notes").iterdir()
    note = Note.read(file)

    assert note
    assert note.off.startswith("FileNotFoundError: ")


def test_an_environment_of_its_own_needs_nothing_installed(tmp_path: Path) -> None:
    """Hermetic is loaded by its path where the program's Python has none."""
    venv.create(tmp_path / "env", with_pip=False)
    libraries = tmp_path / "libraries"
    libraries.mkdir()
    for name in ("sqlalchemy", "greenlet", "typing_extensions"):
        spec = find_spec(name)
        assert spec
        origin = Path(spec.origin or "")
        origin = origin.parent if origin.name == "__init__.py" else origin
        (libraries / origin.name).symlink_to(origin)
    python = tmp_path / "env" / "bin" / "python"
    path = str(libraries)
    none = subprocess.run([python, "-c", "import hermetic"], env=clean({"PYTHONPATH": path}), capture_output=True)
    with running(tmp_path / "apps", "env", f"PYTHONPATH={BOOT}{os.pathsep}{path}", str(python), "app.py") as program:
        seen = program.ended()

    assert (1, BOTH) == (none.returncode, found(seen))


def test_the_programs_path_comes_behind(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What the user has on PYTHONPATH stays, and no empty entry is made, which would be the working directory."""
    monkeypatch.setenv("PYTHONPATH", "mine")
    with_own = environment(tmp_path)["PYTHONPATH"]
    monkeypatch.delenv("PYTHONPATH")

    assert [f"{BOOT}{os.pathsep}mine", str(BOOT)] == [with_own, environment(tmp_path)["PYTHONPATH"]]


def test_a_forked_child_is_a_process_of_its_own(tmp_path: Path) -> None:
    """It tells what it saw itself, and has no thread of ours, nor has its parent while it forks."""
    with running(tmp_path, sys.executable, "forking.py") as program:
        seen = program.ended()
        assert program.process.stdout
        printed = program.process.stdout.read().splitlines()

    assert {("n-plus-one", "names"): 15} == found(seen)
    assert 2 == len(seen["findings"][0]["seen"]["pids"])
    assert [
        "before ['MainThread', 'hermetic watchdog', 'hermetic']",
        "child ['MainThread']",
        "parent ['MainThread']",
    ] == sorted(printed)


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_children_of_multiprocessing_tell_their_last(tmp_path: Path, method: str) -> None:
    """Forked ones end without what `atexit` knows, and all that they saw is counted nevertheless."""
    with running(tmp_path, sys.executable, "pooled.py", method) as program:
        seen = program.ended()

    assert {("n-plus-one", "names"): 20} == found(seen)
    assert set(seen["findings"][0]["seen"]["pids"]) < {process["pid"] for process in seen["run"]["processes"]}


def test_a_python_that_is_blind_is_explained(tmp_path: Path) -> None:
    """Once it is clear that nobody reports, with the option that is to blame."""
    with running(tmp_path, sys.executable, "-I", "-c", "pass") as program:
        seen = program.ended()

    assert [] == seen["run"]["processes"]
    assert "` ignores PYTHONPATH; leave -I out, or call hermetic.watch() in the program" in program.said
