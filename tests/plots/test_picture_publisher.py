"""Pictures on the shelf: drawn, put into the right folder, refused where they do not belong."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from helpers.examples import AREASCAN, CURVE
from helpers.figures import a_run, board_of, uid_of
from xafs_workers.plots.picture_publisher import Shelf
from xafs_workers.runtime.effect_ledger import Records
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
def shelf(root: Path, tmp_path: Path) -> Iterator[Shelf]:
    settings = Settings(storage=Storage(proposals_root=root))
    with Ledger.open(tmp_path / "state" / "ledger.sqlite") as ledger:
        yield Shelf(settings, Records(ledger, "cluster"))


def drawn(shelf: Shelf, *entries: Any) -> Outcome:
    """Draw what the last message asks for."""
    board = board_of(*entries)
    control = max(board.messages, key=lambda control: control.origin)
    scan = board.told_by(control)
    assert scan is not None
    return shelf.draw(control, scan, board)


def files(root: Path) -> list[str]:
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


def area(filename: str) -> list[Any]:
    run = a_run(COLUMNS, "areascan It xafs_y xafs_x True False 7200", ["xafs_y", "xafs_x"], start=HOME)
    return [GRID, run, {"areascan": "stop", "filename": filename, "uid": uid_of(run)}]


def test_a_map_is_saved_below_maps_and_a_stub_gets_png(shelf: Shelf, root: Path) -> None:
    outcome = drawn(shelf, *area("mymap"))
    assert outcome == Outcome("done", (f"{root}/2026-1/pass-1/maps/mymap.png",))
    assert files(root) == ["2026-1/pass-1/maps/mymap.png"]
    assert (root / "2026-1/pass-1/maps/mymap.png").read_bytes().startswith(PNG)


def test_an_absolute_name_of_a_map_must_lie_in_the_proposal_of_its_run(shelf: Shelf, root: Path) -> None:
    (root / "2026-1/pass-2").mkdir()
    assert drawn(shelf, *area(f"{root}/2026-1/pass-1/maps/a.png")).state == "done"
    assert drawn(shelf, *area(f"{root}/2026-1/pass-2/maps/a.png")).state == "failed"
    assert drawn(shelf, *area("../../pass-2/a.png")).state == "failed"
    assert files(root) == ["2026-1/pass-1/maps/a.png"]


def spinner(name: str) -> list[Any]:
    return [{"glancing_angle": "start", "filename": name}, LINEAR, {"glancing_angle": "stop"}]


def test_l18_the_summary_of_a_spinner_is_saved_where_its_start_said(
    shelf: Shelf, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """L18: also where there is a display; nothing opens a window."""
    monkeypatch.setenv("DISPLAY", ":0")
    name = f"{root}/2026-1/pass-1/snapshots/spinner3.png"
    assert drawn(shelf, *spinner(name)) == Outcome("done", (name,))
    assert files(root) == ["2026-1/pass-1/snapshots/spinner3.png"]


@pytest.mark.parametrize("place", ["{tmp}/elsewhere/s.png", "{root}/s.png", "{root}/2026-1/pass-9/s.png"])
def test_a_summary_outside_of_a_session_that_exists_is_refused(
    shelf: Shelf, root: Path, tmp_path: Path, place: str
) -> None:
    outcome = drawn(shelf, *spinner(place.format(tmp=tmp_path, root=root)))
    assert outcome.state == "failed"
    assert outcome.reason
    assert files(root) == []


def xrf(columns: dict[str, Any]) -> list[Any]:
    run = a_run(columns, start=HOME)
    return [run, {"xrf": "plot", "uid": uid_of(run), "filename": "x.png"}]


def test_a_spectrum_is_saved_below_xrf(shelf: Shelf, root: Path) -> None:
    assert drawn(shelf, *xrf({"1-element SDD_channel08_xrf": [[5] * 900]})).state == "done"
    assert files(root) == ["2026-1/pass-1/XRF/x.png"]


def test_a_picture_that_would_show_nothing_fails_with_the_reason(shelf: Shelf, root: Path) -> None:
    outcome = drawn(shelf, *xrf({"I0": [1.0]}))
    assert outcome.state == "failed"
    assert "waiting for the spectra" in outcome.reason
    assert files(root) == []


def test_l1_an_empty_frame_is_not_saved(shelf: Shelf, root: Path) -> None:
    """A time scan that was stopped before its first point has no picture."""
    run = a_run({"I0": []}, "timescan I0", start=HOME)
    stop = {"timescan": "stop", "fname": "sead.png", "uid": uid_of(run)}
    assert drawn(shelf, {"timescan": "start", "detector": "i0"}, run, stop) == Outcome(
        "done", (), "nothing was measured"
    )
    assert files(root) == []
