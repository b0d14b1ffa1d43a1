"""Reports of a calibration of the Mythen detector: geometry, regions, the file's own name, and the plot."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from helpers.file_actions import FileManagerHarness, act_on
from helpers.reports import ReadSlide, add_pictures, read_report, write_after_patience
from xafs_workers.messages.mythen_calibration import MythenCalibration

EXAMPLE = dict(MythenCalibration.example)


def write(manager: FileManagerHarness, **changed: Any) -> ReadSlide:
    message = {**EXAMPLE, "path": str(manager.folder), **changed}
    outcome = act_on(manager, **{key: value for key, value in message.items() if value != "left out"})
    assert outcome.state == "done", outcome.reason
    assert outcome.paths == (str(manager.folder / "reports/mythen_calibration_a_20260131T1000.pptx"),)
    (slide,) = read_report(Path(outcome.paths[0]).read_bytes())
    return slide


@pytest.fixture
def picture(manager: FileManagerHarness) -> bytes:
    return add_pictures(manager, ["mythen_calibration_a.png"])[0]


def test_the_slide_has_the_values_of_the_message(manager: FileManagerHarness, picture: bytes) -> None:
    slide = write(manager, energy=17000.0)
    assert slide.pictures == [picture]
    assert slide.is_inside
    for line in (
        "Mythen calibration: mythen_calibration_a",
        "time: 2026-01-31 10:00",
        "detector file: a.h5",
        "energy: 17000 eV",
        "gap: 0.5 mm",
        "slits: V = 0.6 mm",
        "slits: H = 1 mm",
        "pixel zero: 640",
        "distance: 605.02 mm (12100.5 pixels)",
        f"angle of a pixel: {np.degrees(np.arctan(1 / 12100.5)):.6f}°",
        "direct region: 640 ± 3 pixels, 0.350 mm",
        "reflected region: 640 ± 9 pixels, 0.950 mm",
    ):
        assert line in slide.texts
    assert not any("CHESS" in text for text in slide.texts)


def test_half_widths_in_mm_become_pixels(manager: FileManagerHarness, picture: bytes) -> None:
    texts = write(manager, dw=0.12, rw=0.2).texts
    assert "direct region: 640 ± 2.4 pixels, 0.290 mm" in texts
    assert "reflected region: 640 ± 4 pixels, 0.450 mm" in texts


def test_a_setup_with_a_pole_has_a_box_for_its_calibration(manager: FileManagerHarness, picture: bytes) -> None:
    assert "CHESS calibration: coefficients to be filled in" in write(manager, setup="Pole figure").texts


@pytest.mark.parametrize("key", ["hdffile", "energy", "gap", "setup", "uid", "pixel0", "angle_per_pixel", "slits_t"])
def test_a_missing_field_is_a_dash_or_left_out(manager: FileManagerHarness, picture: bytes, key: str) -> None:
    texts = " ".join(write(manager, **{key: "left out"}).texts)
    assert "None" not in texts
    assert "–" in texts or key == "slits_t"


def test_without_its_picture_the_report_is_written(manager: FileManagerHarness) -> None:
    (slide,), reason = write_after_patience(manager, **{**EXAMPLE, "path": str(manager.folder)})
    assert reason == "without snapshots/mythen_calibration_a.png"
    assert "angle against pixel: no picture snapshots/mythen_calibration_a.png" in slide.texts
