"""Files of fluorescence spectra."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from helpers.finished_runs import CHAMBERS, make_finished_run, merge_xdi
from xafs_workers.messages.parsing import parse
from xafs_workers.scans.board_config import BoardConfig
from xafs_workers.writers import xrf
from xafs_workers.writers.registry import CannotWrite, WriterInput, build_message_files
from xafs_workers.writers.xdi_reader import read

RULES = BoardConfig()
ONE_POINT = {key: values[:1] for key, values in CHAMBERS.items()}


def spectra(*numbers: int, bins: int = 64) -> dict[int, np.ndarray]:
    return {n: np.arange(bins) * n for n in numbers}


@pytest.mark.parametrize(
    ("detector", "numbers"),
    [
        ("1-element SDD", (8,)),
        ("4-element SDD", (1, 2, 3, 4)),
        ("7-element SDD", (1, 2, 3, 4, 5, 6, 7)),
        ("dante-1", (1, 2, 3, 4, 5, 6, 7)),
    ],
)
def test_detector_and_columns_have_their_real_names(detector: str, numbers: tuple[int, ...]) -> None:
    run = make_finished_run(ONE_POINT, detectors=["quadem1", detector])
    file = read(xrf.build_content(run, spectra(*numbers)))
    assert file.fields["Detector.fluorescence"] == detector
    assert file.labels == ("energy", *(f"mca{n}" for n in numbers))
    assert file.headings == ("energy eV", *(f"mca{n} counts" for n in numbers))
    np.testing.assert_array_equal(file.get_column("energy"), 10.0 * np.arange(64))
    for n in numbers:
        np.testing.assert_array_equal(file.get_column(f"mca{n}"), spectra(*numbers)[n])


@pytest.mark.parametrize("xdi", [{}, None])
def test_metadata_and_assets_are_optional(xdi: Any) -> None:
    run = make_finished_run(ONE_POINT, xdi={} if xdi is None else xdi, beamline_id="BMM")
    fields = read(xrf.build_content(run, spectra(1, 2))).fields
    assert fields["Beamline.name"] == "BMM"
    assert fields["Detector.fluorescence"] == "2 channels"
    assert not any("hdf5" in name for name in fields)


def test_the_header_has_beam_and_detector_of_the_metadata() -> None:
    xdi = merge_xdi(Detector={"fluorescence": "Vortex"}, _pccenergy=7412.5, _comment=["a", "b\nc"])
    file = read(xrf.build_content(make_finished_run(ONE_POINT, xdi=xdi), spectra(1)))
    assert file.fields["Beamline.energy"] == "7412.5 eV"
    assert file.fields["Detector.fluorescence"] == "Vortex"
    assert file.comments == ("a", "b", "c")
    families = [name.partition(".")[0] for name in file.fields]
    assert families == sorted(families, key=lambda family: (family == "XafsWorkers", family))


def test_the_file_is_written_in_the_folder_of_its_kind() -> None:
    run = make_finished_run(ONE_POINT)
    message = parse({"xrf": "write", "uid": run.uid, "filename": "a.xrf"})
    assert list(build_message_files(message, WriterInput(run, RULES, spectra=spectra(8)))) == ["XRF/a.xrf"]


def test_spectra_of_different_length_have_gaps() -> None:
    file = read(xrf.build_content(make_finished_run(ONE_POINT), {1: np.array([1, 2, 3]), 2: np.array([4])}))
    assert file.labels == ("energy", "mca1")
    np.testing.assert_array_equal(file.get_column("mca1"), [1, 2, 3])
    assert file.fields["XafsWorkers.left_out_mca2"].startswith("1 of 3 points")


def test_a_run_without_spectra_is_refused_with_the_reason() -> None:
    run = make_finished_run(ONE_POINT)
    message = parse({"xrf": "write", "uid": run.uid, "filename": "a.xrf"})
    with pytest.raises(CannotWrite, match=f"xrf: run {run.uid}: there are no fluorescence spectra"):
        build_message_files(message, WriterInput(run, RULES))


def test_spectra_at_several_energies_have_given_labels() -> None:
    content = xrf.format_spectra(make_finished_run(ONE_POINT), {"7100 eV": np.ones(3), "7200 eV": np.zeros(3)})
    assert read(content).labels == ("energy", "7100_ev", "7200_ev")
