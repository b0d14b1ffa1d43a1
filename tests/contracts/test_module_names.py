"""Names of test modules: a file is found by its name alone, in the folder of the package that it tests."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
SOURCE = TESTS.parent / "src" / "xafs_workers"

OWN_FOLDERS = frozenset({"contracts", "docs", "harness", "tools", "helpers", "plugins"})
"""Folders without a package of their name: tests of the repository and of test equipment, and that equipment."""


def is_kind(path: Path) -> bool:
    """Check whether a module has the name of a kind of message."""
    return path.stem != "__init__" and (SOURCE / "messages" / path.name).is_file() and path.stem != "detectors"


def test_names_of_modules_are_unique() -> None:
    names = Counter(path.name for path in TESTS.rglob("*.py") if path.name != "conftest.py")
    assert [name for name, count in names.items() if count > 1] == []


@pytest.mark.parametrize("folder", sorted({path.parent.name for path in TESTS.glob("*/*.py")} - OWN_FOLDERS))
def test_a_folder_is_named_after_a_package(folder: str) -> None:
    assert (SOURCE / folder / "__init__.py").is_file()


def test_modules_at_the_top_are_named_after_modules() -> None:
    names = {path.stem.removeprefix("test_").removesuffix("_compatibility") for path in TESTS.glob("test_*.py")}
    assert [name for name in sorted(names) if not (SOURCE / f"{name}.py").is_file()] == []


@pytest.mark.parametrize("kind", [path.stem for path in sorted((SOURCE / "scans").glob("*.py")) if is_kind(path)])
def test_a_kind_with_a_state_has_tests_of_its_name(kind: str) -> None:
    assert list(TESTS.glob(f"*/test_{kind}_*.py"))
