"""Every number in the figures of the measured streams equals the formula applied to the documents, to the last bit."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from helpers.streams import Entry, fold, read_entries, stamp_entries
from xafs_workers.figures.figure_builder import build_figure
from xafs_workers.figures.model import Figure

Data = dict[str, Any]


def primary_events(entries: list[Entry]) -> dict[str, list[Data]]:
    """Return the data of the primary events of each run, straight from the documents."""
    streams = {body["uid"]: (body["run_start"], body["name"]) for name, body in entries if name == "descriptor"}
    found: dict[str, list[Data]] = {body["uid"]: [] for name, body in entries if name == "start"}
    for name, body in entries:
        if name == "event" and streams[body["descriptor"]][1] == "primary":
            found[streams[body["descriptor"]][0]].append(body["data"])
    return found


def log_ratio(above: float, below: float) -> float:
    return float(np.log(np.array([above / below]))[0]) if above > 0 and below > 0 else math.nan


FORMULAS: dict[str, Callable[[Data], float]] = {
    "transmission": lambda d: log_ratio(d["I0"], d["It"]),
    "reference": lambda d: log_ratio(d["It"], d["Ir"]),
    "I0": lambda d: d["I0"] / d["dwti_dwell_time"],
    "fluorescence": lambda d: (d["Cr1"] + d["Cr2"] + d["Cr3"] + d["Cr4"]) / d["I0"] if d["I0"] else math.nan,
}


def check(figure: Figure, events: list[list[Data]], panels: list[str]) -> int:
    compared = 0
    assert [panel.key for panel in figure.panels if panel.key != "chi"] == panels
    for panel in map(figure.get_panel, panels):
        assert len(panel.traces) == len(events)
        for trace, data in zip(panel.traces, events, strict=True):
            expected = np.array([FORMULAS[panel.key](d) for d in data])
            np.testing.assert_array_equal(trace.x, [d["dcm_energy"] for d in data])
            np.testing.assert_array_equal(trace.y, expected)
            compared += len(data)
    return compared


TRANSMISSION = ["transmission", "I0", "reference"]
FLUORESCENCE = ["transmission", "fluorescence", "I0", "reference"]


@pytest.mark.parametrize(
    ("name", "panels", "title", "numbers"),
    [
        ("ni2o3", TRANSMISSION, "Ni2O3: scan 3 of 3", 3 * 435 * 3),
        ("ni2o3-bothways", TRANSMISSION, "Ni2O3: scan 3 of 3", 3 * 435 * 3),
        ("cr2o3_fluo", FLUORESCENCE, "Cr2O3: scan 5 of 5", 5 * 870 * 4),
        ("cr2o3_fluo-realabort", FLUORESCENCE, "Cr2O3: scan 3 of 3", (2 * 870 + 548) * 4),
    ],
)
def test_replays_show_the_formulas_applied_to_the_documents(
    measured: Path, name: str, panels: list[str], title: str, numbers: int
) -> None:
    entries = read_entries(measured / f"{name}.jsonl")
    board = fold(stamp_entries(entries))
    scan = next(scan for scan in board.scans if scan.kind == "xafsscan")
    figure = build_figure(board, scan)
    assert figure.title == title
    assert check(figure, list(primary_events(entries).values()), panels) == numbers


def test_the_labels_match_those_users_know(measured: Path) -> None:
    board = fold(stamp_entries(read_entries(measured / "cr2o3_fluo.jsonl")))
    figure = build_figure(board, next(scan for scan in board.scans if scan.kind == "xafsscan"))
    assert (figure.rows, figure.columns) == (2, 3)
    assert {panel.x_label for panel in figure.panels} == {"energy (eV)", "wavenumber (Å⁻¹)"}
    assert [(panel.title, panel.y_label) for panel in figure.panels] == [
        ("transmission: Cr2O3", "transmission µ(E)"),
        ("fluorescence: Cr2O3", "fluorescence µ(E)  (4-element SDD)"),
        ("live χ(k)", "k² χ(k)  (Å⁻²)"),
        ("I0", "I0 (nA)"),
        ("reference: Cr foil", "reference µ(E)"),
    ]
    assert [trace.label for trace in figure.panels[0].traces] == [f"scan {n}" for n in range(1, 6)]


def test_a_sequence_after_an_aborted_one_starts_empty(measured: Path) -> None:
    aborted = read_entries(measured / "cr2o3_fluo-realabort.jsonl")
    board = fold(stamp_entries([*aborted, *read_entries(measured / "ni2o3.jsonl")]))
    first, second = (scan for scan in board.scans if scan.kind == "xafsscan")
    assert board.is_closed(first)
    assert board.is_closed(second)
    assert not first.is_shown
    assert [trace.label for trace in build_figure(board, first).panels[0].traces] == [
        "scan 1",
        "scan 2",
        "scan 3 (aborted)",
    ]
    figure = build_figure(board, second)
    assert figure.title == "Ni2O3: scan 3 of 3"
    assert all(len(figure.get_panel(key).traces) == 3 for key in TRANSMISSION)
    assert all("Cr" not in panel.title for panel in figure.panels)
