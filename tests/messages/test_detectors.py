"""Many spellings of detectors and modes, one name for each."""

from __future__ import annotations

import pytest

from xafs_workers.messages.detectors import MODES, normalize_detector, normalize_fluo_detector, normalize_mode
from xafs_workers.settings import Detectors

SPELLINGS = {
    "fluorescence": "if xs xs4 xs7 fluo flou fluor fluorescence flourescence both",
    "xs1": "xs1",
    "transmission": "it trans transmission",
    "reference": "ir ref reference",
    "yield": "iy yield eyield fluo+yield",
    "pilatus": "fluo+pilatus pilatus",
    "eiger": "eiger",
    "dante": "dante",
    "i0": "i0",
    "ic0": "ic0",
    "ic1": "ic1",
    "test": "test",
}
EACH = [(spelling, name) for name, spellings in SPELLINGS.items() for spelling in spellings.split()]


@pytest.mark.parametrize(("spelling", "name"), EACH)
def test_detector_names_are_read_in_any_spelling(spelling: str, name: str) -> None:
    for given in (spelling, spelling.upper(), spelling.capitalize(), f" {spelling} "):
        assert normalize_detector(given) == name
    if name in MODES:
        assert normalize_mode(spelling.upper()) == name


@pytest.mark.parametrize("name", ["noisy_det", "Bicron", "Xs8", ""])
def test_any_other_name_is_taken_as_a_data_key(name: str) -> None:
    assert normalize_detector(name) == name


@pytest.mark.parametrize("mode", ["i0", "ic1", "noisy_det", ""])
def test_an_unknown_mode_is_refused(mode: str) -> None:
    with pytest.raises(ValueError, match="one of transmission, fluorescence"):
        normalize_mode(mode)


def test_every_mode_is_read_under_its_own_name() -> None:
    assert [normalize_mode(mode) for mode in MODES] == list(MODES)
    assert normalize_mode("test transmission") == "test"


@pytest.mark.parametrize("name", list(Detectors().channels))
def test_fluorescence_detectors_of_the_table_are_read(name: str) -> None:
    assert normalize_fluo_detector(name.upper()) == name
    assert normalize_fluo_detector("another one") == "another one"
