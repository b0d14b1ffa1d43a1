"""The mapping of reference foils: JSON today, a Python literal before."""

from __future__ import annotations

import json
from typing import Any

import pytest
from structlog.testing import capture_logs

from helpers.dossiers import ParsedPage
from helpers.figures import get_run_uid
from helpers.file_actions import FileManagerHarness
from helpers.file_manager import build_xafs_run
from helpers.streams import stamp_entries
from xafs_workers.filemanager.actions.dossier import NUMBER_KEY
from xafs_workers.filemanager.reference_materials import KEY, parse_reference_materials

MAPPING = {"Fe": [1, 4, "Fe", "Fe foil"], "Pt": [0, 2, "Pt", None], "Ce": [0, 3, "Ce", "CeO2"], "None": []}


@pytest.mark.parametrize("text", [json.dumps(MAPPING), repr(MAPPING)])
def test_both_forms_of_the_mapping_are_read(text: str) -> None:
    assert parse_reference_materials(text) == {"Fe": "Fe foil", "Ce": "CeO2"}


@pytest.mark.parametrize("text", ["{", "[1]", "__import__('os')", "(" * 5000])
def test_another_text_is_logged_and_gives_nothing(text: str) -> None:
    with capture_logs() as logs:
        assert parse_reference_materials(text) == {}
    assert [entry["event"] for entry in logs] == ["references_not_read"]


class Store:
    """A key store in memory."""

    def __init__(self) -> None:
        self.values = {KEY: json.dumps(MAPPING)}

    def read(self, key: str) -> str | None:
        return self.values.get(key)

    def write(self, values: dict[str, Any]) -> bool:
        self.values |= {key: str(value) for key, value in values.items()}
        return True


def test_a_dossier_names_the_foil_and_stores_its_number(manager: FileManagerHarness) -> None:
    manager.key_store = Store()
    run = build_xafs_run()
    run[0][1].update(data_session="pass-333333", cycle="2025-1")
    start = [("bmm", {"dossier": "start", "stub": "iron"})]
    manager.fold(stamp_entries([*start, *run, ("bmm", {"dossier": "set", "uidlist": [get_run_uid(run)]})]))
    outcome = manager.send(dossier="write")
    assert outcome.paths == (str(manager.folder / "dossier/iron-01.html"),)
    assert "Fe foil" in ParsedPage((manager.folder / "dossier/iron-01.html").read_bytes()).text
    assert manager.key_store.values[NUMBER_KEY] == "1"
