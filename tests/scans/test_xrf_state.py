"""Fluorescence spectra: the picture and its folder."""

from __future__ import annotations

import pytest

from helpers.figures import get_run_uid, make_run
from helpers.requested_pictures import request_last_picture
from xafs_workers.scans.picture_requests import NoFolderError


def test_a_spectrum_is_saved_in_the_folder_of_its_run() -> None:
    run = make_run({"I0": [1.0]})
    found = request_last_picture(
        run, make_run({"I0": [1.0]}), {"xrf": "plot", "uid": get_run_uid(run), "filename": "x.png"}
    )
    assert found is not None
    assert found.name == "XRF/x.png"
    assert found.run is not None
    assert found.run.uid == get_run_uid(run)


def test_a_spectrum_of_an_unknown_run_has_no_folder() -> None:
    """The proposal of another run is not taken: a picture in a foreign folder is worse than none."""
    with pytest.raises(NoFolderError, match="run gone: unknown run"):
        request_last_picture(make_run({"I0": [1.0]}), {"xrf": "plot", "uid": "gone", "filename": "x.png"})
