"""Calibrations of the Mythen detector: a known geometry is found, dead pixels drop out, a wrong one is refused."""

from __future__ import annotations

import ast
from typing import Any

import numpy as np
import pytest

from helpers.figures import build_last_figure, fold_board, get_run_uid, join_notes
from helpers.fits import get_analysis
from helpers.goniometer import IMAGE_KEY, PIXELS, make_goniometer_run
from helpers.requested_pictures import request_last_picture
from helpers.streams import EPOCH, fold, stamp_entries
from xafs_workers.scans.analysis import Analysis, analysis_rules
from xafs_workers.scans.board import Board
from xafs_workers.scans.board_config import BoardConfig
from xafs_workers.scans.items import ClockTick
from xafs_workers.scans.mythen import NoGeometryError, find_geometry
from xafs_workers.scans.picture_requests import picture_rules
from xafs_workers.scans.run_requests import RunRequest, build_scan_run_requests
from xafs_workers.scans.runs import FetchedRun

ZERO, PIXELS_AWAY = 612.4, 12_345.6
DELTA = np.linspace(-2.9, 2.7, 225)
MONITOR = np.linspace(900.0, 1100.0, 225)
ETA = 0.25
DEAD = slice(200, 260)


def make_beam(eta: float = ETA, width: float = 6.0) -> np.ndarray:
    """Return the counts of each pixel while the detector moves through the beam, with dead pixels."""
    angles = np.radians(-(DELTA - 2.0 * eta))
    beam = ZERO + np.tan(angles) * PIXELS_AWAY
    distance = (np.arange(PIXELS) - beam[:, np.newaxis]) / width
    image = 8_000.0 * np.exp(-(distance**2)) * (MONITOR / 1000.0)[:, np.newaxis]
    image[:, DEAD] = 0.0
    return image


def make_scan(image: np.ndarray | None = None, baseline: dict[str, float] | None = None, **columns: Any) -> list[Any]:
    shown = {"delta": DELTA.tolist(), "monitor": MONITOR.tolist(), **columns}
    images = np.round(make_beam() if image is None else image).astype(np.int32)
    return make_goniometer_run(shown, images=images, baseline=baseline or {"eta": ETA}, motors=["delta"])


def ask(run: list[Any], **more: Any) -> dict[str, Any]:
    return {"xrr_calibration_plot": True, "uid": get_run_uid(run), "motor": "delta", "detector": "mythen", **more}


def analyse(run: list[Any]) -> Analysis:
    return get_analysis(fold_board(run, ask(run), settled=False))


def test_a_known_geometry_is_answered_in_plain_numbers() -> None:
    (reply,) = analyse(make_scan()).replies
    assert reply.keys == ("BMM:xrd:mythen_calibration",)
    found = ast.literal_eval(reply.text)
    assert set(found) == {"pixelz", "angle_per_pixel", "distance"}
    assert found["pixelz"] == pytest.approx(ZERO, abs=1.0)
    assert found["angle_per_pixel"] == pytest.approx(PIXELS_AWAY, rel=2e-3)
    assert found["distance"] == pytest.approx(0.05 * PIXELS_AWAY, rel=2e-3)
    assert all(type(value) is float for value in found.values())


def test_the_line_is_that_of_numpy() -> None:
    image = make_beam()
    found = find_geometry(image, MONITOR, DELTA, ETA)
    counts = image / MONITOR[:, np.newaxis]
    used = np.flatnonzero(counts.max(axis=0) > 0)
    angles = -(DELTA[counts.argmax(axis=0)] - 2.0 * ETA)
    slope, offset = np.polyfit(used, np.tan(np.radians(angles[used])), 1, w=counts.max(axis=0)[used])
    assert found.slope == pytest.approx(slope, rel=1e-9)
    assert found.pixel_zero == pytest.approx(-offset / slope, rel=1e-9)
    assert not set(found.pixels) & set(range(200, 260)), "dead pixels have no weight"
    np.testing.assert_allclose(found.compute_angles(np.array([found.pixel_zero])), [0.0], atol=1e-12)


def test_frames_without_monitor_are_left_out() -> None:
    monitor = MONITOR.copy()
    monitor[::10] = 0.0
    monitor[5] = np.nan
    found = find_geometry(make_beam(), monitor, DELTA, ETA)
    assert found.pixel_zero == pytest.approx(ZERO, abs=1.0)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"monitor": np.zeros(225)}, "0 frames with counts of the monitor"),
        ({"image": np.zeros((225, PIXELS))}, "0 pixels with counts"),
        ({"image": np.random.default_rng(1).poisson(5.0, (225, PIXELS))}, "the angles of the pixels scatter by"),
        ({"eta": 4.0}, "pixel zero at"),
        ({"delta": np.zeros(225)}, "the angles of the pixels scatter|pixel zero at"),
    ],
)
def test_what_is_no_calibration_is_refused(changed: dict[str, Any], reason: str) -> None:
    given = {"image": make_beam(), "monitor": MONITOR, "delta": DELTA, "eta": ETA, **changed}
    with pytest.raises(NoGeometryError, match=reason):
        find_geometry(**given)


def test_hot_pixels_give_no_wrong_number() -> None:
    image = make_beam()
    image[:, 900:905] = 1e6 + np.random.default_rng(2).normal(0.0, 1.0, (225, 5))
    with pytest.raises(NoGeometryError, match="scatter"):
        find_geometry(image, MONITOR, DELTA, ETA)


def test_without_an_image_or_eta_the_reason_is_answered() -> None:
    run = make_goniometer_run({"delta": DELTA.tolist(), "monitor": MONITOR.tolist()}, motors=["delta"])
    assert analyse(run).problem == f"no {IMAGE_KEY} in the documents of this run"
    other = make_scan(baseline={"nu": 1.0})
    assert (analyse(other).problem, analyse(other).replies) == (
        "no eta in the baseline of this run (expected the angle of the sample)",
        (),
    )


def test_eta_may_be_read_at_each_point() -> None:
    run = make_scan(baseline={"nu": 1.0}, eta=[ETA] * 225)
    assert analyse(run).value["pixelz"] == pytest.approx(ZERO, abs=1.0)
    moved = make_scan(baseline={"nu": 1.0}, eta=np.linspace(0.0, 1.0, 225).tolist())
    assert "eta moved" in analyse(moved).problem


def test_an_image_that_is_only_in_the_catalog_is_waited_for() -> None:
    run = make_goniometer_run(
        {"delta": DELTA.tolist(), "monitor": MONITOR.tolist()}, baseline={"eta": ETA}, motors=["delta"]
    )
    board = fold(stamp_entries([*run, ("bmm", ask(run))]), Board(BoardConfig(fetching_enabled=True)))
    scan, uid = board.scans[-1], get_run_uid(run)
    assert analysis_rules[scan.kind](board, scan) is None
    assert list(build_scan_run_requests(board, scan)) == [RunRequest(uid, image_key=IMAGE_KEY)]
    (fetched,) = fold(stamp_entries(make_scan())).runs.values()
    known = board.runs[uid]
    whole = FetchedRun(uid, type(known)(uid, known.start, known.start_position, arrays=fetched.arrays))
    assert get_analysis(board.apply(whole)).value["pixelz"] == pytest.approx(ZERO, abs=1.0)
    late = board.apply(ClockTick(EPOCH + 20.0))
    assert get_analysis(late).problem == f"{IMAGE_KEY} did not come from the catalog within 13 s"
    missing = board.apply(FetchedRun(uid, None, "away"))
    assert get_analysis(missing).problem == f"{IMAGE_KEY}: away"


def test_the_figure_shows_measured_and_fitted_angles() -> None:
    run = make_scan()
    figure = build_last_figure(run, ask(run))
    measured, fit = figure.get_panel("angles").traces
    assert len(measured.x) == PIXELS - 60 - 120, "neither dead pixels nor those that the beam did not reach"
    assert np.median(np.abs(measured.y - fit.y)) < 2 * (DELTA[1] - DELTA[0])
    assert figure.title.startswith("Mythen calibration: pixel zero = 61")
    other = make_goniometer_run({"delta": [1.0, 2.0]}, motors=["delta"])
    assert "no result: no mythen-2_image" in join_notes(build_last_figure(other, ask(other)))


def test_the_picture_is_posted_where_a_stub_names_it() -> None:
    run = make_scan()
    wanted = request_last_picture(run, ask(run, stub="cal-a"))
    assert wanted is not None
    assert wanted.name == "snapshots/cal-a.png"
    board = fold_board(run, ask(run, stub="cal-a"))
    rule = picture_rules["xrr_calibration_plot"]
    assert rule.is_posted(board.messages[-1].message)
    assert rule.build_post_title(board.scans[-1]) == "Mythen calibration"
    assert request_last_picture(run, ask(run, stub="")) is None
