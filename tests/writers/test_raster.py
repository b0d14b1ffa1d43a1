"""Spreadsheets and Matlab files of maps."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import numpy as np
import pytest
from openpyxl import load_workbook
from scipy.io import loadmat

from helpers.finished_runs import AREA_DETECTOR, CHAMBERS, IY, make_channels, make_finished_run
from xafs_workers.messages.parsing import parse
from xafs_workers.scans.board_config import BoardConfig
from xafs_workers.scans.runs import Run
from xafs_workers.writers import raster, spreadsheet
from xafs_workers.writers.registry import CannotWrite, WriterInput, build_message_files

RULES = BoardConfig()
POSITIONS = {"xafs_y": [0.0, 0.0, 1.0, 1.0], "xafs_x": [5.0, 6.0, 5.0, 6.0]}
NAMES = {"xlsxout": "maps/map-01.xlsx", "matout": "maps/map-01.mat"}


def make_map(more: dict[str, list[float]], detector: str, sample: str = "rust", **told: Any) -> Run:
    xdi = {"Sample": {"name": sample}, "Element": {"symbol": "Fe", "edge": "K"}, "_snapshots": NAMES}
    hint = f"areascan {detector} xafs_y xafs_x True False 7200.0"
    columns = {**POSITIONS, **CHAMBERS, **more}
    return make_finished_run(columns, hint, **{"xdi": xdi, "motors": ["xafs_y", "xafs_x"], **told})


def rows_of(content: bytes) -> list[tuple[Any, ...]]:
    book = load_workbook(io.BytesIO(content))
    return [row for sheet in book.worksheets for row in sheet.iter_rows(values_only=True)]


def signal_of(run: Run) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the signal over I0 and the signal from the spreadsheet, and that of the Matlab file."""
    made = raster.build_content(run, RULES)
    table = rows_of(made["maps/map-01.xlsx"])
    over, raw = np.array([row[2:4] for row in table[1:]], dtype=float).T
    return over, raw, loadmat(io.BytesIO(made["maps/map-01.mat"]))["signal"][:, 0]


FOUR, SEVEN, ONE = make_channels("Fe", 1, 2, 3, 4), make_channels("Fe", *range(1, 8)), make_channels("Fe", 8)
NOISE = {"noisy_det": [0.5, 0.25, 0.125, 4.0]}

SIGNALS = [
    ("Xs", ["7-element SDD"], SEVEN, list(SEVEN)),
    ("Xs", ["4-element SDD"], FOUR, list(FOUR)),
    ("If", ["4-element SDD"], FOUR, list(FOUR)),
    ("Xs1", ["1-element SDD"], ONE, ["Fe8"]),
    ("Dante", ["dante-1"], SEVEN, list(SEVEN)),
    ("It", [], {}, ["It"]),
    ("I0", [], {}, ["I0"]),
    ("Ir", [], {}, ["Ir"]),
    ("Iy", [], IY, ["Iy"]),
    ("noisy_det", [], NOISE, ["noisy_det"]),
    ("pilatus", [], AREA_DETECTOR, ["specular"]),
    ("Eiger", [], {"full": NOISE["noisy_det"], "dir": NOISE["noisy_det"]}, ["full"]),
    ("Pips", [], {"Pips": NOISE["noisy_det"]}, ["Pips"]),
]


@pytest.mark.parametrize(("detector", "names", "more", "keys"), SIGNALS, ids=[f"{s[0]}-{s[1]}" for s in SIGNALS])
def test_the_signal_of_each_detector_is_in_both_files(
    detector: str, names: list[str], more: dict[str, list[float]], keys: list[str]
) -> None:
    over, raw, in_matlab = signal_of(make_map(more, detector, detectors=names))
    expected = np.sum([{**CHAMBERS, **more}[key] for key in keys], axis=0)
    np.testing.assert_array_equal(raw, expected)
    np.testing.assert_array_equal(in_matlab, expected)
    np.testing.assert_allclose(over, expected / np.array(CHAMBERS["I0"]), rtol=1e-15)


TITLES = [
    ("Fe/Mn [x]: a\\b*c?", "Fe-Mn -x-- a-b-c-"),
    ("", "sheet"),
    ("History", "sheet History"),
    ("'quoted'", "quoted"),
    ("x" * 5000, "x" * 31),
    ("a\nb\x00c\u2028d", "a b c d"),
    ("試料 µ 😀", "試料 µ 😀"),
    ("=1+1", "=1+1"),
]


@pytest.mark.parametrize(("sample", "title"), TITLES, ids=range(len(TITLES)))
def test_any_sample_name_gives_a_legal_sheet_title(sample: str, title: str) -> None:
    made = raster.build_content(make_map(FOUR, "Xs", sample), RULES)
    assert load_workbook(io.BytesIO(made["maps/map-01.xlsx"])).sheetnames == [title]
    label = loadmat(io.BytesIO(made["maps/map-01.mat"]))["label"]
    assert "".join(label) == " ".join(sample.replace("\x00", " ").replace("\u2028", " ").split())


def test_the_spreadsheet_lists_pixels_in_measured_order() -> None:
    table = rows_of(raster.build_content(make_map(FOUR, "Xs"), RULES)["maps/map-01.xlsx"])
    assert table[0] == ("xafs_y", "xafs_x", "Xs/I0", "Xs", "I0", "It", "Ir")
    assert table[1] == (0, 5, 100.0, 1000, 10, 5, 2)
    assert [row[:2] for row in table[1:]] == [(0, 5), (0, 6), (1, 5), (1, 6)]


def test_the_matlab_file_has_vectors_by_name() -> None:
    found = loadmat(io.BytesIO(raster.build_content(make_map(FOUR, "Xs"), RULES)["maps/map-01.mat"]))
    names = {name for name in found if not name.startswith("__")}
    assert names == {"xafs_y", "xafs_x", "I0", "It", "Ir", "signal", "label"}
    assert found["xafs_x"].shape == (4, 1)
    np.testing.assert_array_equal(found["xafs_x"][:, 0], POSITIONS["xafs_x"])
    assert found["label"].tolist() == ["rust"]


def test_gaps_are_empty_cells() -> None:
    dark = {**FOUR, "I0": [10.0, 0.0, 30.0, 40.0]}
    table = rows_of(raster.build_content(make_map(dark, "Xs"), RULES)["maps/map-01.xlsx"])
    assert table[2] == (0, 6, None, 1004, 0, 8, 3)


def test_both_signals_of_an_area_detector_are_written() -> None:
    made = raster.build_content(make_map(AREA_DETECTOR, "eiger"), RULES)
    headings = rows_of(made["maps/map-01.xlsx"])[0]
    assert headings[2:6] == ("specular/I0", "specular", "diffuse/I0", "diffuse")
    found = loadmat(io.BytesIO(made["maps/map-01.mat"]))
    np.testing.assert_array_equal(found["diffuse"][:, 0], AREA_DETECTOR["diffuse"])
    np.testing.assert_array_equal(found["signal"], found["specular"])


def test_a_heading_like_a_formula_is_stored_as_text() -> None:
    content = spreadsheet.build_xlsx_file("t", {"=cmd|' /C calc'!A0": np.array([1.0])}, 1e9)
    cell = load_workbook(io.BytesIO(content)).worksheets[0]["A1"]
    assert (cell.data_type, cell.value) == ("s", "=cmd|' /C calc'!A0")


def test_numbers_of_the_spreadsheet_keep_all_digits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spreadsheet, "ROWS_AT_ONCE", 2)
    values = [0.1 + 0.2, 1 / 3, -0.0, 5e-324, 1.7976931348623157e308, 123456789012345.67, float("inf"), 2.0**53]
    columns = {str(number): np.array(values) for number in range(28)}  # beyond column Z
    table = rows_of(spreadsheet.build_xlsx_file("t", columns, 1e9))
    assert len(table) == 1 + len(values)
    for row, value in zip(table[1:], values, strict=True):
        assert row == (None if value == float("inf") else value,) * 28


def test_rows_beyond_a_sheet_continue_in_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spreadsheet, "MAX_ROWS", 3)
    content = spreadsheet.build_xlsx_file("y" * 40, {"a": np.arange(7.0)}, 1e9)
    book = load_workbook(io.BytesIO(content))
    assert book.sheetnames == ["y" * 31, "y" * 27 + " (2)", "y" * 27 + " (3)"]
    assert rows_of(content) == [("a",), (0,), (1,), (2,), ("a",), (3,), (4,), (5,), ("a",), (6,)]


def test_files_contain_only_the_end_time_of_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    run = make_map(FOUR, "Xs")
    first = raster.build_content(run, RULES)
    monkeypatch.setattr("time.localtime", lambda *_: (2001, 2, 3, 4, 5, 6, 0, 0, 0))
    monkeypatch.setattr("time.asctime", lambda *_: "another time")
    assert raster.build_content(run, RULES) == first
    with zipfile.ZipFile(io.BytesIO(first["maps/map-01.xlsx"])) as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(2026, 9, 21, 14, 13, 20)}
        core = archive.read("docProps/core.xml")
        assert core.count(b"2026-09-21T14:13:21Z") == 2
    assert first["maps/map-01.mat"][:116].rstrip().endswith(b"Created on: Mon Sep 21 14:13:21 2026")


@pytest.mark.parametrize(
    ("snapshots", "more", "names"),
    [
        ({"xlsxout": "a.xlsx", "matout": "maps/b.mat"}, {}, ["maps/a.xlsx", "maps/b.mat"]),
        ({"pngout": "maps/m-02.png"}, {}, ["maps/m-02.xlsx", "maps/m-02.mat"]),
        ({}, {"BMM_kafka": {"pngout": "m.png"}}, ["maps/m.xlsx", "maps/m.mat"]),
    ],
)
def test_files_are_named_by_the_metadata_or_the_picture(
    snapshots: dict[str, str], more: dict[str, Any], names: list[str]
) -> None:
    run = make_map(FOUR, "Xs", xdi={"_snapshots": snapshots}, **more)
    assert list(raster.build_content(run, RULES)) == names


@pytest.mark.parametrize(
    ("told", "columns", "said"),
    [
        ({"xdi": {}}, FOUR, "names no files"),
        ({"motors": ["a"], "plan_name": "x"}, FOUR, None),
        ({}, {}, "no fluorescence channels"),
    ],
)
def test_an_unwritable_map_is_refused_with_the_reason(told: dict[str, Any], columns: Any, said: str) -> None:
    run = make_map(columns, "Xs", **told)
    message = parse({"raster": True, "uid": run.uid})
    if said is None:
        assert build_message_files(message, WriterInput(run, RULES))
        return
    with pytest.raises(CannotWrite, match=f"raster: run {run.uid}: .*{said}"):
        build_message_files(message, WriterInput(run, RULES))


def test_a_map_without_metadata_is_refused() -> None:
    run = make_finished_run({**POSITIONS, **CHAMBERS}, xdi={"_snapshots": NAMES}, plan_name="count")
    with pytest.raises(CannotWrite, match="does not describe the map"):
        raster.build_content(run, RULES)


def test_a_plan_without_a_hint_is_identified_by_its_name() -> None:
    run = make_finished_run(
        {**POSITIONS, **CHAMBERS},
        xdi={"_snapshots": NAMES},
        plan_name="grid_scan measurement xafs_y xafs_x It",
        motors=["xafs_y", "xafs_x"],
    )
    np.testing.assert_array_equal(signal_of(run)[1], CHAMBERS["It"])
