"""Files of fluorescence spectra."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from helpers.finished import CHAMBERS, finished, xdi_with
from xafs_workers.messages.parsing import parse
from xafs_workers.scans.board_config import Rules
from xafs_workers.writers import xrf
from xafs_workers.writers.registry import CannotWrite, Material, files_of
from xafs_workers.writers.xdi_reader import read

RULES = Rules()
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
def test_f16_detector_and_columns_are_named_for_what_they_are(detector: str, numbers: tuple[int, ...]) -> None:
    run = finished(ONE_POINT, detectors=["quadem1", detector])
    file = read(xrf.content(run, spectra(*numbers)))
    assert file.fields["Detector.fluorescence"] == detector
    assert file.labels == ("energy", *(f"MCA{n}" for n in numbers))
    assert file.headings == ("energy eV", *(f"MCA{n} counts" for n in numbers))
    np.testing.assert_array_equal(file.column("energy"), 10.0 * np.arange(64))
    for n in numbers:
        np.testing.assert_array_equal(file.column(f"MCA{n}"), spectra(*numbers)[n])


@pytest.mark.parametrize("xdi", [{}, None])
def test_f16_neither_metadata_nor_assets_are_needed(xdi: Any) -> None:
    run = finished(ONE_POINT, xdi={} if xdi is None else xdi, beamline_id="BMM")
    fields = read(xrf.content(run, spectra(1, 2))).fields
    assert fields["Beamline.name"] == "BMM"
    assert fields["Detector.fluorescence"] == "2 channels"
    assert not any("hdf5" in name for name in fields)


def test_the_header_has_beam_and_detector_as_told() -> None:
    xdi = xdi_with(Detector={"fluorescence": "Vortex"}, _pccenergy=7412.5, _comment=["a", "b\nc"])
    file = read(xrf.content(finished(ONE_POINT, xdi=xdi), spectra(1)))
    assert file.fields["Beamline.energy"] == "7412.5 eV"
    assert file.fields["Detector.fluorescence"] == "Vortex"
    assert file.comments == ("a", "b", "c")
    families = [name.partition(".")[0] for name in file.fields]
    assert families == sorted(families)


def test_the_file_goes_into_the_folder_of_its_kind() -> None:
    run = finished(ONE_POINT)
    message = parse({"xrf": "write", "uid": run.uid, "filename": "a.xrf"})
    assert list(files_of(message, Material(run, RULES, spectra=spectra(8)))) == ["XRF/a.xrf"]


def test_spectra_of_unlike_length_have_gaps() -> None:
    file = read(xrf.content(finished(ONE_POINT), {1: np.array([1, 2, 3]), 2: np.array([4])}))
    np.testing.assert_array_equal(file.column("MCA2"), [4, 0, 0])
    assert file.comments == ("0 stands for no value in column MCA2, row 2-3",)


def test_without_spectra_the_reason_is_given() -> None:
    run = finished(ONE_POINT)
    message = parse({"xrf": "write", "uid": run.uid, "filename": "a.xrf"})
    with pytest.raises(CannotWrite, match=f"xrf: run {run.uid}: there are no fluorescence spectra"):
        files_of(message, Material(run, RULES))


def test_spectra_at_several_energies_have_labels_of_ones_own() -> None:
    content = xrf.spectra_text(finished(ONE_POINT), {"7100 eV": np.ones(3), "7200 eV": np.zeros(3)})
    assert read(content).labels == ("energy", "7100_eV", "7200_eV")
