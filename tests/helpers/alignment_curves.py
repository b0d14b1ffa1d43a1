"""Results of alignments, and what their panels must show."""

from __future__ import annotations

from typing import Any

from helpers.examples import AXIS, CURVE, FIT, SIGNAL
from xafs_workers.figures.model import Panel

WHEEL_START = {"align_wheel": "start"}
SPINNER_START = {"glancing_angle": "start", "filename": "/p/2026-1/pass-1/snapshots/s.png"}


def make_slot_result(motor: str, center: float = 2.5, amplitude: float = -0.31) -> dict[str, Any]:
    return {"align_wheel": "find_slot", "motor": motor, **CURVE, "center": center, "amplitude": amplitude}


def make_spinner_result(action: str, motor: str, center: float, *, fit: bool = True, **more: Any) -> dict[str, Any]:
    curve = CURVE if fit else {"xaxis": AXIS, "data": SIGNAL}
    told = {"motor": motor, **curve, "center": center, "amplitude": 0.4, "spinner": 3, **more}
    return {"glancing_angle": action, **told}


LINEAR_RESULT = make_spinner_result("linear", "xafs_y", 1.2, inverted="inverted ")
SPINNER_RESULT = make_spinner_result("linear", "xafs_y", 1.2)


def assert_shows_fit(panel: Panel, cross: tuple[float, float], *, fit: bool = True) -> None:
    assert [trace.key for trace in panel.traces] == (["data", "fit"] if fit else ["data"])
    for trace, values in zip(panel.traces, (SIGNAL, FIT), strict=False):
        assert trace.x.tolist() == AXIS
        assert trace.y.tolist() == values
    (mark,) = panel.marks
    assert (mark.x, mark.y) == cross


def make_wafer_result(**more: Any) -> dict[str, Any]:
    return {"wafer": "edge", "motor": "xafs_x", **CURVE, "center": 3.4, "amplitude": 0.2, **more}


EDGE_ENERGIES = [7112.0, 8979.0, 11919.0, 13035.0, 20000.0]
EDGE_ANGLES = [16.13, 12.71, 9.54, 8.72, 5.67]


def make_calibration(spacing_error: float | None, offset_error: float | None) -> dict[str, Any]:
    found = [energy + 0.3 for energy in EDGE_ENERGIES]
    fitted = {"dspacing": [3.1359, spacing_error], "offset": [0.001, offset_error]}
    return {"mono_calibration": True, "found": found, "ee": EDGE_ENERGIES, "tt": EDGE_ANGLES, "mono": "111", **fitted}
