"""Files of time scans: the columns are described as what they are."""

from __future__ import annotations

import numpy as np
import pytest

from helpers.finished import CHAMBERS, IY, XDI, channels, finished
from xafs_workers.messages.parsing import parse
from xafs_workers.scans.board_config import Rules
from xafs_workers.writers import seadxdi
from xafs_workers.writers.registry import CannotWrite, Material, files_of
from xafs_workers.writers.xdi_reader import read

RULES = Rules()
SDD = channels("Fe", 1, 2, 3, 4)


def test_f8_the_header_describes_the_columns_of_the_data() -> None:
    file = read(seadxdi.content(finished({**CHAMBERS, **SDD}, "timescan Xs"), RULES))
    assert file.headings == (
        *("time seconds", "I0 nA*s", "Itrans nA*s", "Irefer nA*s"),
        *("Fe1 counts", "Fe2 counts", "Fe3 counts", "Fe4 counts"),
    )
    np.testing.assert_array_equal(file.column("time"), [0.0, 1.0, 2.0, 3.0])
    for key, values in {**CHAMBERS, **SDD}.items():
        np.testing.assert_array_equal(file.column(key), values)


def test_the_energy_of_the_edge_is_that_of_the_monochromator() -> None:
    fields = read(seadxdi.content(finished(CHAMBERS, "timescan It"), RULES)).fields
    assert fields["Scan.mono_energy"] == "7112.0 eV"
    assert "Scan.edge_energy" not in fields
    assert "Scan.plot_hint" not in fields


@pytest.mark.parametrize("xdi", [{}, {"Scan": {"dwell_time": 0.5, "delay": 0.1, "element": "Fe"}}, {"Scan": None}])
def test_f9_a_plain_time_scan_has_hardly_any_metadata_and_is_written(xdi: dict) -> None:
    run = finished({**CHAMBERS, **SDD, **channels("Mn", 1, 2, 3, 4)}, "timescan If", xdi=xdi)
    file = read(seadxdi.content(run, RULES))
    assert file.fields["Scan.uid"] == run.uid
    told = bool(xdi.get("Scan"))
    assert file.labels[4:] == tuple(SDD if told else {**SDD, **channels("Mn", 1, 2, 3, 4)})


def test_chambers_that_are_not_there_are_left_out_and_all_that_counted_is_kept() -> None:
    columns = {"I0": CHAMBERS["I0"], **IY, "Ita": [1.0, 2.0, 3.0, 4.0]}
    assert read(seadxdi.content(finished(columns), RULES)).labels == ("time", "I0", "Iy", "Ita")


def test_without_any_signal_the_reason_is_given() -> None:
    run = finished({"xafs_x": [1.0, 2.0]}, xdi=XDI)
    message = parse({"seadxdi": True, "uid": run.uid, "filename": "a.001"})
    with pytest.raises(CannotWrite, match=f"seadxdi: run {run.uid}: it has no signal"):
        files_of(message, Material(run, RULES))
