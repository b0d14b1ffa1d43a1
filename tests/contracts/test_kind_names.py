"""No module names a kind but the kind's own modules: what a kind needs, its modules declare."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from xafs_workers.messages.base import kinds

SOURCE = Path(__file__).parents[2] / "src" / "xafs_workers"

FREE_PACKAGES = {
    "simulation": "runs the plans of each kind",
    "demo": "checks what these plans lead to",
    "producer": "sends the messages of each kind, with the names that sessions import today",
}

ALLOWED = {
    ("filemanager/actions/resolve_folder.py", "xrr"): "a word in the name of an end station",
    ("scans/xafs_sequence.py", "xafsscan"): "a sequence merges the runs of the XAFS scan that belongs to it",
    ("storage/sequence_number.py", "dossier"): "an ordinary word: the folder of the pages that have a number",
    ("storage/owned_names.py", "dossier"): "an ordinary word: one of the folders into which the program writes",
    ("writers/xrrxdi.py", "xrr"): "the name of a column",
    ("writers/raster.py", "areascan"): "a word of the run's hint, which the acquisition writes",
}
"""Places outside a kind's own modules that may name it, each with the reason."""

CLASSES = {message.__name__: message.kind for message in kinds.discover().values()}
ACTIONS = {kind: {one.action for one in kinds.discover().values() if one.kind == kind} for kind in CLASSES.values()}
STRINGS = {**{key: message.kind for key, message in kinds.discover().items()}, **{kind: kind for kind in ACTIONS}}


def is_own_module(stem: str, kind: str) -> bool:
    """Check whether a module belongs to a kind: `areascan.py`, `xafs_sequence_pictures.py`."""
    return stem == kind or stem.startswith(f"{kind}_")


def find_named_kinds(tree: ast.AST) -> Iterator[tuple[str, str, int]]:
    """Yield (kind, name, line) of each string and class name of a kind."""
    for node in ast.walk(tree):
        match node:
            case ast.Constant(value=str(text)) if text in STRINGS:
                yield STRINGS[text], text, node.lineno
            case ast.Name(id=name) | ast.Attribute(attr=name) | ast.alias(name=name) if name in CLASSES:
                yield CLASSES[name], name, node.lineno
            case _:
                pass


def find_foreign_names(path: Path) -> Iterator[tuple[str, str, str]]:
    """Yield (module, kind, place) of each name of a kind in a module that is not its own.

    In a module of a kind, a word that is an action of this kind is the action's name (`dossier.raster`).
    """
    module = path.relative_to(SOURCE).as_posix()
    owners = [kind for kind in ACTIONS if is_own_module(path.stem, kind)]
    for kind, name, line in find_named_kinds(ast.parse(path.read_text(encoding="utf-8"))):
        if kind not in owners and not any(name in ACTIONS[owner] for owner in owners):
            yield module, kind, f"{module}:{line}: {name}"


def list_modules() -> list[Path]:
    return [path for path in sorted(SOURCE.rglob("*.py")) if path.relative_to(SOURCE).parts[0] not in FREE_PACKAGES]


def test_only_its_own_modules_name_a_kind() -> None:
    found = [hit for path in list_modules() for hit in find_foreign_names(path)]
    assert [place for module, kind, place in found if (module, kind) not in ALLOWED] == []
    assert {(module, kind) for module, kind, _ in found} == set(ALLOWED), "an allowed place that names no kind"


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ('RESTING = ("linescan", "touch")', "linescan"),
        ('x = {"xrf.write": 1}', "xrf.write"),
        ("from xafs_workers.messages.linescan import LinescanStart", "LinescanStart"),
        ("isinstance(message, messages.XafsscanStop)", "XafsscanStop"),
    ],
)
def test_names_of_kinds_are_found(code: str, name: str) -> None:
    assert name in [found for _, found, _ in find_named_kinds(ast.parse(code))]
