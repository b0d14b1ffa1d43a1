"""Posts: where they are logged and to whom they go."""

from __future__ import annotations

from pathlib import Path

import pytest

from helpers.dossiers import touch_files
from helpers.file_actions import FileManagerHarness
from helpers.streams import Entry, stamp_entries
from xafs_workers.storage.errors import Refused


def test_lines_and_pictures_are_posted(manager: FileManagerHarness, entries: list[Entry]) -> None:
    manager.fold(stamp_entries(entries))
    touch_files(manager.folder, "snapshots/w.jpg")
    assert manager.send(echoslack=True, text="begins :tada:", rid="1a2b").state == "done"
    assert manager.send(echoslack=True, text="ignored", img=str(manager.folder / "snapshots/w.jpg")).state == "done"
    assert "begins 🎉" in manager.log.text
    assert "1a2b" in manager.log.ids
    assert "#icon-camera" in manager.log.addresses
    assert "ignored" not in manager.log.text
    assert [(post.session, post.text, Path(post.picture).name) for post in manager.posts] == [
        ("pass-333333", "begins :tada:", ""),
        ("pass-333333", "w.jpg", "w.jpg"),
    ]


def test_a_line_without_a_proposal_is_posted_to_no_channel(manager: FileManagerHarness) -> None:
    outcome = manager.send(echoslack=True, text="beam dump")
    assert outcome.state == "done"
    assert [post.session for post in manager.posts] == [""]
    assert list(manager.folder.iterdir()) == []


@pytest.mark.first_case_fast
@pytest.mark.parametrize("image", ["/etc/passwd", "snapshots/x.jpg", "{folder}/snapshots/gone.jpg", "{folder}/../../x"])
def test_a_missing_picture_is_reported(image: str, manager: FileManagerHarness, entries: list[Entry]) -> None:
    manager.fold(stamp_entries(entries))
    with pytest.raises(Refused):
        manager.send(echoslack=True, img=image.format(folder=manager.folder))
    assert manager.posts == []
    assert not (manager.folder / "dossier").exists()
