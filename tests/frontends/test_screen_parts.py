"""The pure parts of the on-screen plot manager: read-out, status, place, tabs, clicks."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from structlog.testing import capture_logs

from helpers.streams import EPOCH, Entry, fold, items_of, run_documents
from xafs_workers.figures.figure_builder import figure_of
from xafs_workers.figures.model import Mesh, Panel
from xafs_workers.frontends.click_position import click_of
from xafs_workers.frontends.progress import progress_of
from xafs_workers.frontends.readout import energy_to_k, readout
from xafs_workers.frontends.screen.window_geometry import Place, read_place, write_place
from xafs_workers.frontends.status import STALE, Feed, status_of
from xafs_workers.frontends.tab_policy import tabs_wanted
from xafs_workers.scans.board import Board

LINE = {"linescan": "start", "motor": "xafs_x", "detector": "it"}
XAFS = {"xafsscan": "start", "element": "Fe", "edge": "K", "mode": "transmission", "filename": "f", "repetitions": 4}


def line(points: int = 3, motor: str = "xafs_x", **more: object) -> list[Entry]:
    columns = {motor: [float(n) for n in range(points)], "I0": [1.0] * points, "It": [2.0] * points}
    start = {"num_points": 10, "scan_id": 77}
    return list(run_documents(hint=None, motors=[motor], columns=columns, start=start, **more))  # type: ignore[arg-type]


ENERGY = Panel("mu", x_label="energy (eV)", y_label="µ", x_name="energy")


def test_the_readout_tells_k_and_the_energy_above_the_edge() -> None:
    text = readout(ENERGY, 7212.0, 1.5, e0=7112.0)
    assert text.split("    ") == ["energy (eV) 7212.0", "E-E0 +100.0 eV", "k 5.12 Å⁻¹", "µ 1.5"]
    assert energy_to_k(7212.0, 7112.0) == pytest.approx(5.123, abs=1e-3)
    below = readout(ENERGY, 7100.0, 1.5, e0=7112.0)
    assert "E-E0 -12.0 eV" in below
    assert "k " not in below
    assert readout(ENERGY, 7212.0, 1.5) == "energy (eV) 7212.0    µ 1.5"
    assert "E-E0" not in readout(Panel("p", x_label="xafs_x (mm)", x_name="xafs_x"), 1.0, 2.0, e0=7112.0)


def test_the_readout_of_a_map_tells_the_value_of_the_pixel() -> None:
    z = np.array([[1.0, 2.0], [3.0, np.nan]])
    panel = Panel("map", meshes=(Mesh("m", np.array([0.0, 1.0]), np.array([10.0, 5.0]), z, label="It/I0"),))
    assert readout(panel, 0.9, 9.0).endswith("It/I0 2")
    assert readout(panel, -0.2, 4.0).endswith("It/I0 3")
    assert readout(panel, 1.0, 5.0).endswith("It/I0 not measured")


def test_the_status_tells_run_point_age_and_marks_stale_data() -> None:
    board = fold(items_of([("bmm", LINE), *line(finished=False)]))
    fresh = status_of(Feed(board, "", EPOCH, 0), EPOCH + 1)
    assert fresh.measurement == "linescan #77: point 3 of 10"
    assert not fresh.stale
    stale = status_of(Feed(board, "", EPOCH, 5), EPOCH + STALE + 1)
    assert stale.stale
    assert stale.age.startswith("⚠")
    assert "5 records behind" in stale.age


def test_old_data_of_a_finished_scan_are_not_stale() -> None:
    board = fold(items_of([("bmm", LINE), *line(), ("bmm", {"linescan": "stop"})]))
    status = status_of(Feed(board, "", EPOCH), EPOCH + 7200)
    assert not status.stale
    assert (status.measurement, status.age, status.progress) == ("idle", "data 2.0 h old", "")


def test_when_data_are_stale_is_a_setting() -> None:
    board = fold(items_of([("bmm", LINE), *line(finished=False)]))
    assert not status_of(Feed(board, "", EPOCH), EPOCH + 25, stale_after=30.0).stale
    assert status_of(Feed(board, "", EPOCH), EPOCH + 31, stale_after=30.0).stale


def repetition(count: int, points: int, *, slower: float = 0.0, finished: bool = True) -> list[Entry]:
    """Ten points planned; event n comes at n + slower n² seconds."""
    columns = {"dcm_energy": [7000.0 + n for n in range(points)], "I0": [1.0] * points, "It": [2.0] * points}
    entries = list(
        run_documents(
            hint=None, motors=["dcm_energy"], columns=columns, start={"num_points": 10, "scan_id": 7}, finished=finished
        )
    )
    for name, body in entries:
        if name == "event":
            body["time"] += slower * body["seq_num"] ** 2
    return [("bmm", {"xafsscan": "next", "count": count}), *entries]


def test_progress_and_expected_end_of_a_sequence() -> None:
    entries = [("bmm", XAFS), *repetition(1, 5, finished=False)]
    board = fold(items_of(entries, step=10.0))
    (scan,) = board.scans
    began = scan.windows[0].begins[0]
    progress = progress_of(board, scan, began + 100)
    assert progress is not None
    assert progress.done == pytest.approx(1 / 8)
    assert progress.ends == pytest.approx(began + 800)
    words = status_of(Feed(board, "", EPOCH), began + 100).progress
    assert re.fullmatch(r"scan 1 of 4, 12 %, done (at|\w+) \d\d:\d\d \(in 12 min\)", words)


def test_a_repetition_goes_by_the_times_of_the_one_before() -> None:
    """Points at high energies take longer: half of the points are less than half of the time."""
    entries = [("bmm", XAFS), *repetition(1, 10, slower=0.2), *repetition(2, 5, slower=0.2, finished=False)]
    board = fold(items_of(entries))
    (scan,) = board.scans
    progress = progress_of(board, scan, EPOCH + 100)
    assert progress is not None
    half = (4 + 0.2 * 24) / (9 + 0.2 * 99)
    assert progress.done == pytest.approx((1 + half) / 4)


def test_progress_of_a_line_scan_goes_by_its_points() -> None:
    board = fold(items_of([("bmm", LINE), *line(3, finished=False)]))
    (scan,) = board.scans
    progress = progress_of(board, scan, board.runs_of(scan)[0].begins[0] + 30)
    assert progress is not None
    assert (progress.done, progress.repetitions) == (0.3, 0)
    assert progress_of(fold(items_of([("bmm", LINE)])), scan, EPOCH) is None


def test_nothing_is_said_about_an_end_before_there_is_a_pace() -> None:
    board = fold(items_of([("bmm", XAFS), ("bmm", {"xafsscan": "next", "count": 1})]))
    assert status_of(Feed(board, "", EPOCH), EPOCH + 60).progress == "scan 1 of 4, 0 %"


def test_waiting_is_said() -> None:
    status = status_of(Feed(Board(), "the broker"), 0.0)
    assert (status.connection, status.waiting, status.age) == ("waiting for the broker", True, "no data yet")
    assert not status_of(Feed(Board()), 0.0).waiting


def test_the_place_is_kept_in_fractions_and_always_on_the_monitor(tmp_path: Path) -> None:
    path = tmp_path / "screen" / "place.json"
    place = Place.of((100, 200, 800, 600), (0, 0, 1600, 1200))
    write_place(path, place)
    assert read_place(path) == place
    assert place.on((0, 0, 3200, 2400)) == (200, 400, 1600, 1200)
    assert Place(-5.0, 7.0, 3.0, 0.0).on((10, 10, 1000, 1000)) == (10, 810, 1000, 200)
    assert not list(path.parent.glob("*.tmp"))


def test_the_monitor_is_remembered_too(tmp_path: Path) -> None:
    place = Place.of((1700, 0, 800, 600), (1600, 0, 1600, 1200), "DP-2", maximized=True)
    write_place(tmp_path / "place.json", place)
    assert read_place(tmp_path / "place.json") == place
    assert place.left == 100 / 1600


@pytest.mark.parametrize(
    "text",
    ["[]", "{", '{"left": "wide"}', '{"left": NaN}', '{"height": Infinity}', '{"depth": 1}', '{"left": null}', "\x00"],
)
def test_a_place_that_cannot_be_read_is_the_usual_one(text: str, tmp_path: Path) -> None:
    (tmp_path / "place.json").write_text(text)
    with capture_logs() as logs:
        assert read_place(tmp_path / "place.json") == Place()
    assert [entry["event"] for entry in logs] == ["place_unreadable"]


def test_a_place_that_cannot_be_written_is_only_logged(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with capture_logs() as logs:
        write_place(tmp_path / "file" / "place.json", Place())
    assert [entry["event"] for entry in logs] == ["place_not_remembered"]


def test_tabs_follow_what_is_on_show_and_what_was_put_away() -> None:
    tabs = tabs_wanted(["a", "b", "c"], ["x", "a"], {"c"})
    assert (tabs.gone, tabs.new, tabs.front) == (("x",), ("b",), "b")
    assert tabs_wanted(["a"], ["a"], set()).front is None


def test_a_click_names_the_motor_of_the_scan() -> None:
    """L19: the motor comes from the scan, not from a label."""
    board = fold(items_of([("bmm", LINE), *line()]))
    (scan,) = board.scans
    panel = figure_of(board, scan).panels[0]
    assert click_of(scan, panel, 1.5, 0.2) == {
        "figure": scan.id,
        "run": scan.runs[0],
        "motor": "xafs_x",
        "position": 1.5,
    }


@pytest.mark.parametrize("start", [{"timescan": "start", "detector": "it"}, XAFS])
def test_a_click_on_a_time_scan_or_a_spectrum_picks_nothing(start: dict[str, object]) -> None:
    board = fold(items_of([("bmm", start)]))
    (scan,) = board.scans
    assert click_of(scan, figure_of(board, scan).panels[0], 1.0, 1.0) is None
