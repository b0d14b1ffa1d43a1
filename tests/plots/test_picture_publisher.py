"""Pictures on the shelf: drawn, put into the right folder, refused where they do not belong."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from helpers.examples import AREASCAN, CURVE
from helpers.figures import fold_board, get_run_uid, make_run
from xafs_workers.plots.picture_publisher import PicturePublisher
from xafs_workers.runtime.effect_ledger import EffectLedger
from xafs_workers.runtime.outcome import Outcome
from xafs_workers.settings import Settings, Storage
from xafs_workers.storage.ledger import Ledger

HOME = {"data_session": "pass-1", "cycle": "2026-1"}
PNG = b"\x89PNG"
GRID = {**AREASCAN, "slow_steps": 2, "fast_steps": 2, "detector": "It"}
COLUMNS = {"I0": [1.0] * 4, "It": [1.0, 2.0, 3.0, 4.0]}
LINEAR = {"glancing_angle": "linear", "motor": "xafs_y", **CURVE, "center": 1.2, "amplitude": 0.4, "spinner": 3}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "proposals/2026-1/pass-1").mkdir(parents=True)
    return tmp_path / "proposals"


@pytest.fixture
def shelf(root: Path, tmp_path: Path) -> Iterator[PicturePublisher]:
    settings = Settings(storage=Storage(proposals_root=root))
    with Ledger.open(tmp_path / "state" / "ledger.sqlite") as ledger:
        yield PicturePublisher(settings, EffectLedger(ledger, "cluster"))


def draw_picture(shelf: PicturePublisher, *entries: Any) -> Outcome:
    """Draw what the last message asks for."""
    board = fold_board(*entries)
    control = max(board.messages, key=lambda control: control.position)
    scan = board.find_scan(control)
    assert scan is not None
    return shelf.draw(control, scan, board)


def files(root: Path) -> list[str]:
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


def area(filename: str) -> list[Any]:
    run = make_run(COLUMNS, "areascan It xafs_y xafs_x True False 7200", ["xafs_y", "xafs_x"], start=HOME)
    return [GRID, run, {"areascan": "stop", "filename": filename, "uid": get_run_uid(run)}]


def test_a_map_is_saved_in_maps_with_suffix_png(shelf: PicturePublisher, root: Path) -> None:
    outcome = draw_picture(shelf, *area("mymap"))
    assert outcome == Outcome("done", (f"{root}/2026-1/pass-1/maps/mymap.png",))
    assert files(root) == ["2026-1/pass-1/maps/mymap.png"]
    assert (root / "2026-1/pass-1/maps/mymap.png").read_bytes().startswith(PNG)


def test_an_absolute_map_name_must_be_in_its_proposal_folder(shelf: PicturePublisher, root: Path) -> None:
    (root / "2026-1/pass-2").mkdir()
    assert draw_picture(shelf, *area(f"{root}/2026-1/pass-1/maps/a.png")).state == "done"
    assert draw_picture(shelf, *area(f"{root}/2026-1/pass-2/maps/a.png")).state == "failed"
    assert draw_picture(shelf, *area("../../pass-2/a.png")).state == "failed"
    assert files(root) == ["2026-1/pass-1/maps/a.png"]


def spinner(name: str) -> list[Any]:
    return [{"glancing_angle": "start", "filename": name}, LINEAR, {"glancing_angle": "stop"}]


def test_a_spinner_summary_is_saved_as_its_start_message_asks(
    shelf: PicturePublisher, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """L18: also where there is a display; nothing opens a window."""
    monkeypatch.setenv("DISPLAY", ":0")
    name = f"{root}/2026-1/pass-1/snapshots/spinner3.png"
    assert draw_picture(shelf, *spinner(name)) == Outcome("done", (name,))
    assert files(root) == ["2026-1/pass-1/snapshots/spinner3.png"]


@pytest.mark.parametrize("place", ["{tmp}/elsewhere/s.png", "{root}/s.png", "{root}/2026-1/pass-9/s.png"])
def test_a_summary_outside_an_existing_session_is_refused(
    shelf: PicturePublisher, root: Path, tmp_path: Path, place: str
) -> None:
    outcome = draw_picture(shelf, *spinner(place.format(tmp=tmp_path, root=root)))
    assert outcome.state == "failed"
    assert outcome.reason
    assert files(root) == []


def xrf(columns: dict[str, Any]) -> list[Any]:
    run = make_run(columns, start=HOME)
    return [run, {"xrf": "plot", "uid": get_run_uid(run), "filename": "x.png"}]


def test_a_spectrum_is_saved_in_the_xrf_folder(shelf: PicturePublisher, root: Path) -> None:
    assert draw_picture(shelf, *xrf({"1-element SDD_channel08_xrf": [[5] * 900]})).state == "done"
    assert files(root) == ["2026-1/pass-1/XRF/x.png"]


def test_an_empty_picture_fails_with_the_reason(shelf: PicturePublisher, root: Path) -> None:
    outcome = draw_picture(shelf, *xrf({"I0": [1.0]}))
    assert outcome.state == "failed"
    assert "waiting for the spectra" in outcome.reason
    assert files(root) == []


def test_a_picture_without_points_is_not_saved(shelf: PicturePublisher, root: Path) -> None:
    """A time scan that was stopped before its first point has no picture."""
    run = make_run({"I0": []}, "timescan I0", start=HOME)
    stop = {"timescan": "stop", "fname": "sead.png", "uid": get_run_uid(run)}
    assert draw_picture(shelf, {"timescan": "start", "detector": "i0"}, run, stop) == Outcome(
        "done", (), "nothing was measured"
    )
    assert files(root) == []
