"""Many spellings of detectors and modes, one name for each."""

from __future__ import annotations

import pickle

import pytest

from xafs_workers.messages.detectors import MODES, normalize_detector, normalize_fluo_detector, normalize_mode
from xafs_workers.settings import Settings

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
    "pips": "pips",
    "diode": "diode",
    "mythen": "mythen",
    "monitor": "monitor bicron apd struck srtuck",
}
EACH = [(spelling, name) for name, spellings in SPELLINGS.items() for spelling in spellings.split()]


@pytest.mark.parametrize(("spelling", "name"), EACH)
def test_detector_names_are_read_in_any_spelling(spelling: str, name: str) -> None:
    for given in (spelling, spelling.upper(), spelling.capitalize(), f" {spelling} "):
        assert normalize_detector(given) == name
    if name in MODES:
        assert normalize_mode(spelling.upper()) == name


@pytest.mark.parametrize("name", ["noisy_det", "Xs8", ""])
def test_any_other_name_is_taken_as_a_data_key(name: str) -> None:
    assert normalize_detector(name) == name


@pytest.mark.parametrize(
    ("mode", "texts"),
    [
        ("transmission", "trans transmision tarnsmission it xafs_trans"),
        ("reference", "ref refrence Referenz trans+ref ir"),
        ("fluorescence", "fluo flou flourescence fluoresence flurescence both xs xs7 if fluo+trans"),
        ("xs1", "xs1 XS1"),
        ("yield", "yield eyield iy fluo+yield yield+pilatus"),
        ("pilatus", "pil pilatus fluo+pilatus"),
        ("pips", "pips PIPS"),
        ("eiger", "eiger fluo+eiger"),
        ("dante", "dante fluorescence-dante"),
        ("test", "test testing"),
    ],
)
def test_a_free_text_is_read_as_plans_mean_it(mode: str, texts: str) -> None:
    for text in texts.split():
        found = normalize_mode(f" {text} ")
        assert (found, found.note) == (mode, "")


@pytest.mark.parametrize("mode", ["i0", "p", "ip", "dancing", ""])
def test_an_unknown_mode_is_transmission_with_a_note(mode: str) -> None:
    found = normalize_mode(mode)
    assert found == "transmission"
    assert found.note == f"unknown mode {mode!r}: taken as transmission"
    assert pickle.loads(pickle.dumps(found)).note == found.note


def test_every_mode_is_read_under_its_own_name() -> None:
    assert [normalize_mode(mode) for mode in MODES] == list(MODES)
    assert normalize_mode("test transmission") == "transmission"


@pytest.mark.parametrize("name", list(Settings().detectors.channels))
def test_fluorescence_detectors_of_the_table_are_read(name: str) -> None:
    assert normalize_fluo_detector(name.upper()) == name
    assert normalize_fluo_detector("another one") == "another one"
