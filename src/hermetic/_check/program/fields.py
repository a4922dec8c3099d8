"""What the attributes of a class's instances hold, told from the class's own source."""

from __future__ import annotations

import ast
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, cast

from ..._lifecycle.records import Key
from ..paths.state import Path
from ..paths.values import UNKNOWN, Engine, Ext, Inst, Maker, Obj, Ref, Sess, Value
from .modules import Class, Function
from .traces import Remembered

if TYPE_CHECKING:
    from ..analyzer import Analyzer
    from ..work.units import Unit


class Fields:
    """Answers for an attribute of `self` by its annotation, its class-level value, or what methods assign to it."""

    def __init__(self, analyzer: Analyzer) -> None:
        self.analyzer = analyzer
        self._lazy: Remembered[tuple[str, str], bool] = Remembered(analyzer.project.trace)

    def value(self, cls: Class, name: str, owner: Key) -> Value:
        """The value of `owner.name`; a session there is one that the object holds, opened elsewhere."""
        unit = self.unit(cls, name)
        self.analyzer.evidence.take_over(unit.evidence)
        found = cast(Value, unit.value)
        key = Path(owner, name)
        match found:
            case Sess(key=("global", *_)):
                return found
            case Sess() | Inst() | Obj():
                return self.analyzer.rekeyed(found, key)
            case _:
                return found

    def unit(self, cls: Class, name: str) -> Unit:
        """The unit of an attribute; its value is what an instance holds there."""
        key = ("field", cls.module.name, cls.ident, name)
        return self.analyzer.units.ask(key, partial(self._find, cls, name), UNKNOWN)

    def is_lazy(self, cls: Class, name: str) -> bool:
        """Whether `self.name` may be None at first: the class, or one of its methods, sets it so."""
        return self._lazy.get((cls.ident, name), partial(self._may_start_none, cls, name))

    def _may_start_none(self, cls: Class, name: str) -> bool:
        return any(_starts_none(self.analyzer, base, name) for base in cls.mro if isinstance(base, Class))

    def _find(self, cls: Class, name: str) -> Value:
        for base in cls.mro:
            if not isinstance(base, Class):
                continue
            key: Key = ("field", base.qualname, name)
            if name in base.annotations:
                found = self.analyzer.annotated(base.annotations[name], base.module, key, borrowed=True)
                if found is not UNKNOWN:
                    return found
            if name in base.values:
                return self.analyzer.names.static(base.module, base.values[name])
            for method in base.methods.values():
                found = self._assigned(method, name, key)
                if found is not UNKNOWN:
                    return found
        return UNKNOWN

    def _assigned(self, method: Function, name: str, key: Key) -> Value:
        """What a method assigns to `self.name`."""
        arguments = method.head.args.args
        if not arguments:
            return UNKNOWN
        me = arguments[0].arg
        for node in self.analyzer.walk(method):
            match node:
                case ast.Assign(targets=[ast.Attribute(value=ast.Name(id=owner), attr=attr)], value=source) if (
                    owner == me and attr == name
                ):
                    found = self._source(method, source, key)
                case ast.AnnAssign(target=ast.Attribute(value=ast.Name(id=owner), attr=attr)) if (
                    owner == me and attr == name
                ):
                    found = self.analyzer.annotated(node.annotation, method.module, key, borrowed=True)
                    if found is UNKNOWN and node.value is not None:
                        found = self._source(method, node.value, key)
                case _:
                    continue
            if found is not UNKNOWN:
                return found
        return UNKNOWN

    def _source(self, method: Function, source: ast.expr, key: Key) -> Value:
        if isinstance(source, ast.BoolOp):
            found = (self._source(method, operand, key) for operand in source.values)
            return next((value for value in found if value is not UNKNOWN), UNKNOWN)
        if isinstance(source, ast.IfExp):
            found = (self._source(method, operand, key) for operand in (source.body, source.orelse))
            return next((value for value in found if value is not UNKNOWN), UNKNOWN)
        if isinstance(source, ast.Name):
            for argument in (*method.head.args.posonlyargs, *method.head.args.args, *method.head.args.kwonlyargs):
                if argument.arg == source.id:
                    value = self.analyzer.parameter(method, argument)
                    return self.analyzer.rekeyed(value, key)
        value = self.analyzer.names.static(method.module, source)
        return value if isinstance(value, (Maker, Engine, Ext, Obj, Sess, Ref)) else UNKNOWN


def _starts_none(analyzer: Analyzer, cls: Class, name: str) -> bool:
    value = cls.values.get(name)
    if isinstance(value, ast.Constant) and value.value is None:
        return True
    for node in (node for method in cls.methods.values() for node in analyzer.walk(method)):
        match node:
            case ast.Assign(targets=[ast.Attribute(attr=attr)], value=ast.Constant(value=None)) if attr == name:
                return True
            case ast.AnnAssign(target=ast.Attribute(attr=attr), value=ast.Constant(value=None)) if attr == name:
                return True
            case _:
                continue
    return False


def rekeyed(value: Value, key: Key) -> Value:
    """The same kind of value under another name."""
    if isinstance(value, (Sess, Inst, Obj)):
        return replace(value, key=key)
    return value
