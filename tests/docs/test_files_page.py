"""The table of files in the manual: each folder and each file that the code writes has its row."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from xafs_workers.messages.base import kinds
from xafs_workers.storage.owned_names import OWNED_FILES, RESERVATIONS_FOLDER
from xafs_workers.writers.merged_xdi import build_name

PAGE = (Path(__file__).parents[2] / "docs/reference/files.md").read_text(encoding="utf-8")
ROWS = [tuple(cell.strip() for cell in line.strip("|").split("|")) for line in PAGE.splitlines() if line[:1] == "|"]
FOLDER = re.compile(r"\b(?:in|below) ([A-Za-z]+)/")


def list_named_folders() -> list[tuple[str, str]]:
    """List (kind, folder) of each field that is described as the name of a file in a folder."""
    return [
        (message.kind, found[1])
        for message in kinds.discover().values()
        for field in message.model_fields.values()
        for found in FOLDER.finditer(field.description or "")
    ]


@pytest.mark.parametrize(("kind", "folder"), list_named_folders())
def test_each_folder_of_a_message_is_in_the_table(kind: str, folder: str) -> None:
    assert [row for row in ROWS if row[0] == f"`{folder}/`" and f"`{kind}" in row[2]]


def test_spectra_and_indexes_are_in_the_table() -> None:
    assert {kind for kind, folder in list_named_folders() if folder == "XRF"} == {"xrf", "xrfat"}
    words = " ".join(f"{row[0]} {row[1]}" for row in ROWS)
    indexes = (path for path in OWNED_FILES if path.startswith("dossier/"))
    for path in (*indexes, build_name("<stub>", 1)):
        assert f"`{Path(path).name}`" in words
    assert f"`{RESERVATIONS_FOLDER}/`" in words
