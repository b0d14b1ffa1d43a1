"""Units of columns, whose texts are free."""

from __future__ import annotations

import subprocess
import sys

import pytest

from xafs_workers.scans.units import read_unit


@pytest.mark.parametrize(
    ("text", "kind", "factor"),
    [
        ("eV", "energy", 1.0),
        ("ev", "energy", 1.0),
        ("KeV", "energy", 1000.0),
        ("cts", "count", 1.0),
        ("counts", "count", 1.0),
        ("s⁻", "rate", 1.0),
        ("s-1", "rate", 1.0),
        ("counts/s", "rate", 1.0),
        ("kHz", "rate", 1000.0),
        ("1/ms", "rate", 1000.0),
        ("A", "current", 1e9),
        ("mA", "current", 1e6),
        ("uA", "current", 1e3),
        ("µA", "current", 1e3),
        ("nA*s", "charge", 1.0),
        ("C", "charge", 1e9),
        ("Angstrom", "length", 1.0),
        ("nm", "length", 10.0),
        ("mdeg", "angle", 1.7453292519943295e-05),
        ("mV", "voltage", 1e-3),
        ("None", "none", 1.0),
        ("arb", "none", 1.0),
        ("bar", "other", 1.0),
        ("", "unknown", 1.0),
        ("wombats", "unknown", 1.0),
        ("s⁻⁻", "unknown", 1.0),
    ],
)
def test_unit_has_a_kind_and_a_factor(text: str, kind: str, factor: float):
    unit = read_unit(text)
    assert unit.kind == kind
    assert unit.factor == pytest.approx(factor, rel=1e-12)


def test_unknown_unit_keeps_its_text():
    assert read_unit("wombats").text == "wombats"


def test_common_units_need_no_registry():
    code = (
        "import sys; from xafs_workers.scans.units import read_unit\n"
        "for text in ('eV', 'keV', 'mm', 'mrad', 'deg', 's', 'counts', 'nA', 'uA', 'A', 'angstrom', 's⁻', ''):\n"
        "    read_unit(text)\n"
        "assert 'pint' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
