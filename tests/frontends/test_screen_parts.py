"""The pure parts of the on-screen plot manager: read-out, status, place, tabs, clicks."""

from __future__ import annotations

from pathlib import Path

import pytest

from helpers.streams import EPOCH, Entry, fold, items_of, run_documents
from xafs_workers.figures.views import figure_of
from xafs_workers.frontends.screen.choice import tabs_wanted
from xafs_workers.frontends.screen.place import Place, read_place, write_place
from xafs_workers.frontends.screen.pluck import click_of
from xafs_workers.frontends.screen.readout import energy_to_k, readout
from xafs_workers.frontends.screen.status import STALE, Feed, status_of
from xafs_workers.scans.board import Board

LINE = {"linescan": "start", "motor": "xafs_x", "detector": "it"}
XAFS = {"xafsscan": "start", "element": "Fe", "edge": "K", "mode": "transmission", "filename": "f", "repetitions": 4}


def line(points: int = 3, motor: str = "xafs_x", **more: object) -> list[Entry]:
    columns = {motor: [float(n) for n in range(points)], "I0": [1.0] * points, "It": [2.0] * points}
    start = {"num_points": 10, "scan_id": 77}
    return list(run_documents(hint=None, motors=[motor], columns=columns, start=start, **more))  # type: ignore[arg-type]


def test_the_readout_tells_k_and_the_energy_above_the_edge() -> None:
    text = readout(7212.0, 1.5, x_name="energy", x_label="energy (eV)", y_label="µ", e0=7112.0)
    assert "7212.0" in text
    assert "E-E0 +100.0 eV" in text
    assert f"k {energy_to_k(7212.0, 7112.0):.2f}" in text
    assert energy_to_k(7212.0, 7112.0) == pytest.approx(5.123, abs=1e-3)
    assert "k " not in readout(7100.0, 1.5, x_name="energy", x_label="energy (eV)", y_label="µ", e0=7112.0)
    assert "E-E0" not in readout(1.0, 2.0, x_name="xafs_x", x_label="xafs_x (mm)", y_label="It/I0", e0=None)


def test_the_status_tells_run_point_age_and_marks_stale_data() -> None:
    board = fold(items_of([("bmm", LINE), *line(finished=False)]))
    fresh = status_of(Feed(board, "", EPOCH, 0), EPOCH + 1)
    assert fresh.measurement == "linescan #77: point 3 of 10"
    assert not fresh.stale
    stale = status_of(Feed(board, "", EPOCH, 5), EPOCH + STALE + 1)
    assert stale.stale
    assert stale.age.startswith("⚠")
    assert "5 behind" in stale.age


def test_old_data_of_a_finished_scan_are_not_stale() -> None:
    board = fold(items_of([("bmm", LINE), *line(), ("bmm", {"linescan": "stop"})]))
    assert status_of(Feed(board, "", EPOCH), EPOCH + 3600) == status_of(Feed(board, "", EPOCH), EPOCH + 3600)
    assert not status_of(Feed(board, "", EPOCH), EPOCH + 3600).stale
    assert status_of(Feed(board, "", EPOCH), EPOCH + 3600).measurement == "idle"


def test_progress_and_expected_end_of_a_sequence() -> None:
    entries: list[Entry] = [("bmm", XAFS), ("bmm", {"xafsscan": "next", "count": 1})]
    board = fold(items_of([*entries, *line(5, "dcm_energy", finished=False)], step=10.0))
    status = status_of(Feed(board, "", EPOCH), EPOCH + 10 + 100)
    assert status.progress.startswith("scan 1 of 4, 12 %")
    assert "done about" in status.progress


def test_waiting_is_said() -> None:
    assert status_of(Feed(Board(), "the broker"), 0.0).connection == "waiting for the broker"


def test_the_place_is_kept_in_fractions_and_always_on_the_monitor(tmp_path: Path) -> None:
    path = tmp_path / "screen" / "place.json"
    place = Place.of((100, 200, 800, 600), (0, 0, 1600, 1200))
    write_place(path, place)
    assert read_place(path) == place
    assert place.on((0, 0, 3200, 2400)) == (200, 400, 1600, 1200)
    assert Place(-5.0, 7.0, 3.0, 0.0).on((10, 10, 1000, 1000)) == (10, 810, 1000, 200)
    path.write_text("[]")
    assert read_place(path) == Place()
    assert not list(path.parent.glob("*.tmp"))


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
