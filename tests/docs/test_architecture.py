"""The architecture page names every package and import contract, and nothing that does not exist."""

from __future__ import annotations

import ast
import re
import runpy
import tomllib
from functools import cache
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

REPOSITORY = Path(__file__).parents[2]
SOURCE = REPOSITORY / "src" / "xafs_workers"
PAGE = REPOSITORY / "docs" / "architecture.md"
DRAWING = REPOSITORY / "tools" / "architecture_picture.py"

THREADS = {"clicks", "edges", "follower", "reducer", "slack", "pictures"}
"""Names of threads and queues on the page; `test_threads_exist` looks for them."""

WORDS_OF_PICTURE = {"acquisition session", "effect", "pixels", "proposal folder", "stored offset"}
"""Boxes of the picture that are neither a class nor a package."""


def read_section(title: str) -> str:
    return re.split(r"^## ", PAGE.read_text().partition(f"## {title}\n")[2], maxsplit=1, flags=re.M)[0]


def list_packages() -> set[str]:
    """Return the packages and modules directly below the source folder, without the program's entry."""
    packages = {path.parent.name for path in SOURCE.glob("*/__init__.py")}
    return packages | {path.stem for path in SOURCE.glob("*.py") if not path.stem.startswith("__")}


@cache
def list_names() -> frozenset[str]:
    """Return the names of packages, modules, classes, functions and constants of the source."""
    names = list_packages() | {path.stem for path in SOURCE.rglob("*.py")}
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef | ast.FunctionDef):
                names.add(node.name)
            elif isinstance(node, ast.Assign):
                names |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    return frozenset(names)


def exists(name: str) -> bool:
    """Check whether a code span is a path of the repository or the package, or a name of the source."""
    if " " in name or "/" in name:
        paths = [part for part in name.split() if "/" in part]
        return all((SOURCE / part).exists() or (REPOSITORY / part).exists() for part in paths)
    if (REPOSITORY / name).exists():
        return True
    return set(name.split(".")) <= list_names() | THREADS


def test_table_has_every_package_once() -> None:
    rows = re.findall(r"^\| (`[^|]+) \|", read_section("Packages"), re.M)
    named = [name for row in rows for name in re.findall(r"`(\w+)`", row)]
    assert sorted(named) == sorted(list_packages())


def test_code_names_exist() -> None:
    wrong = [
        f"docs/architecture.md:{number}: no `{name}` in src: write the name of today or remove it"
        for number, line in enumerate(PAGE.read_text().splitlines(), 1)
        for name in re.findall(r"`([^`]+)`", line)
        if name != "make check" and not exists(name)
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("name", sorted(THREADS))
def test_threads_exist(name: str) -> None:
    assert any(f'"{name}"' in path.read_text() for path in SOURCE.rglob("*.py"))


def test_contracts_are_those_of_the_configuration() -> None:
    settings = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())
    contracts = [contract["name"] for contract in settings["tool"]["importlinter"]["contracts"]]
    rows = re.findall(r"^\| ([^|]+?) \|", read_section("Import contracts"), re.M)
    assert rows[1:] == contracts


def test_links_lead_to_files() -> None:
    targets = re.findall(r"\]\(([^)#]+)\)", PAGE.read_text())
    missing = [target for target in targets if not (PAGE.parent / target).exists()]
    assert not missing


def test_picture_is_what_the_program_draws() -> None:
    drawn = runpy.run_path(str(DRAWING))
    assert drawn["TARGET"].read_text() == drawn["draw_picture"](), "run python tools/architecture_picture.py"


def test_names_in_the_picture_exist() -> None:
    boxes = [box.name for box in runpy.run_path(str(DRAWING))["BOXES"] if not box.name.startswith("Kafka:")]
    wrong = [name for name in boxes if name not in WORDS_OF_PICTURE and name not in list_names()]
    assert not wrong
