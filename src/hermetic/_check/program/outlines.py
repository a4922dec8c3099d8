"""What a module defines, in plain tuples: enough to tell what names mean without reading its source again."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

from ..work.cache import packed, unpacked
from .definitions import Class, Contents, Function, Imported, Module, Unread
from .rulers import Piece, Ruler

Bound: TypeAlias = tuple[str, str, int | str, str | None]
"""A name, what kind of thing it is bound to, and which one."""
Outline: TypeAlias = tuple[
    tuple[Bound, ...],
    tuple[str, ...],
    tuple[tuple[str, str, str, bool, int, int], ...],
    tuple[tuple[str, str, tuple[tuple[str, int], ...]], ...],
]
"""The names of a module, its star imports, its functions (with the places of their classes and outer functions, -1 for
none) and its classes with their methods."""


class Outlined(NamedTuple):
    """The outline of a module with a name for its text, and the ruler of its lines, packed where it is not `is_plain`."""

    content: str
    outline: Outline
    is_plain: bool
    pieces: bytes
    free: int

    @classmethod
    def of(cls, content: str, outline: Outline, ruler: Ruler) -> Outlined:
        return cls(content, outline, ruler.is_plain, packed([tuple(piece) for piece in ruler.pieces]), ruler.free)

    def ruler(self) -> Ruler:
        """The ruler of its lines."""
        return Ruler((Piece(*piece) for piece in unpacked(self.pieces)), self.free)


def outline_of(contents: Contents) -> Outline:
    """What is left of a module's contents without its syntax."""
    places = {
        id(each): place for each_kind in (contents.functions, contents.classes) for place, each in enumerate(each_kind)
    }
    functions = tuple(
        (one.qualname, one.ident, one.name, one.is_async, places.get(id(one.cls), -1), places.get(id(one.outer), -1))
        for one in contents.functions
    )
    classes = tuple(
        (one.qualname, one.ident, tuple((name, places[id(method)]) for name, method in one.members.items()))
        for one in contents.classes
    )
    names = tuple(_bound(name, found, places) for name, found in contents.names.items())
    return names, tuple(contents.stars), functions, classes


def _bound(name: str, found: object, places: dict[int, int]) -> Bound:
    match found:
        case Function():
            return name, "function", places[id(found)], None
        case Class():
            return name, "class", places[id(found)], None
        case Imported(target=target, attribute=attribute):
            return name, "import", target, attribute
        case _:
            return name, "variable", 0, None


def contents_from(outline: Outline, module: Module) -> Contents:
    """The contents of a module of which this is the outline; its source is read when somebody asks for more."""
    names, stars, functions, classes = outline
    found = Contents(stars=list(stars))
    found.classes = [Class(qualname, ident, module) for qualname, ident, _ in classes]
    for qualname, ident, name, is_async, cls, outer in functions:
        home = found.classes[cls] if cls >= 0 else None
        around = found.functions[outer] if outer >= 0 else None
        found.functions.append(Function(qualname, ident, name, is_async, module, None, home, around))
    for made, (_, _, members) in zip(found.classes, classes, strict=True):
        made.members.update((name, found.functions[place]) for name, place in members)
    for name, kind, which, attribute in names:
        if kind == "import":
            found.names[name] = Imported(str(which), attribute)
        elif kind == "variable":
            found.names[name] = Unread.VARIABLE
        else:
            found.names[name] = (found.functions if kind == "function" else found.classes)[int(which)]
    return found
