"""Test the parts of the on-screen plot manager without a window: read-out, status, geometry, tabs, clicks."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from structlog.testing import capture_logs

from helpers.streams import EPOCH, Entry, build_run_documents, fold, stamp_entries
from xafs_workers.figures.figure_builder import build_figure
from xafs_workers.figures.model import Mesh, Panel
from xafs_workers.frontends.click_position import build_click
from xafs_workers.frontends.progress import estimate_progress
from xafs_workers.frontends.readout import compute_wavenumber, format_readout
from xafs_workers.frontends.screen.window_geometry import WindowGeometry, read_geometry, write_geometry
from xafs_workers.frontends.status import STALE_AFTER, Feed, build_status
from xafs_workers.frontends.tab_policy import compute_tab_changes
from xafs_workers.scans.board import Board

LINE = {"linescan": "start", "motor": "xafs_x", "detector": "it"}
XAFS = {"xafsscan": "start", "element": "Fe", "edge": "K", "mode": "transmission", "filename": "f", "repetitions": 4}


def line(points: int = 3, motor: str = "xafs_x", **more: object) -> list[Entry]:
    columns = {motor: [float(n) for n in range(points)], "I0": [1.0] * points, "It": [2.0] * points}
    start = {"num_points": 10, "scan_id": 77}
    return list(build_run_documents(hint=None, motors=[motor], columns=columns, start=start, **more))  # type: ignore[arg-type]


ENERGY = Panel("mu", x_label="energy (eV)", y_label="µ", x_name="energy")


def test_the_readout_shows_k_and_the_energy_above_the_edge() -> None:
    text = format_readout(ENERGY, 7212.0, 1.5, e0=7112.0)
    assert text.split("    ") == ["energy (eV) 7212.0", "E-E0 +100.0 eV", "k 5.12 Å⁻¹", "µ 1.5"]
    assert compute_wavenumber(7212.0, 7112.0) == pytest.approx(5.123, abs=1e-3)
    below = format_readout(ENERGY, 7100.0, 1.5, e0=7112.0)
    assert "E-E0 -12.0 eV" in below
    assert "k " not in below
    assert format_readout(ENERGY, 7212.0, 1.5) == "energy (eV) 7212.0    µ 1.5"
    assert "E-E0" not in format_readout(Panel("p", x_label="xafs_x (mm)", x_name="xafs_x"), 1.0, 2.0, e0=7112.0)


def test_the_readout_of_a_map_shows_the_pixel_value() -> None:
    z = np.array([[1.0, 2.0], [3.0, np.nan]])
    panel = Panel("map", meshes=(Mesh("m", np.array([0.0, 1.0]), np.array([10.0, 5.0]), z, label="It/I0"),))
    assert format_readout(panel, 0.9, 9.0).endswith("It/I0 2")
    assert format_readout(panel, -0.2, 4.0).endswith("It/I0 3")
    assert format_readout(panel, 1.0, 5.0).endswith("It/I0 not measured")


def test_the_status_shows_run_point_and_age_of_data() -> None:
    board = fold(stamp_entries([("bmm", LINE), *line(finished=False)]))
    fresh = build_status(Feed(board, "", EPOCH, 0), EPOCH + 1)
    assert fresh.measurement == "linescan #77: point 3 of 10"
    assert not fresh.stale
    stale = build_status(Feed(board, "", EPOCH, 5), EPOCH + STALE_AFTER + 1)
    assert stale.stale
    assert stale.age.startswith("⚠")
    assert "5 records behind" in stale.age


def test_old_data_of_a_finished_scan_are_not_stale() -> None:
    board = fold(stamp_entries([("bmm", LINE), *line(), ("bmm", {"linescan": "stop"})]))
    status = build_status(Feed(board, "", EPOCH), EPOCH + 7200)
    assert not status.stale
    assert (status.measurement, status.age, status.progress) == ("idle", "data 2.0 h old", "")


def test_the_age_of_stale_data_is_configurable() -> None:
    board = fold(stamp_entries([("bmm", LINE), *line(finished=False)]))
    assert not build_status(Feed(board, "", EPOCH), EPOCH + 25, stale_after=30.0).stale
    assert build_status(Feed(board, "", EPOCH), EPOCH + 31, stale_after=30.0).stale


def repetition(count: int, points: int, *, slower: float = 0.0, finished: bool = True) -> list[Entry]:
    """Build a repetition of ten planned points, with event n at n + slower * n**2 seconds."""
    columns = {"dcm_energy": [7000.0 + n for n in range(points)], "I0": [1.0] * points, "It": [2.0] * points}
    entries = list(
        build_run_documents(
            hint=None, motors=["dcm_energy"], columns=columns, start={"num_points": 10, "scan_id": 7}, finished=finished
        )
    )
    for name, body in entries:
        if name == "event":
            body["time"] += slower * body["seq_num"] ** 2
    return [("bmm", {"xafsscan": "next", "count": count}), *entries]


def test_progress_and_end_of_a_sequence_are_estimated() -> None:
    entries = [("bmm", XAFS), *repetition(1, 5, finished=False)]
    board = fold(stamp_entries(entries, step=10.0))
    (scan,) = board.scans
    began = scan.windows[0].start_position[0]
    progress = estimate_progress(board, scan, began + 100)
    assert progress is not None
    assert progress.fraction == pytest.approx(1 / 8)
    assert progress.end_time == pytest.approx(began + 800)
    words = build_status(Feed(board, "", EPOCH), began + 100).progress
    assert re.fullmatch(r"scan 1 of 4, 12 %, done (at|\w+) \d\d:\d\d \(in 12 min\)", words)


def test_progress_uses_the_times_of_the_previous_repetition() -> None:
    """Points at high energies take longer, so half of the points take less than half of the time."""
    entries = [("bmm", XAFS), *repetition(1, 10, slower=0.2), *repetition(2, 5, slower=0.2, finished=False)]
    board = fold(stamp_entries(entries))
    (scan,) = board.scans
    progress = estimate_progress(board, scan, EPOCH + 100)
    assert progress is not None
    half = (4 + 0.2 * 24) / (9 + 0.2 * 99)
    assert progress.fraction == pytest.approx((1 + half) / 4)


def test_progress_of_a_line_scan_counts_its_points() -> None:
    board = fold(stamp_entries([("bmm", LINE), *line(3, finished=False)]))
    (scan,) = board.scans
    progress = estimate_progress(board, scan, board.get_runs(scan)[0].start_position[0] + 30)
    assert progress is not None
    assert (progress.fraction, progress.repetitions) == (0.3, 0)
    assert estimate_progress(fold(stamp_entries([("bmm", LINE)])), scan, EPOCH) is None


def test_no_end_is_estimated_before_the_pace_is_known() -> None:
    board = fold(stamp_entries([("bmm", XAFS), ("bmm", {"xafsscan": "next", "count": 1})]))
    assert build_status(Feed(board, "", EPOCH), EPOCH + 60).progress == "scan 1 of 4, 0 %"


def test_waiting_is_shown() -> None:
    status = build_status(Feed(Board(), "the broker"), 0.0)
    assert (status.connection, status.waiting, status.age) == ("waiting for the broker", True, "no data yet")
    assert not build_status(Feed(Board()), 0.0).waiting


def test_window_geometry_stays_on_the_monitor(tmp_path: Path) -> None:
    path = tmp_path / "screen" / "place.json"
    place = WindowGeometry.from_window((100, 200, 800, 600), (0, 0, 1600, 1200))
    write_geometry(path, place)
    assert read_geometry(path) == place
    assert place.to_rectangle((0, 0, 3200, 2400)) == (200, 400, 1600, 1200)
    assert WindowGeometry(-5.0, 7.0, 3.0, 0.0).to_rectangle((10, 10, 1000, 1000)) == (10, 810, 1000, 200)
    assert not list(path.parent.glob("*.tmp"))


def test_the_monitor_is_saved_with_the_geometry(tmp_path: Path) -> None:
    place = WindowGeometry.from_window((1700, 0, 800, 600), (1600, 0, 1600, 1200), "DP-2", maximized=True)
    write_geometry(tmp_path / "place.json", place)
    assert read_geometry(tmp_path / "place.json") == place
    assert place.left == 100 / 1600


@pytest.mark.parametrize(
    "text",
    ["[]", "{", '{"left": "wide"}', '{"left": NaN}', '{"height": Infinity}', '{"depth": 1}', '{"left": null}', "\x00"],
)
def test_an_unreadable_geometry_file_gives_the_default(text: str, tmp_path: Path) -> None:
    (tmp_path / "place.json").write_text(text)
    with capture_logs() as logs:
        assert read_geometry(tmp_path / "place.json") == WindowGeometry()
    assert [entry["event"] for entry in logs] == ["geometry_unreadable"]


def test_an_unwritable_geometry_file_is_only_logged(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with capture_logs() as logs:
        write_geometry(tmp_path / "file" / "place.json", WindowGeometry())
    assert [entry["event"] for entry in logs] == ["geometry_not_saved"]


def test_tabs_follow_shown_and_closed_figures() -> None:
    tabs = compute_tab_changes(["a", "b", "c"], ["x", "a"], {"c"})
    assert (tabs.removed, tabs.added, tabs.front) == (("x",), ("b",), "b")
    assert compute_tab_changes(["a"], ["a"], set()).front is None


def test_a_click_names_the_motor_of_the_scan() -> None:
    """The motor's name comes from the scan, not from a label."""
    board = fold(stamp_entries([("bmm", LINE), *line()]))
    (scan,) = board.scans
    panel = build_figure(board, scan).panels[0]
    assert build_click(scan, panel, 1.5, 0.2) == {
        "figure": scan.id,
        "run": scan.run_uids[0],
        "motor": "xafs_x",
        "position": 1.5,
    }


@pytest.mark.parametrize("start", [{"timescan": "start", "detector": "it"}, XAFS])
def test_a_click_on_a_time_scan_or_spectrum_picks_nothing(start: dict[str, object]) -> None:
    board = fold(stamp_entries([("bmm", start)]))
    (scan,) = board.scans
    assert build_click(scan, build_figure(board, scan).panels[0], 1.0, 1.0) is None
