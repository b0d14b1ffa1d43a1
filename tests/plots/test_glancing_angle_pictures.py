"""Pictures of the summary of a spinner alignment."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from helpers.alignment_curves import SPINNER_RESULT
from helpers.published_pictures import draw_picture, list_files
from xafs_workers.plots.picture_publisher import PicturePublisher
from xafs_workers.runtime.outcome import Outcome


def make_spinner_alignment(name: str) -> list[Any]:
    return [{"glancing_angle": "start", "filename": name}, SPINNER_RESULT, {"glancing_angle": "stop"}]


def test_a_spinner_summary_is_saved_as_its_start_message_asks(
    shelf: PicturePublisher, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where a display exists: nothing opens a window."""
    monkeypatch.setenv("DISPLAY", ":0")
    name = f"{root}/2026-1/pass-1/snapshots/spinner3.png"
    assert draw_picture(shelf, *make_spinner_alignment(name)) == Outcome("done", (name,))
    assert list_files(root) == ["2026-1/pass-1/snapshots/spinner3.png"]


@pytest.mark.parametrize("place", ["{tmp}/elsewhere/s.png", "{root}/s.png", "{root}/2026-1/pass-9/s.png"])
def test_a_summary_outside_an_existing_session_is_refused(
    shelf: PicturePublisher, root: Path, tmp_path: Path, place: str
) -> None:
    outcome = draw_picture(shelf, *make_spinner_alignment(place.format(tmp=tmp_path, root=root)))
    assert outcome.state == "failed"
    assert outcome.reason
    assert list_files(root) == []
