"""The plans beside XAFS, line and time scans: valid, in the real order, and what their figures show."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from event_model import DocumentNames, schema_validators

from helpers.streams import Entry, fold, items_of
from xafs_workers.figures.figure_builder import figure_of, figures_on_show
from xafs_workers.messages.parsing import parse
from xafs_workers.scans.board import Board
from xafs_workers.simulation import alignments, counting, maps
from xafs_workers.simulation.beamline import FLAT, SLOT, Beamline, Surroundings

SMALL = maps.Map("rust", "It", maps.Side("xafs_y", -2.5, 2.5, 7), maps.Side("xafs_x", -8.0, 8.0, 9))


def played(plan: Callable[[Beamline], Any], sample: str = "Fe2O3", detector: str = "4-element SDD") -> list[Entry]:
    """Return what a plan sends, in order."""
    entries: list[Entry] = []
    surroundings = Surroundings(
        lambda message: entries.append(("bmm", dict(message))),
        lambda name, doc: entries.append((name, doc)),
        "/proposals",
        seed=3,
    )
    with Beamline(surroundings, context_managers=[]) as beamline:
        beamline.mount(sample, detector)
        beamline.run(plan(beamline))
    return entries


def told(entries: list[Entry]) -> list[str]:
    """Return kinds and actions of the messages, and where runs are."""
    words: list[str] = []
    for name, body in entries:
        if name == "bmm":
            message = parse(body)
            words.append(f"{message.kind} {message.action}".strip())
        elif name == "start":
            words.append("[run]")
    return words


def board_of(entries: list[Entry]) -> Board:
    return fold(items_of(entries))


@pytest.mark.parametrize(
    "plan",
    [
        lambda b: maps.areascan(b, SMALL),
        lambda b: maps.raster(b, SMALL),
        lambda b: counting.sead(b, "fe_sead", points=5),
        lambda b: counting.xrf(b, "rust"),
        alignments.find_slot,
        alignments.align_spinner,
        alignments.wafer_edge,
        alignments.calibrate_mono,
    ],
    ids=["areascan", "raster", "sead", "xrf", "find_slot", "spinner", "wafer", "calibration"],
)
def test_all_that_is_sent_is_valid(plan: Callable[[Beamline], Any]) -> None:
    for name, body in played(plan):
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
            lambda b: maps.areascan(b, SMALL),
            ["echoslack", "areascan start", "[run]", "areascan stop", "echoslack", "resting_state"],
        ),
        (
            lambda b: maps.raster(b, SMALL),
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
            lambda b: counting.sead(b, "fe_sead", points=5),
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
        (alignments.wafer_edge, [*LINE, "resting_state", "close last", "wafer edge", "resting_state"]),
        (
            alignments.align_spinner,
            ["echoslack", "glancing_angle start"]
            + 2 * [*CLOSED, "glancing_angle linear", *CLOSED, "glancing_angle pitch"]
            + ["close last", *LINE, "glancing_angle fluo", "close last", "glancing_angle stop", "resting_state"],
        ),
        (lambda b: counting.xrf(b, "rust"), ["[run]", "xrf plot", "xrf write"]),
    ],
    ids=["areascan", "raster", "sead", "find_slot", "wafer", "spinner", "xrf"],
)
def test_messages_come_in_the_order_of_the_real_plans(plan: Callable[[Beamline], Any], expected: list[str]) -> None:
    assert told(played(plan)) == expected


def test_a_map_shows_the_slot() -> None:
    board = board_of(played(lambda b: maps.areascan(b, SMALL)))
    (scan,) = board.scans
    (mesh,) = figure_of(board, scan).panels[0].meshes
    assert mesh.z.shape == (7, 9)
    assert np.isfinite(mesh.z).all()
    assert mesh.z[3, 4] > 100 * mesh.z[0, 0] > 0
    assert scan.ended
    assert board.closed(scan)


def test_the_slot_is_found_where_it_is_and_the_summary_shows_both_scans() -> None:
    entries = played(alignments.find_slot)
    found = {body["motor"]: body["center"] for _, body in entries if body.get("align_wheel") == "find_slot"}
    assert found["xafs_x"] == pytest.approx(SLOT[0], abs=0.05)
    assert found["xafs_y"] == pytest.approx(SLOT[1], abs=0.05)
    for _, body in entries:
        if body.get("align_wheel") == "find_slot":
            np.testing.assert_allclose(body["best_fit"], body["data"], atol=0.01 * body["amplitude"])
            assert body["amplitude"] == pytest.approx(max(body["data"]), rel=0.02)
    board = board_of(entries)
    (summary,) = figures_on_show(board)
    assert (summary.kind, len(summary.panels)) == ("align_wheel", 2)
    assert all(panel.traces and panel.marks for panel in summary.panels)


def test_the_spinner_is_aligned_flat_and_at_the_edge() -> None:
    entries = played(alignments.align_spinner)
    results = [body for _, body in entries if body.get("glancing_angle") in ("linear", "pitch", "fluo")]
    assert [one["glancing_angle"] for one in results] == ["linear", "pitch", "linear", "pitch", "fluo"]
    assert results[3]["center"] == pytest.approx(FLAT, abs=0.25)
    assert results[2]["inverted"] == "inverted "
    board = board_of(entries)
    shown = {figure.kind: figure for figure in figures_on_show(board)}
    assert sorted(shown) == ["glancing_angle", "linescan"]  # the real plan, too, leaves its last line scan
    assert len(shown["glancing_angle"].panels) == 3


def test_a_wafer_edge_is_fitted() -> None:
    entries = played(alignments.wafer_edge)
    (result,) = [body for _, body in entries if "wafer" in body]
    assert result["center"] == pytest.approx(SLOT[0] - 6.0, abs=0.1)
    np.testing.assert_allclose(result["best_fit"], result["data"], atol=0.05 * result["amplitude"])


@pytest.mark.parametrize("with_errors", [True, False])
def test_the_calibration_finds_the_lattice_spacing_with_or_without_errors(with_errors: bool) -> None:
    entries = played(lambda b: alignments.calibrate_mono(b, with_errors=with_errors))
    ((_, message),) = entries
    np.testing.assert_allclose(message["found"], message["ee"], rtol=2e-4)
    assert (message["dspacing"][1] is not None) == with_errors
    board = board_of(entries)
    texts = [text.text for text in figure_of(board, board.scans[0]).panels[0].texts]
    assert any("Å" in text for text in texts)


@pytest.mark.parametrize(("detector", "channels"), [("1-element SDD", 1), ("4-element SDD", 4), ("7-element SDD", 7)])
def test_a_spectrum_shows_the_lines_of_the_sample_in_each_channel(detector: str, channels: int) -> None:
    board = board_of(played(lambda b: counting.xrf(b, "rust"), detector=detector))
    panel = figure_of(board, board.scans[0]).panels[0]
    assert len(panel.traces) == channels
    for trace in panel.traces:
        below = trace.x < 6700.0
        assert trace.x[below][np.argmax(trace.y[below])] == pytest.approx(6404.0, abs=60.0)  # Fe K alpha
    assert panel.lines[0].x == pytest.approx(6400.0, abs=5.0)
