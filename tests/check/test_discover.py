"""Which files a check reads, and what it makes of their places."""

from __future__ import annotations

from pathlib import Path

import pytest

from hermetic._check.source.discover import Search, SourceFile, discover
from hermetic.errors import NothingToCheck

Tree = dict[str, str]


def grow(root: Path, files: Tree) -> Path:
    """Write files below a directory."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


def found(*paths: Path, search: Search | None = None) -> list[SourceFile]:
    return [each for each in discover(paths, search) if isinstance(each, SourceFile)]


def names(*paths: Path, search: Search | None = None) -> list[str]:
    return [each.path.relative_to(paths[0]).as_posix() for each in found(*paths, search=search)]


def test_python_and_markdown_are_found_in_order(tmp_path: Path) -> None:
    """Every `.py` and `.md` below a directory is read, in the order of their names."""
    grow(tmp_path, {"b.py": "", "a/z.py": "", "guide.md": "```python\nx = 1\n```\n", "data.txt": "no", "c.pyi": ""})

    assert ["a/z.py", "b.py", "guide.md"] == names(tmp_path)


def test_names_are_relative_to_the_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file below the working directory is shown as the user would write it, another one absolutely."""
    here, there = grow(tmp_path / "here", {"a.py": ""}), grow(tmp_path / "there", {"b.py": ""})
    monkeypatch.chdir(here)

    assert ["a.py"] == [each.name for each in discover(["."]) if isinstance(each, SourceFile)]
    assert [(there / "b.py").as_posix()] == [each.name for each in found(there)]


@pytest.mark.parametrize("directory", [".git", "node_modules", "__pycache__", "build", "dist", ".tox", "site-packages"])
def test_what_is_not_the_users_code_is_not_walked(tmp_path: Path, directory: str) -> None:
    """Caches, build output and installed packages are left out."""
    grow(tmp_path, {f"{directory}/a.py": "", "b.py": ""})

    assert ["b.py"] == names(tmp_path)


def test_a_virtual_environment_is_known_by_its_file(tmp_path: Path) -> None:
    """A directory with `pyvenv.cfg` is a virtual environment whatever its name."""
    grow(tmp_path, {"my-env/pyvenv.cfg": "", "my-env/lib/a.py": "", "b.py": ""})

    assert ["b.py"] == names(tmp_path)


def test_what_is_named_is_checked(tmp_path: Path) -> None:
    """A path given by name is read, whatever it is called and whatever ignores it."""
    packages = grow(tmp_path, {"site-packages/shop/a.py": "", ".gitignore": "site-packages", ".git/HEAD": ""})
    script = grow(tmp_path, {"run": "x = 1\n"}) / "run"

    assert ["shop/a.py"] == names(packages / "site-packages")
    assert [script] == [each.path for each in found(script)]


def test_a_package_may_be_called_build(tmp_path: Path) -> None:
    """Build output is known by its name and by being no package."""
    grow(tmp_path, {"shop/build/__init__.py": "", "build/a.py": ""})

    assert ["shop/build/__init__.py"] == names(tmp_path)


def test_exclude_holds_outside_the_working_directory(tmp_path: Path) -> None:
    """Patterns start at the checked directory where it does not lie below the configuration file."""
    grow(tmp_path, {"shop/legacy/a.py": "", "shop/b.py": "", "elsewhere/c.py": ""})
    search = Search(exclude=("legacy/*",), base=tmp_path / "elsewhere")

    assert ["b.py"] == names(tmp_path / "shop", search=search)


def test_exclude_is_written_as_in_gitignore(tmp_path: Path) -> None:
    """Patterns match names and paths below the configuration file; a later `!` takes a file back in."""
    grow(tmp_path, {"legacy/a.py": "", "legacy/keep.py": "", "gen_pb2.py": "", "b.py": ""})
    search = Search(exclude=("legacy/*", "!legacy/keep.py", "*_pb2.py"), base=tmp_path)

    assert ["b.py", "legacy/keep.py"] == names(tmp_path, search=search)


def test_gitignore_is_obeyed_at_every_level(tmp_path: Path) -> None:
    """What the repository ignores is left out; a deeper file may take it back in."""
    grow(
        tmp_path,
        {
            ".git/HEAD": "",
            ".gitignore": "generated/\n*.tmp.py\n",
            "generated/a.py": "",
            "b.tmp.py": "",
            "deep/.gitignore": "!c.tmp.py\n",
            "deep/c.tmp.py": "",
            "deep/d.tmp.py": "",
            "e.py": "",
        },
    )

    assert ["deep/c.tmp.py", "e.py"] == names(tmp_path)
    assert ["c.tmp.py"] == names(tmp_path / "deep")


def test_a_file_reached_twice_is_read_once(tmp_path: Path) -> None:
    """Overlapping paths and links do not repeat a module; it keeps its own name."""
    grow(tmp_path, {"shop/a.py": ""})
    (tmp_path / "again").symlink_to(tmp_path / "shop")
    (tmp_path / "link.py").symlink_to(tmp_path / "shop" / "a.py")

    assert ["shop/a.py"] == [each.path.relative_to(tmp_path).as_posix() for each in found(tmp_path, tmp_path / "shop")]


def test_a_path_that_does_not_exist_ends_the_check(tmp_path: Path) -> None:
    """A mistyped path must not pass for a clean one."""
    with pytest.raises(NothingToCheck, match=r"no such path: '.*oders'; give a file or a directory that exists"):
        found(tmp_path / "oders")


@pytest.mark.parametrize(
    ("files", "path", "module"),
    [
        ({"shop/__init__.py": "", "shop/orders/__init__.py": ""}, "shop/orders/api.py", "shop.orders.api"),
        ({"shop/__init__.py": ""}, "shop/__init__.py", "shop"),
        ({"pyproject.toml": "", "src/shop/__init__.py": ""}, "src/shop/api.py", "shop.api"),
        ({"pyproject.toml": ""}, "src/acme/shop/api.py", "acme.shop.api"),
        ({"pyproject.toml": "", "src/acme/shop/__init__.py": ""}, "src/acme/shop/api.py", "acme.shop.api"),
        ({"pyproject.toml": "", "backend/app/__init__.py": ""}, "backend/app/main.py", "app.main"),
        ({"pyproject.toml": ""}, "backend-v2/app/main.py", "app.main"),
        ({"pyproject.toml": ""}, "app/main.py", "app.main"),
        ({}, "main.py", "main"),
    ],
    ids=["package", "init", "src", "src-namespace", "namespace-of-packages", "subproject", "no-name", "flat", "script"],
)
def test_a_module_has_the_name_it_is_imported_by(tmp_path: Path, files: Tree, path: str, module: str) -> None:
    """Packages, `src` layouts, namespace packages and scripts are named as an import names them."""
    grow(tmp_path, {**files, path: ""})

    assert [module] == [each.module for each in found(tmp_path) if each.path == tmp_path / path]


@pytest.mark.parametrize(
    ("path", "role"),
    [
        ("shop/orders.py", "code"),
        ("shop/testing_ground.py", "code"),
        ("tests/helpers.py", "test"),
        ("shop/test_orders.py", "test"),
        ("shop/orders_test.py", "test"),
        ("shop/conftest.py", "test"),
        ("shop/fixtures/orders.py", "test"),
        ("alembic/env.py", "migration"),
        ("shop/migrations/versions/0001_start.py", "migration"),
        ("shop/db_migrations/versions/0001_start.py", "migration"),
        ("examples/simple.py", "example"),
    ],
)
def test_a_file_has_the_role_of_its_place(tmp_path: Path, path: str, role: str) -> None:
    """Tests, migrations and examples are known by their directories and names."""
    grow(tmp_path, {"pyproject.toml": "", path: ""})

    assert [role] == [each.role for each in found(tmp_path)]


def test_directories_above_the_project_say_nothing(tmp_path: Path) -> None:
    """A project that happens to lie below a directory called `tests` is code."""
    root = grow(tmp_path / "tests" / "shop", {"pyproject.toml": "", "orders.py": ""})

    assert ["code"] == [each.role for each in found(root)]
