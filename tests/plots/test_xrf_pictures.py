"""Pictures of fluorescence spectra."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from helpers.figures import get_run_uid, make_run
from helpers.published_pictures import HOME, draw_picture, list_files
from xafs_workers.plots.picture_publisher import PicturePublisher


def make_spectrum_request(columns: dict[str, Any]) -> list[Any]:
    run = make_run(columns, start=HOME)
    return [run, {"xrf": "plot", "uid": get_run_uid(run), "filename": "x.png"}]


def test_a_spectrum_is_saved_in_the_xrf_folder(shelf: PicturePublisher, root: Path) -> None:
    assert draw_picture(shelf, *make_spectrum_request({"1-element SDD_channel08_xrf": [[5] * 900]})).state == "done"
    assert list_files(root) == ["2026-1/pass-1/XRF/x.png"]


def test_an_empty_picture_fails_with_the_reason(shelf: PicturePublisher, root: Path) -> None:
    outcome = draw_picture(shelf, *make_spectrum_request({"I0": [1.0]}))
    assert outcome.state == "failed"
    assert "waiting for the spectra" in outcome.reason
    assert list_files(root) == []
