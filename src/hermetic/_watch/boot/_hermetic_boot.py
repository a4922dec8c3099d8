"""Waits in an unchanged program until it imports SQLAlchemy, then starts the watcher.

Until then nothing is imported but `sys`, `os` and `time`, so that a program that patches the standard library (gevent)
or counts its imports finds them untouched. Hermetic is loaded by its path where the program's environment has none.
Nothing here raises: a process that cannot be watched runs as it would have, and a note tells why.
"""

from __future__ import annotations

import os
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType

AT_LEAST = (3, 11)
STARTED_NS = time.time_ns()
FOLDER = os.environ.get("HERMETIC_RUN", "")


def wait_for_sqlalchemy(version: Sequence[int] = sys.version_info[:2]) -> None:
    """Note that this process is here, and look out for SQLAlchemy where this Python can be watched."""
    if not os.path.isdir(FOLDER):
        return
    if tuple(version) < AT_LEAST:
        note("Python {}.{} is older than {}.{}".format(*version, *AT_LEAST))
        return
    note()
    if "sqlalchemy" in sys.modules:
        start()
    else:
        sys.meta_path.insert(0, Finder())


def note(off: str = "") -> None:
    """Leave a file named by this process in the run's folder: version, parent, why it is not watched, command line."""
    try:
        text = "\n".join([sys.version.split()[0], str(os.getppid()), off, "\0".join(getattr(sys, "orig_argv", []))])
        path = os.path.join(FOLDER, "notes", str(os.getpid()))
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            os.write(file, text.encode("utf-8", "surrogateescape"))
        finally:
            os.close(file)
    except OSError:
        pass


class Finder:
    """Finds nothing itself: asks the others for SQLAlchemy, and has the watcher started as soon as that is imported."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The spec of SQLAlchemy as the other finders give it, its loader wrapped; None for everything else."""
        if name != "sqlalchemy":
            return None
        spec = self._ask_others(name, path, target)
        loader = None if spec is None else spec.loader
        if loader is not None and hasattr(loader, "exec_module"):
            self._follow(loader)
        return spec

    def _follow(self, loader: object) -> None:
        """Start watching when a loader is done; what it is stays, because only this instance is changed, and only until then."""
        load = loader.exec_module  # type: ignore[attr-defined]  # asked for above

        def exec_module(module: ModuleType) -> None:
            del loader.exec_module  # type: ignore[attr-defined]  # set below
            load(module)
            if self in sys.meta_path:
                sys.meta_path.remove(self)
                start()

        try:
            loader.exec_module = exec_module  # type: ignore[attr-defined]  # on the instance: its class is everybody's
        except AttributeError:
            note(f"SQLAlchemy comes from a loader that cannot be followed: {loader!r}")

    def _ask_others(self, name: str, path: Sequence[str] | None, target: ModuleType | None) -> ModuleSpec | None:
        for other in list(sys.meta_path):
            find = None if other is self else getattr(other, "find_spec", None)
            spec: ModuleSpec | None = find(name, path, target) if find else None
            if spec is not None:
                return spec
        return None


def start() -> None:
    """Switch the watcher on; whatever goes wrong becomes a note."""
    version = getattr(sys.modules["sqlalchemy"], "__version__", "")
    if version.startswith(("0.", "1.")):
        note(f"SQLAlchemy {version} is older than 2.0")
        return
    try:
        hermetic = _hermetic()
        if hermetic is None:
            return
        from hermetic._watch.processes.attach import attach

        attach(FOLDER, STARTED_NS)
    except Exception as error:
        note(f"{type(error).__name__}: {error}")


def _hermetic() -> ModuleType | None:
    """The package: the program's own where it has one, so that there are never two, else the one beside this file."""
    try:
        import hermetic
    except ImportError:
        return _by_path()
    if getattr(hermetic, "__file__", None) and hasattr(hermetic, "watch"):
        return hermetic
    note("the program's `hermetic`, {}, is not this one".format(getattr(hermetic, "__path__", hermetic)))
    return None


def _by_path() -> ModuleType:
    from importlib.util import module_from_spec, spec_from_file_location

    folder = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    init = os.path.join(folder, "__init__.py")
    spec = spec_from_file_location("hermetic", init, submodule_search_locations=[folder])
    if spec is None or spec.loader is None:
        raise ImportError(f"there is no Hermetic at {init}")
    module = sys.modules["hermetic"] = module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules["hermetic"]
        raise
    return module
