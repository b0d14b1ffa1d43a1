"""Files of XAFS scans are XDI/1.0 by the letter: by rules of our own, and by an independent validator where it runs."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

from helpers.finished_runs import IY, XAFS, make_channels, make_finished_run, merge_xdi
from helpers.streams import fold, read_entries, stamp_entries
from helpers.xdi_rules import find_violations
from xafs_workers.scans.board_config import BoardConfig
from xafs_workers.writers import xasxdi

RULES = BoardConfig()
SDD = make_channels("Fe", 1, 2, 3, 4)
FEW = {"Sample": {"name": 'rust "1"', "temperature": "warm"}, "Element": {"edge": "k"}, "Facility": {"current": 400}}

RUNS = {
    "transmission": lambda: make_finished_run(XAFS, "xafs transmission"),
    "fluorescence": lambda: make_finished_run({**XAFS, **SDD}, "xafs xs"),
    "yield": lambda: make_finished_run({**XAFS, **IY, **SDD}, "xafs yield"),
    "pips": lambda: make_finished_run({**XAFS, "Pips": IY["Iy"]}, "xafs pips"),
    "reference": lambda: make_finished_run(XAFS, "xafs reference"),
    "gaps": lambda: make_finished_run({**XAFS, "It": [1.0, 0.0, 2.0, 3.0]}, "xafs transmission"),
    "one point": lambda: make_finished_run({key: values[:1] for key, values in XAFS.items()}, "xafs transmission"),
    "two points": lambda: make_finished_run({key: values[:2] for key, values in XAFS.items()}, "xafs transmission"),
    "metadata": lambda: make_finished_run(XAFS, "xafs transmission", xdi=merge_xdi(**FEW, _comment="a\n\n---\nb")),
}

EXAMPLE = """# XDI/1.0 GSE/1.0
# Column.1: energy eV
# Column.2: i0
# Column.3: mutrans
# Element.edge: K
# Element.symbol: Cu
# Scan.edge_energy: 8980.0 eV
# Mono.d_spacing: 3.13553
# Scan.start_time: 2001-06-26T22:27:31
# GSE.EXTRA:  config 1
# ///
# Cu foil Room Temperature
#
#----
# energy i0 mutrans
  8779.0  149013.7  -1.3070486
  8789.0  144864.7  -1.3006104
"""
"""A file in the form of the specification's example."""


def build_text(case: str) -> str:
    return xasxdi.build_content(RUNS[case](), RULES).decode()


@pytest.mark.parametrize("case", RUNS)
def test_written_files_keep_every_rule(case: str) -> None:
    assert list(find_violations(build_text(case))) == []


@pytest.mark.parametrize("name", ["ni2o3", "cr2o3_fluo", "cr2o3_fluo-realabort"])
def test_files_of_measured_runs_keep_every_rule(name: str, measured: Path) -> None:
    for run in fold(stamp_entries(read_entries(measured / f"{name}.jsonl"))).runs.values():
        assert list(find_violations(xasxdi.build_content(run, RULES).decode())) == []


@pytest.mark.skipif(sys.version_info < (3, 13), reason="xdi-validator needs Python 3.13")
@pytest.mark.parametrize("case", RUNS)
def test_an_independent_validator_finds_no_errors(case: str) -> None:
    validator = pytest.importorskip("xdi_validator")
    errors = validator.validate(io.StringIO(build_text(case)))[0]
    # Version 1.5 takes no column from the tenth to the nineteenth, against the specification.
    assert [one for found in errors.values() for one in found if "match any of the regexes: '^[2-9]" not in one] == []


@pytest.mark.parametrize("line", ["XDI/1.0 Datacollectatron/7.75", "XDI/1.0 XDAC Athena", "XDI/1.0 XAS!Collect-3000"])
def test_the_rules_accept_the_examples_of_the_specification(line: str) -> None:
    assert list(find_violations(EXAMPLE.replace("XDI/1.0 GSE/1.0", line))) == []


@pytest.mark.parametrize(
    ("old", "new", "violation"),
    [
        ("XDI/1.0", "XAS/1.0", "1: no version line"),
        ("energy eV", "energy", "the abscissa is 'energy'"),
        ("Element.edge: K", "Element.edge: LIII", "5: element.edge is 'LIII'"),
        ("# Element.symbol: Cu\n", "", "element.symbol is missing"),
        ("8980.0 eV", "8980.0", "7: scan.edge_energy is '8980.0'"),
        ("# energy i0", "# energy I0", "15: labels ['energy', 'I0', 'mutrans'] are not those of the fields"),
        ("Column.2: i0", "Column.2: i0 nA*s", "column 'i0 nA*s' is no word with a unit"),
        ("144864.7", "nan", "17: not 3 finite numbers"),
        ("#----\n", "", "no header-end line"),
        ("# GSE.EXTRA:  config 1", "# GSE EXTRA config 1", "10: no field"),
        ("Mono.d_spacing: 3.13553", "element.SYMBOL: Cu", "8: element.symbol twice"),
    ],
)
def test_the_rules_find_each_violation(old: str, new: str, violation: str) -> None:
    assert old in EXAMPLE
    assert violation in list(find_violations(EXAMPLE.replace(old, new)))
