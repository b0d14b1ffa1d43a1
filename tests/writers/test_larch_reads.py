"""Larch's own XDI reader reads the files, and its validator has nothing against them."""

from __future__ import annotations

import ctypes
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from helpers.finished_runs import CHAMBERS, IY, XAFS, make_channels, make_finished_run, merge_xdi
from helpers.goniometer import REFLECTIVITY
from helpers.streams import fold, read_entries, stamp_entries
from xafs_workers.scans.board_config import BoardConfig
from xafs_workers.writers import lsxdi, seadxdi, xasxdi, xrf, xrrxdi
from xafs_workers.writers.registry import WriterInput
from xafs_workers.writers.xdi_reader import XdiFile, read

pytestmark = pytest.mark.slow


pytest.importorskip("xraydb", reason="xraylarch is not installed")
RULES = BoardConfig()
SDD = make_channels("Fe", 1, 2, 3, 4)


@pytest.fixture(scope="module")
def larch() -> Any:
    """Import Larch's module of the XDI format."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("larch.io.xdi", reason="xraylarch is not installed")


LONG = {"name": "試料\n# Element.symbol: Cu\n" + "x" * 5000, "prep": "# # ---\x00" + "試" * 5000}

CASES = {
    "transmission": lambda: xasxdi.build_content(make_finished_run(XAFS, "xafs transmission"), RULES),
    "fluorescence": lambda: xasxdi.build_content(
        make_finished_run({**XAFS, **SDD, **IY}, "xafs xs"), RULES, include_yield=True
    ),
    "yield": lambda: xasxdi.build_content(make_finished_run({**XAFS, **IY}, "xafs yield"), RULES),
    "a gap": lambda: xasxdi.build_content(
        make_finished_run({**XAFS, "It": [1.0, 0.0, 2.0, 3.0]}, "xafs transmission"), RULES
    ),
    "hostile": lambda: xasxdi.build_content(
        make_finished_run(
            XAFS,
            "xafs transmission",
            xdi=merge_xdi(Sample=LONG, _comment=["a\n---\n///\nElement.symbol: Cu", "long " * 900]),
        ),
        RULES,
    ),
    "reflectivity": lambda: xrrxdi.build_content(
        WriterInput(make_finished_run(REFLECTIVITY, motors=["eta"], xdi={}), RULES)
    ),
    "time scan": lambda: seadxdi.build_content(make_finished_run({**CHAMBERS, **SDD}, "timescan Xs"), RULES),
    "line scan": lambda: lsxdi.build_content(
        make_finished_run({"x": [1.0, 2.0, 3.0, 4.0], **CHAMBERS}, "linescan It x"), RULES
    ),
    "bare line scan": lambda: lsxdi.build_content(
        make_finished_run({"x": [1.0, 2.0, 3.0, 4.0], **CHAMBERS}, "linescan It x", xdi={}), RULES
    ),
    "spectra": lambda: xrf.build_content(make_finished_run(XAFS, xdi={}), {1: np.arange(64), 2: np.arange(64)}),
}


@pytest.mark.parametrize("case", CASES)
def test_larch_reads_the_same_numbers(case: str, larch: Any, tmp_path: Path) -> None:
    content = CASES[case]()
    ours = read(content)
    path = tmp_path / "a.xdi"
    path.write_bytes(content)
    found = larch.XDIFile(str(path))
    assert [f"{name} {unit}".rstrip() for name, unit in zip(found.array_labels, found.array_units, strict=True)] == [
        *ours.headings
    ]
    np.testing.assert_array_equal(found.data, ours.data)
    told = {
        f"{family}.{key}": value
        for family, members in found.attrs.items()
        for key, value in members.items()
        if family != "column"
    }
    assert told == {name.lower(): value for name, value in ours.fields.items()}
    comments = found.comments.decode() if isinstance(found.comments, bytes) else found.comments
    # Its reader drops what follows a colon, and keeps no more than 1024 bytes.
    said = [line.partition(":")[0].strip() for line in ours.comments]
    assert "\n".join(said)[:900] == "\n".join(line.strip() for line in comments.strip().splitlines())[:900]


@pytest.mark.parametrize("case", ["transmission", "fluorescence", "yield", "hostile"])
def test_larch_finds_the_metadata_valid(case: str, larch: Any, tmp_path: Path) -> None:
    content = CASES[case]()
    path = tmp_path / "a.xdi"
    path.write_bytes(content)
    library = larch.get_xdilib()
    structure = ctypes.pointer(larch.XDIFileStruct())
    assert library.XDI_readfile(str(path).encode(), structure) == 0
    assert library.XDI_required_metadata(structure) == 0
    assert {name: result for name, result in _validated(library, structure, read(content)) if result} == {}


@pytest.mark.parametrize("name", ["ni2o3", "cr2o3_fluo", "cr2o3_fluo-realabort"])
def test_larch_reads_measured_runs(name: str, measured: Path, larch: Any, tmp_path: Path) -> None:
    for run in fold(stamp_entries(read_entries(measured / f"{name}.jsonl"))).runs.values():
        content = xasxdi.build_content(run, RULES)
        path = tmp_path / f"{run.uid}.xdi"
        path.write_bytes(content)
        with np.errstate(all="ignore"):  # it takes the logarithm of any counts
            found = larch.XDIFile(str(path))
        np.testing.assert_array_equal(found.data, read(content).data)
        assert (found.element, found.edge, found.dspacing) == (run.element.encode(), b"K", 3.1354173)


def _validated(library: Any, structure: Any, file: XdiFile) -> Any:
    for name, value in file.fields.items():
        family, _, key = name.partition(".")
        yield name, library.XDI_validate_item(structure, family.encode(), key.encode(), value.encode())
