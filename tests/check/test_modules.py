from __future__ import annotations

import ast

import pytest

from hermetic._check.program.modules import Class, Definition, External, Function, Global, Module, Project
from tests.check.building import project


def meant(built: Project, module: str, name: str) -> str | None:
    """What a name means, in one line."""
    found: Definition | None = built.resolve(built.modules[module], name)
    match found:
        case Class(qualname=qualname) | Function(qualname=qualname):
            return qualname
        case Module(name=name):
            return f"module {name}"
        case External(name=name):
            return f"external {name}"
        case Global(module=owner, name=name):
            return f"{owner.name}.{name} = …"
    return None


@pytest.mark.parametrize(
    ("statement", "name", "expected"),
    [
        ("from app.models import User", "User", "app.models.User"),
        ("from app.models import User as U", "U", "app.models.User"),
        ("from .models import User", "User", "app.models.User"),
        ("from . import models", "models.User", "app.models.User"),
        ("import app.models", "app.models.User", "app.models.User"),
        ("import app.models as m", "m.User.greet", "app.models.User.greet"),
        ("from app import models as m", "m.User", "app.models.User"),
        ("from app.models import *", "User", "app.models.User"),
        ("from app import User", "User", "app.models.User"),
        ("from app.models import User", "User.limit", "app.models.limit = …"),
        ("from app.models import engine", "engine", "app.models.engine = …"),
        ("from app.models import missing", "missing", "external app.models.missing"),
        ("import sqlalchemy as sa", "sa.orm.Session", "external sqlalchemy.orm.Session"),
        ("from sqlalchemy.orm import Session as S", "S", "external sqlalchemy.orm.Session"),
        ("from sqlalchemy.orm import *", "Session", "external sqlalchemy.orm.Session"),
        ("from models import User", "User", "app.models.User"),
        ("try:\n    from app.models import User\nexcept ImportError:\n    User = None", "User", "app.models.User"),
        ("import typing\nif typing.TYPE_CHECKING:\n    from app.models import User", "User", "app.models.User"),
        ("", "User", None),
    ],
)
def test_a_name_means_its_definition(statement: str, name: str, expected: str | None) -> None:
    """A name is followed through imports, aliases, packages and stars to the definition that is meant."""
    built = project({
        "app/__init__.py": "from .models import User",
        "app/models.py": """
            engine = object()

            class User:
                limit = 3

                def greet(self):
                    pass
            """,
        "app/api.py": statement,
    })  # fmt: skip

    assert expected == meant(built, "app.api", name)


def test_modules_that_import_each_other_resolve() -> None:
    """A circle of imports ends in None and does not hang; definitions on it are found."""
    built = project(
        {
            "a.py": "from b import One, Two\nclass Three: pass",
            "b.py": "from a import Two, Three\nclass One: pass",
        }
    )

    assert ["b.One", "a.Three"] == [meant(built, "a", "One"), meant(built, "b", "Three")]
    assert meant(built, "a", "Two") in (None, "external a.Two", "external b.Two")


def test_methods_are_inherited_across_modules() -> None:
    """An instance calls the nearest method of its bases; bases outside the project are External."""
    built = project(
        {
            "base.py": """
            from pydantic import BaseModel

            class Base(BaseModel):
                def one(self): ...
                def two(self): ...
            """,
            "app.py": """
            from typing import Generic, TypeVar
            import base
            T = TypeVar("T")

            class Child(base.Base, Generic[T]):
                def two(self): ...
            """,
        }
    )
    child = built.modules["app"].contents.names["Child"]
    assert isinstance(child, Class)
    found = [child.method(name) for name in ("one", "two", "three")]

    assert ["base.Base.one", "app.Child.two", None] == [method and method.qualname for method in found]
    assert ["pydantic.BaseModel", "typing.Generic"] == list(child.externals())


def test_every_function_and_class_is_listed() -> None:
    """Methods, nested functions and classes inside functions are listed with their qualified names."""
    built = project(
        {
            "app.py": """
            class Shop:
                class Meta:
                    pass

                def open(self):
                    def helper():
                        pass

                @property
                def name(self):
                    return 1

                @name.setter
                def name(self, value):
                    pass

            async def main():
                if True:
                    class Local:
                        pass
            """,
        }
    )
    shop = built.modules["app"].contents.names["Shop"]
    assert isinstance(shop, Class)

    assert {"app.Shop", "app.Shop.Meta", "app.main.<locals>.Local"} == {cls.qualname for cls in built.classes()}
    assert ["app.Shop.name", "app.Shop.name", "app.Shop.open", "app.Shop.open.<locals>.helper", "app.main"] == sorted(
        function.qualname for function in built.functions()
    )
    assert 1 == len(shop.methods["name"].node.args.args)


def test_a_class_that_is_its_own_base_has_an_end() -> None:
    """Bases that run in a circle, as broken code may have, are each met once."""
    built = project(
        {"a.py": "from b import Two\nclass One(Two): pass", "b.py": "from a import One\nclass Two(One): pass"}
    )
    one = built.modules["a"].contents.names["One"]
    assert isinstance(one, Class)

    assert ["One", "Two"] == [cls.name for cls in one.mro if isinstance(cls, Class)]


def test_what_a_hybrid_says_in_sql_leaves_what_it_says_of_an_instance() -> None:
    """The getter of a hybrid property stays its class's method, whatever is added under the same name."""
    built = project(
        {
            "app.py": """
            class Account:
                @hybrid_property
                def name(self):
                    return self.first

                @name.inplace.setter
                def name(self, value):
                    pass

                @name.expression
                def name(cls):
                    return cls.first

                @name.update_expression
                def name(cls, value):
                    return []

                @name.comparator
                def name(cls):
                    return None
            """
        }
    )
    account = built.modules["app"].contents.names["Account"]
    assert isinstance(account, Class)

    assert "self.first" in ast.unparse(account.methods["name"].node)
