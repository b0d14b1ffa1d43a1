"""The conda recipe and the matrix of the hosted workflow have what pyproject.toml has."""

from __future__ import annotations

import re
import runpy
import tomllib
from pathlib import Path

import pytest
import yaml

from xafs_workers import __version__

REPOSITORY = Path(__file__).parents[2]
PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
CONDA_NAMES = {"confluent-kafka": "python-confluent-kafka", "msgpack": "msgpack-python"}
"""Packages whose name in conda is another one."""


def test_recipe_has_the_version_and_the_dependencies() -> None:
    recipe = yaml.safe_load((REPOSITORY / "recipe" / "recipe.yaml").read_text())
    assert recipe["context"]["version"] == __version__
    assert PROJECT["requires-python"] == f">={recipe['context']['python_min']}"
    names = {re.split(r"[ <>=\[]", one)[0] for one in PROJECT["dependencies"]}
    asked = {one.split()[0] for one in recipe["requirements"]["run"]} - {"python"}
    assert asked == {CONDA_NAMES.get(name, name) for name in names}


def test_matrix_installs_each_extra() -> None:
    matrix = yaml.safe_load((REPOSITORY / ".github" / "workflows" / "matrix.yml").read_text())
    extras = set(matrix["jobs"]["install"]["strategy"]["matrix"]["extra"]) - {""}
    assert extras == set(PROJECT["optional-dependencies"]) - {"demo", "test", "docs", "dev"}


@pytest.mark.parametrize(("tool", "table"), [("check_install", "EXTRAS"), ("extra_probe", "PROBES")])
def test_tools_use_each_extra(tool: str, table: str) -> None:
    names = set(runpy.run_path(str(REPOSITORY / "tools" / f"{tool}.py"))[table]) - {""}
    assert names == set(PROJECT["optional-dependencies"]) - {"demo", "test", "docs", "dev"}


def test_changelog_begins_with_the_version() -> None:
    first = re.search(r"^## (\S+)", (REPOSITORY / "CHANGELOG.md").read_text(), re.M)
    assert first is not None
    assert first[1] == __version__
