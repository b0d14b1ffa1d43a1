"""Check the plans other than XAFS, line and time scans: valid messages, real order, expected figures."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from event_model import DocumentNames, schema_validators

from helpers.figures import build_shown_figures
from helpers.streams import Entry, fold, stamp_entries
from xafs_workers.figures.figure_builder import build_figure
from xafs_workers.messages.parsing import parse
from xafs_workers.scans.board import Board
from xafs_workers.simulation import alignments, counting, maps
from xafs_workers.simulation.beamline import FLAT_PITCH, SLOT_POSITION, Beamline, SimulationSetup

pytestmark = pytest.mark.slow


SMALL = maps.MapRequest(
    "rust", "It", maps.ScannedAxis("xafs_y", -2.5, 2.5, 7), maps.ScannedAxis("xafs_x", -8.0, 8.0, 9)
)


def run_plan(plan: Callable[[Beamline], Any], sample: str = "Fe2O3", detector: str = "4-element SDD") -> list[Entry]:
    """Return the messages and documents that a plan sends, in order."""
    entries: list[Entry] = []
    surroundings = SimulationSetup(
        lambda message: entries.append(("bmm", dict(message))),
        lambda name, doc: entries.append((name, doc)),
        "/proposals",
        seed=3,
    )
    with Beamline(surroundings, context_managers=[]) as beamline:
        beamline.mount(sample, detector)
        beamline.run(plan(beamline))
    return entries


def list_events(entries: list[Entry]) -> list[str]:
    """List kinds and actions of the messages, and begins and ends of runs."""
    words: list[str] = []
    for name, body in entries:
        if name == "bmm":
            message = parse(body)
            words.append(f"{message.kind} {message.action}".strip())
        elif name == "start":
            words.append("[run]")
    return words


def build_board(entries: list[Entry]) -> Board:
    return fold(stamp_entries(entries))


@pytest.mark.parametrize(
    "plan",
    [
        lambda b: maps.measure_areascan(b, SMALL),
        lambda b: maps.measure_raster(b, SMALL),
        lambda b: counting.measure_sead(b, "fe_sead", points=5),
        lambda b: counting.measure_xrf(b, "rust"),
        alignments.find_slot,
        alignments.align_spinner,
        alignments.find_wafer_edge,
        alignments.calibrate_mono,
    ],
    ids=["areascan", "raster", "sead", "xrf", "find_slot", "spinner", "wafer", "calibration"],
)
def test_all_sent_messages_are_valid(plan: Callable[[Beamline], Any]) -> None:
    for name, body in run_plan(plan):
        if name == "bmm":
            assert not parse(body).extras
        else:
            schema_validators[DocumentNames[name]].validate(body)


LINE = ["linescan start", "[run]", "linescan stop"]
CLOSED = ["close last", *LINE, "close last"]


@pytest.mark.parametrize(
    ("plan", "expected"),
    [
        (
            lambda b: maps.measure_areascan(b, SMALL),
            ["echoslack", "areascan start", "[run]", "areascan stop", "echoslack", "resting_state"],
        ),
        (
            lambda b: maps.measure_raster(b, SMALL),
            [
                "close all",
                "echoslack",
                "dossier start",
                "dossier set",
                "file_exists",
                "mkdir",
                "echoslack",
                "areascan start",
                "[run]",
                "areascan stop",
                "echoslack",
                "resting_state",
                "raster",
                "dossier set",
                "dossier raster",
            ],
        ),
        (
            lambda b: counting.measure_sead(b, "fe_sead", points=5),
            [
                "next_index",
                "file_exists",
                "dossier start",
                "echoslack",
                "timescan start",
                "[run]",
                "timescan stop",
                "resting_state",
                "seadxdi",
                "dossier set",
                "dossier sead",
                "echoslack",
                "resting_state",
            ],
        ),
        (
            alignments.find_slot,
            [
                "align_wheel start",
                *(2 * [*LINE, "close last", "align_wheel find_slot", "resting_state"]),
                "close all",
                "align_wheel stop",
            ],
        ),
        (alignments.find_wafer_edge, [*LINE, "resting_state", "close last", "wafer edge", "resting_state"]),
        (
            alignments.align_spinner,
            ["echoslack", "glancing_angle start"]
            + 2 * [*CLOSED, "glancing_angle linear", *CLOSED, "glancing_angle pitch"]
            + ["close last", *LINE, "glancing_angle fluo", "close last", "glancing_angle stop", "resting_state"],
        ),
        (lambda b: counting.measure_xrf(b, "rust"), ["[run]", "xrf plot", "xrf write"]),
    ],
    ids=["areascan", "raster", "sead", "find_slot", "wafer", "spinner", "xrf"],
)
def test_messages_have_the_order_of_the_real_plans(plan: Callable[[Beamline], Any], expected: list[str]) -> None:
    assert list_events(run_plan(plan)) == expected


def test_a_map_shows_the_slot() -> None:
    board = build_board(run_plan(lambda b: maps.measure_areascan(b, SMALL)))
    (scan,) = board.scans
    (mesh,) = build_figure(board, scan).panels[0].meshes
    assert mesh.z.shape == (7, 9)
    assert np.isfinite(mesh.z).all()
    assert mesh.z[3, 4] > 100 * mesh.z[0, 0] > 0
    assert scan.has_ended
    assert board.is_closed(scan)


def test_the_slot_is_found_and_the_summary_shows_both_scans() -> None:
    entries = run_plan(alignments.find_slot)
    found = {body["motor"]: body["center"] for _, body in entries if body.get("align_wheel") == "find_slot"}
    assert found["xafs_x"] == pytest.approx(SLOT_POSITION[0], abs=0.05)
    assert found["xafs_y"] == pytest.approx(SLOT_POSITION[1], abs=0.05)
    for _, body in entries:
        if body.get("align_wheel") == "find_slot":
            np.testing.assert_allclose(body["best_fit"], body["data"], atol=0.01 * body["amplitude"])
            assert body["amplitude"] == pytest.approx(max(body["data"]), rel=0.02)
    board = build_board(entries)
    (summary,) = build_shown_figures(board)
    assert (summary.kind, len(summary.panels)) == ("align_wheel", 2)
    assert all(panel.traces and panel.marks for panel in summary.panels)


def test_the_spinner_is_aligned_flat_and_at_the_edge() -> None:
    entries = run_plan(alignments.align_spinner)
    results = [body for _, body in entries if body.get("glancing_angle") in ("linear", "pitch", "fluo")]
    assert [one["glancing_angle"] for one in results] == ["linear", "pitch", "linear", "pitch", "fluo"]
    assert results[3]["center"] == pytest.approx(FLAT_PITCH, abs=0.25)
    assert results[2]["inverted"] == "inverted "
    assert results[4]["center"] == pytest.approx(SLOT_POSITION[0], abs=0.1), "in the middle of the plateau"
    board = build_board(entries)
    shown = {figure.kind: figure for figure in build_shown_figures(board)}
    assert sorted(shown) == ["glancing_angle", "linescan"]  # the real plan, too, leaves its last line scan
    assert len(shown["glancing_angle"].panels) == 3


def test_a_wafer_edge_is_fitted() -> None:
    entries = run_plan(alignments.find_wafer_edge)
    (result,) = [body for _, body in entries if "wafer" in body]
    assert result["center"] == pytest.approx(SLOT_POSITION[0] - 6.0, abs=0.1)
    np.testing.assert_allclose(result["best_fit"], result["data"], atol=0.05 * result["amplitude"])


@pytest.mark.parametrize("with_errors", [True, False])
def test_the_calibration_finds_the_lattice_spacing(with_errors: bool) -> None:
    entries = run_plan(lambda b: alignments.calibrate_mono(b, with_errors=with_errors))
    ((_, message),) = entries
    np.testing.assert_allclose(message["found"], message["ee"], rtol=2e-4)
    assert (message["dspacing"][1] is not None) == with_errors
    board = build_board(entries)
    assert "Å" in build_figure(board, board.scans[0]).panels[0].title


@pytest.mark.parametrize(("detector", "channels"), [("1-element SDD", 1), ("4-element SDD", 4), ("7-element SDD", 7)])
def test_each_channel_shows_the_emission_lines_of_the_sample(detector: str, channels: int) -> None:
    board = build_board(run_plan(lambda b: counting.measure_xrf(b, "rust"), detector=detector))
    panel = build_figure(board, board.scans[0]).panels[0]
    assert len(panel.traces) == channels
    for trace in panel.traces:
        below = trace.x < 6700.0
        assert trace.x[below][np.argmax(trace.y[below])] == pytest.approx(6404.0, abs=60.0)  # Fe K alpha
    assert panel.lines[0].x == pytest.approx(6400.0, abs=5.0)
