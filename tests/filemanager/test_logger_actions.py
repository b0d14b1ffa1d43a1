"""The log file of a proposal."""

from __future__ import annotations

from pathlib import Path

import pytest

from helpers.file_actions import FileManagerHarness
from helpers.streams import Entry, stamp_entries
from xafs_workers.storage.errors import Refused


def test_log_entries_are_written_to_the_open_log_file(manager: FileManagerHarness, entries: list[Entry]) -> None:
    """One file, one writer; posts about the proposal are written there too."""
    manager.fold(stamp_entries(entries))
    assert "no log file is open" in manager.send(logger="entry", text="nowhere").reason
    path = str(manager.folder / "file_manager.log")
    assert manager.send(logger="start", folder=str(manager.folder)).paths == (path,)
    assert manager.send(logger="entry", text="changed the gas").paths == (path,)
    manager.send(echoslack=True, text="begins")
    manager.send(logger="clear")
    manager.send(echoslack=True, text="later")
    manager.send(logger="entry", text="later")
    lines = [line.partition("  ")[2] for line in Path(path).read_text().splitlines()]
    assert lines == ["changed the gas", "begins"]


@pytest.mark.parametrize("folder", ["/etc", "{proposals}", "{folder}/snapshots", "{proposals}/2025-1/pass-1/../../.."])
def test_a_log_file_outside_the_proposal_is_refused(folder: str, manager: FileManagerHarness) -> None:
    with pytest.raises(Refused):
        manager.send(logger="start", folder=folder.format(proposals=manager.proposals, folder=manager.folder))
    assert not list(manager.proposals.rglob("*.log"))
