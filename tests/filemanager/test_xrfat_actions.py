"""Spectra at chosen energies of a scan: the file manager writes their file, the headless worker draws them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from helpers.figures import get_run_uid
from helpers.file_actions import FileManagerHarness, act_on
from helpers.fluorescence_spectra import BINS, make_counts, make_scan_with_spectra
from helpers.streams import Entry, stamp_entries
from xafs_workers.filemanager.file_actions import FileActionHandler
from xafs_workers.messages.parsing import parse
from xafs_workers.scans.items import ReceivedMessage, RecordPosition


@pytest.fixture
def run(manager: FileManagerHarness) -> list[Entry]:
    entries = make_scan_with_spectra("4-element SDD")
    entries[0][1].update(data_session="pass-333333", cycle="2025-1")
    manager.fold(stamp_entries(entries))
    return entries


@pytest.mark.parametrize("action", ["start", "write", True])
def test_the_file_has_the_spectra_at_the_energies(
    action: object, manager: FileManagerHarness, run: list[Entry]
) -> None:
    named = "/somewhere/else/spectra.xrf"
    outcome = act_on(manager, xrfat=action, uid=get_run_uid(run), energy=[7100.0, -1], xrffile=named, add=False)
    assert (outcome.state, outcome.reason) == ("done", "")
    assert outcome.paths == (str(manager.folder / "XRF" / "spectra.xrf"),)
    lines = Path(outcome.paths[0]).read_text().splitlines()
    labels = next(line for line in reversed(lines) if line.startswith("#")).split()[1:]
    assert labels[:3] == ["energy", "mca1_7100_0", "mca2_7100_0"]
    table = np.array([list(map(float, line.split())) for line in lines if not line.startswith("#")])
    assert table.shape == (BINS, 9)
    np.testing.assert_array_equal(table[:, 1], make_counts(1, 2))
    np.testing.assert_array_equal(table[:, 8], make_counts(4, 4))


def test_without_a_file_only_the_picture_is_asked_for(manager: FileManagerHarness, run: list[Entry]) -> None:
    control = ReceivedMessage(
        parse({"xrfat": "start", "uid": get_run_uid(run), "energy": [-1]}), 1.0, RecordPosition("t", 0, 0)
    )
    assert not FileActionHandler(manager.build_context(), tuple).is_relevant(control)
