"""The caption of a figure names what it is of."""

from __future__ import annotations

from datetime import datetime

import pytest

from helpers.figures import build_last_figure, get_run_uid, make_run
from helpers.streams import EPOCH

LINE = {"linescan": "start", "motor": "xafs_x", "detector": "It"}
COLUMNS = {"xafs_x": [1.0, 2.0], "I0": [1.0, 1.0], "It": [0.5, 0.6]}


@pytest.mark.parametrize(
    ("start", "name"),
    [
        ({"XDI": {"Sample": {"name": "Fe2O3"}}}, "Fe2O3"),
        ({"sample_name": "NiO"}, "NiO"),
        ({"XDI": {"_filename": "hematite.001"}}, "hematite.001"),
        ({"plan_name": "rel_scan linescan", "scan_id": 1234}, "rel_scan linescan #1234"),
    ],
)
def test_a_caption_has_name_start_time_and_short_uid(start: dict[str, object], name: str) -> None:
    run = make_run(COLUMNS, None, ["xafs_x"], start=start)
    found = build_last_figure(LINE, run).caption.split("  ·  ")
    moment = datetime.fromtimestamp(run[0][1]["time"])  # noqa: DTZ006 - of this computer, as on all pages
    assert found == [name, f"{moment:%Y-%m-%d %H:%M:%S}", get_run_uid(run)[:8]]


def test_a_figure_without_a_run_has_the_time_of_its_message() -> None:
    moment = datetime.fromtimestamp(EPOCH)  # noqa: DTZ006
    assert build_last_figure(LINE).caption.startswith(f"{moment:%Y-%m-%d}")
