"""The glossary names every public class of the project's vocabulary, and nothing that the code does not have."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
SOURCE = REPOSITORY / "src" / "xafs_workers"
GLOSSARY = REPOSITORY / "docs" / "glossary.md"

VOCABULARY = (
    "scans/items.py",
    "scans/board.py",
    "scans/board_config.py",
    "scans/scan.py",
    "scans/reduction_requests.py",
    "scans/run_requests.py",
    "figures/model.py",
    "consumer/loop.py",
    "consumer/ordered_reader.py",
    "consumer/partition_merger.py",
    "consumer/record_parser.py",
    "consumer/roles.py",
    "runtime/durable_context.py",
    "runtime/effect_ledger.py",
    "runtime/message_engine.py",
    "runtime/outcome.py",
    "runtime/work_queues.py",
)
"""Modules whose public classes need an entry."""


def read_entries() -> list[str]:
    return [line for line in GLOSSARY.read_text().splitlines() if line.startswith("* **")]


def list_names() -> set[str]:
    """Return every name that the source defines or uses, its modules, and its one-word string constants."""
    names: set[str] = set()
    for path in SOURCE.rglob("*.py"):
        names.add(path.stem)
        names.add(path.parent.name)
        for node in ast.walk(ast.parse(path.read_text())):
            for attribute in ("name", "id", "attr", "arg", "value"):
                value = getattr(node, attribute, None)
                if isinstance(value, str) and value.isidentifier():
                    names.add(value)
    return names


@pytest.mark.parametrize("module", VOCABULARY)
def test_public_classes_have_entries(module: str) -> None:
    text = "\n".join(read_entries())
    tree = ast.parse((SOURCE / module).read_text())
    classes = [node.name for node in tree.body if isinstance(node, ast.ClassDef) and not node.name.startswith("_")]
    missing = [name for name in classes if f"`{name}`" not in text]
    assert not missing, f"docs/glossary.md: add an entry for {', '.join(missing)} of {module}"


@pytest.mark.slow
def test_code_names_exist() -> None:
    known = list_names()
    wrong = [
        f"docs/glossary.md:{number}: no `{name}` in src: write the name of today or remove it"
        for number, line in enumerate(GLOSSARY.read_text().splitlines(), 1)
        for name in re.findall(r"`([^`]+)`", line)
        if not name.startswith(".") and not set(name.split(".")) <= known
    ]
    assert not wrong, "\n".join(wrong)


def test_entries_are_sorted_and_short() -> None:
    entries = read_entries()
    terms = [re.match(r"\* \*\*(.+?)\*\*", entry).group(1) for entry in entries]
    assert terms == sorted(terms, key=str.casefold)
    assert len(terms) == len(set(terms))
    long = [term for term, entry in zip(terms, entries, strict=True) if entry.count(". ") > 3]
    assert not long, f"more than two sentences and a reference: {long}"


def test_references_are_defined() -> None:
    text = GLOSSARY.read_text()
    used = set(re.findall(r"See \[(\w+)\]", text))
    defined = set(re.findall(r"^\[(\w+)\]: https://", text, re.MULTILINE))
    assert used == defined
