"""Render the conda recipe as rattler-build does, without a network: `python tools/check_recipe.py recipe/recipe.yaml`.

An unknown key, a wrong value or an undefined variable ends the program with the place and the reason.
"""

from __future__ import annotations

import sys
from pathlib import Path

from rattler_build import RattlerBuildError, Stage0Recipe


def main(path: Path) -> int:
    """Render a recipe, print what it would build, and return the exit code."""
    try:
        variants = Stage0Recipe.from_yaml(path.read_text(encoding="utf-8"), recipe_dir=path.parent).render()
    except RattlerBuildError as fault:
        print(f"{path}: {fault}", file=sys.stderr)  # noqa: T201 - a program for the terminal
        return 1
    for variant in variants:
        package = variant.recipe.package
        print(f"{path}: {package.name} {package.version}")  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
