"""Files of the goniometer: XDI with matching columns, and text with the counts of each pixel."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC
from typing import Any

import numpy as np
import pytest

from helpers.finished_runs import make_finished_run
from helpers.goniometer import REFLECTIVITY, change_reflectivity, compute_expected_reflectivity, make_images
from xafs_workers.catalog.finished_run import Asset
from xafs_workers.messages.parsing import parse
from xafs_workers.scans.board_config import BoardConfig
from xafs_workers.writers.registry import (
    CannotWrite,
    FileContents,
    FileContext,
    WriterInput,
    build_message_files,
)
from xafs_workers.writers.xdi_reader import XdiFile, read

XDI: dict[str, Any] = {
    "Beamline": {"name": "BMM", "eta_refinement": [{"diff": 1}], "sample_alignment": "x", "endstation": "XRD"},
    "Detector": {"I0": "scaler", "mythen_gap": 0.5, "mythen_pixel_zero": 640},
    "Sample": {"name": "film"},
    "_filename": "film-of-the-run",
}
BASELINE = {"nu": 0.25, "eta": 0.5}
ASSET = Asset("/nsls2/data/bmm/proposals/2026-1/pass-1/assets/mythen2-2/2026/01/31/a.h5", "application/x-hdf5")


def write(
    kind: str,
    columns: dict[str, Any] = REFLECTIVITY,
    *,
    images: np.ndarray | None = None,
    xdi: dict[str, Any] = XDI,
    **fields: Any,
) -> FileContents:
    run = make_finished_run(columns, motors=["eta"], xdi=xdi, plan_name="xrr_scan", scan_id=7)
    material = WriterInput(
        run,
        BoardConfig(),
        FileContext((ASSET,), UTC),
        image=images,
        image_problem="" if images is not None else "no image in this run",
        baseline=BASELINE,
    )
    return build_message_files(parse({kind: True, "uid": run.uid, **fields}), material)


def get_text(contents: FileContents, name: str) -> str:
    content = contents[name]
    assert isinstance(content, bytes)
    return content.decode()


def read_spec(text: str) -> tuple[list[str], np.ndarray, dict[str, str]]:
    """Return labels, numbers and header lines by their letter, as a reader of SPEC files would."""
    lines = text.splitlines()
    header = {line[1]: line[3:] for line in lines if line.startswith("#")}
    labels = header["L"].split("  ")
    table = np.array([list(map(float, line.split("\t"))) for line in lines if not line.startswith("#")])
    assert int(header["N"]) == len(labels) == table.shape[1]
    return labels, table, header


def test_the_ten_columns_match_the_header() -> None:
    made = write("xrrxdi", stub="film-a")
    assert list(made) == ["film-a.xdi"]
    file = read(get_text(made, "film-a.xdi").encode())
    assert file.labels == (
        "eta", "delta", "measurement_time", "monitor", "mca_full", "dir", "refl", "max_counts", "attenuator", "xrr"
    )  # fmt: skip
    assert [heading.split()[0] for heading in file.headings] == list(file.labels)
    for label, key in (("measurement_time", "dwti_dwell_time"), ("refl", "refl"), ("attenuator",) * 2, ("dir",) * 2):
        source = "attenuator_attenuation" if key == "attenuator" else key
        np.testing.assert_array_equal(file.get_column(label), REFLECTIVITY[source])
    np.testing.assert_allclose(file.get_column("xrr"), compute_expected_reflectivity(), rtol=1e-9)


def test_metadata_of_the_calibration_is_left_out() -> None:
    fields = read_fields(write("xrrxdi", stub="film-a"))
    assert not [name for name in fields if "refinement" in name or "alignment" in name or "mythen_g" in name]
    assert "Detector.mythen_pixel_zero" not in fields
    assert fields["Detector.I0"] == "scaler"
    assert fields["Scan.mythen_hdf5_file"] == "pass-1/assets/mythen2-2/2026/01/31/a.h5".partition("/")[2]
    assert fields["Scan.end_time"].startswith("2")


def read_fields(made: FileContents) -> dict[str, str]:
    (name,) = made
    return dict(read(get_text(made, name).encode()).fields)


def test_without_a_stub_the_run_names_the_file() -> None:
    assert list(write("xrrxdi", stub=None)) == ["film-of-the-run.xdi"]
    with pytest.raises(CannotWrite, match=r"XDI\._filename: missing field"):
        write("xrrxdi", stub=None, xdi={})


@pytest.mark.parametrize("setting", [9.0, 15.0])
def test_an_attenuator_without_factor_is_a_gap_with_a_reason(setting: float) -> None:
    made = write("xrrxdi", change_reflectivity(attenuator_attenuation=[3.0, setting, 1.0, 0.0]), stub="film-a")
    file: XdiFile = read(get_text(made, "film-a.xdi").encode())
    expected = np.delete(compute_expected_reflectivity(), 1)
    np.testing.assert_allclose(file.get_column("xrr"), expected, rtol=1e-9)
    assert f"attenuator {setting:g}: no factor" in file.fields["XafsWorkers.problem_1"]
    assert "no value of xrr" in file.fields["XafsWorkers.point_2"]
    assert file.comments == ()


def test_short_text_has_scalars_and_the_baseline() -> None:
    made = write("xrrtxt", stub="film-a", style="short")
    assert list(made) == ["film-a_short.txt"]
    labels, table, header = read_spec(get_text(made, "film-a_short.txt"))
    assert labels == ["delta", "eta", "nu", "attenuator", "mca_full", "dir", "monitor", "seconds"]
    for place, key in enumerate(["delta", "eta", None, "attenuator_attenuation", "mca_full", "dir", "monitor"]):
        np.testing.assert_allclose(table[:, place], REFLECTIVITY[key] if key else [0.25] * 4, rtol=1e-9)
    assert (header["F"], header["S"], table.shape) == ("film-a_short.txt", "7 xrr_scan", (4, 8))


def test_long_text_has_the_counts_of_each_pixel() -> None:
    made = write("xrrtxt", images=make_images(), stub="film-a", style="both")
    assert list(made) == ["film-a_short.txt", "film-a_XRR_MAT"]
    labels, table, _ = read_spec(get_text(made, "film-a_XRR_MAT"))
    assert (labels[8], labels[-1], len(labels)) == ("bin0", "bin1279", 1288)
    np.testing.assert_array_equal(table[:, 8:], make_images())


def test_a_column_that_is_missing_keeps_its_place() -> None:
    text = get_text(write("xrrtxt", change_reflectivity(dir=None), stub="a", style="short"), "a_short.txt")
    labels, table, _ = read_spec(text)
    assert labels[5] == "dir"
    assert np.isnan(table[:, 5]).all()
    assert "column dir is nan: no dir in this run" in text


def test_a_missing_image_keeps_back_only_its_own_file() -> None:
    made = write("xrrout", stub="film-a", style="both")
    assert {name: type(content) for name, content in made.items()} == {
        "film-a.xdi": bytes,
        "film-a_short.txt": bytes,
        "film-a_XRR_MAT": CannotWrite,
    }
    with pytest.raises(CannotWrite, match="no image in this run"):
        write("xrrtxt", stub="film-a", style="long")


@pytest.mark.parametrize(
    ("detector", "expected"),
    [
        ("mythen", ["eta", "mca_full", "dir", "refl", "max_counts", "monitor", "seconds"]),
        ("mythen_refl", ["eta", "mca_full", "dir", "refl", "max_counts", "monitor", "seconds"]),
        ("mca_full", ["eta", "mca_full", "dir", "seconds"]),
        ("monitor", ["eta", "monitor", "seconds"]),
        ("Bicron", ["eta", "monitor", "seconds"]),
        ("ic0", ["eta", "I0", "seconds"]),
    ],
)
def test_each_detector_of_a_line_scan_has_its_columns(detector: str, expected: list[str]) -> None:
    columns = {**REFLECTIVITY, "I0": [1.0, 2.0, 3.0, 4.0]}
    made = write("xrr_linescan_file", columns, images=make_images(), stub="e", motor="eta", detector=detector)
    labels, table, _ = read_spec(get_text(made, "e.dat"))
    assert labels[: len(expected)] == expected
    assert len(labels) == len(expected) + 1280
    sources = {"seconds": "dwti_dwell_time"}
    for place, label in enumerate(expected):
        np.testing.assert_allclose(table[:, place], columns[sources.get(label, label)], rtol=1e-9)


def test_a_line_scan_without_an_image_states_why() -> None:
    text = get_text(write("xrr_linescan_file", stub="e", motor="eta", detector="monitor"), "e.dat")
    assert "#C no counts of each pixel: no image in this run" in text
    assert read_spec(text)[0] == ["eta", "monitor", "seconds"]


@pytest.mark.parametrize(("motor", "detector"), [("samplez", "mythen"), ("eta", "bicorn")])
def test_a_line_scan_without_its_column_is_refused(motor: str, detector: str) -> None:
    with pytest.raises(CannotWrite, match=f"no {motor if motor != 'eta' else detector} in this run"):
        write("xrr_linescan_file", stub="e", motor=motor, detector=detector)


def test_a_calibration_has_the_order_of_its_header() -> None:
    columns = change_reflectivity(eta=None)
    made = write("xrr_calibration_file", columns, images=make_images(), stub="cal", motor="delta", detector="mythen")
    labels, table, _ = read_spec(get_text(made, "cal.dat"))
    assert labels[:4] == ["delta", "monitor", "eta", "bin0"]
    np.testing.assert_allclose(table[:, :3].T, [REFLECTIVITY["delta"], REFLECTIVITY["monitor"], [0.5] * 4])
    np.testing.assert_array_equal(table[:, 3:], make_images())
    with pytest.raises(CannotWrite, match="no image in this run"):
        write("xrr_calibration_file", columns, stub="cal")


def test_the_same_run_gives_the_same_bytes() -> None:
    run = make_finished_run(REFLECTIVITY, motors=["eta"], xdi=XDI)
    material = WriterInput(run, BoardConfig(), image=make_images(), baseline=BASELINE)
    message = parse({"xrrout": True, "uid": run.uid, "stub": "a"})
    assert build_message_files(message, material) == build_message_files(message, replace(material))
