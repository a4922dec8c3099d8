"""Waits for modules that the program has not imported yet, without importing them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import ModuleType

Ready = Callable[[ModuleType], object]


class Arrivals(MetaPathFinder):
    """A finder that finds nothing itself: it lets others find a module and tells who waits for it when it is there."""

    def __init__(self) -> None:
        self._waiting: dict[str, Ready] = {}
        self._finding: set[str] = set()

    def when(self, name: str, ready: Ready) -> None:
        """Call `ready` with the module when it has been imported, at once if it is there already."""
        module = sys.modules.get(name)
        if module is not None:
            ready(module)
            return
        self._waiting[name] = ready
        if self not in sys.meta_path:
            sys.meta_path.insert(0, self)

    def stop(self) -> None:
        """Wait for nothing any more."""
        self._waiting.clear()
        if self in sys.meta_path:
            sys.meta_path.remove(self)

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        """The spec that the other finders have, with a loader that tells when it is done; None for all other modules."""
        if name not in self._waiting or name in self._finding:
            return None
        self._finding.add(name)
        try:
            spec = find_spec(name)
        finally:
            self._finding.discard(name)
        if spec is None or spec.loader is None:
            return None
        spec.loader = _Telling(spec.loader, self._waiting.pop(name))
        return spec


class _Telling(Loader):
    """A loader that does what another does, and then tells that the module is there."""

    def __init__(self, loader: Loader, ready: Ready) -> None:
        self._loader = loader
        self._ready = ready

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        """Run the module, then give it its own loader back."""
        spec = module.__spec__
        module.__loader__ = self._loader
        if spec is not None:
            spec.loader = self._loader
        self._loader.exec_module(module)
        self._ready(module)

    def __getattr__(self, name: str) -> object:
        return getattr(self._loader, name)
