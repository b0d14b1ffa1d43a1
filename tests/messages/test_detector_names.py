"""Many spellings of detectors and modes, one name for each."""

from __future__ import annotations

import pytest

from xafs_workers.messages.detectors import MODES, canonical_detector, canonical_fluo_detector, canonical_mode
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
def test_every_spelling_in_any_capitals(spelling: str, name: str) -> None:
    for given in (spelling, spelling.upper(), spelling.capitalize(), f" {spelling} "):
        assert canonical_detector(given) == name
    if name in MODES:
        assert canonical_mode(spelling.upper()) == name


@pytest.mark.parametrize("name", ["noisy_det", "Bicron", "Xs8", ""])
def test_any_other_name_is_a_data_key(name: str) -> None:
    assert canonical_detector(name) == name


@pytest.mark.parametrize("mode", ["i0", "ic1", "noisy_det", ""])
def test_what_is_no_mode_is_refused(mode: str) -> None:
    with pytest.raises(ValueError, match="one of transmission, fluorescence"):
        canonical_mode(mode)


def test_every_mode_is_its_own_name() -> None:
    assert [canonical_mode(mode) for mode in MODES] == list(MODES)
    assert canonical_mode("test transmission") == "test"


@pytest.mark.parametrize("name", list(Detectors().channels))
def test_fluorescence_detectors_of_the_table(name: str) -> None:
    assert canonical_fluo_detector(name.upper()) == name
    assert canonical_fluo_detector("another one") == "another one"
