"""Files of time scans: the columns are described as what they are."""

from __future__ import annotations

import numpy as np
import pytest

from helpers.finished_runs import CHAMBERS, IY, XDI, make_channels, make_finished_run
from xafs_workers.messages.parsing import parse
from xafs_workers.scans.board_config import BoardConfig
from xafs_workers.writers import seadxdi
from xafs_workers.writers.registry import CannotWrite, WriterInput, build_message_files
from xafs_workers.writers.xdi_reader import read

RULES = BoardConfig()
SDD = make_channels("Fe", 1, 2, 3, 4)


def test_the_header_describes_the_columns_of_the_data() -> None:
    file = read(seadxdi.build_content(make_finished_run({**CHAMBERS, **SDD}, "timescan Xs"), RULES))
    assert file.headings == (
        *("time seconds", "i0 nC", "itrans nC", "irefer nC"),
        *("fe1 counts", "fe2 counts", "fe3 counts", "fe4 counts"),
    )
    np.testing.assert_array_equal(file.get_column("time"), [0.0, 1.0, 2.0, 3.0])
    for label, values in zip(file.labels[1:], {**CHAMBERS, **SDD}.values(), strict=True):
        np.testing.assert_array_equal(file.get_column(label), values)


def test_the_edge_energy_is_read_from_the_monochromator() -> None:
    fields = read(seadxdi.build_content(make_finished_run(CHAMBERS, "timescan It"), RULES)).fields
    assert fields["Scan.mono_energy"] == "7112.0 eV"
    assert "Scan.edge_energy" not in fields
    assert "Scan.plot_hint" not in fields


@pytest.mark.parametrize("xdi", [{}, {"Scan": {"dwell_time": 0.5, "delay": 0.1, "element": "Fe"}}, {"Scan": None}])
def test_a_time_scan_with_little_metadata_is_written(xdi: dict) -> None:
    run = make_finished_run({**CHAMBERS, **SDD, **make_channels("Mn", 1, 2, 3, 4)}, "timescan If", xdi=xdi)
    file = read(seadxdi.build_content(run, RULES))
    assert file.fields["Scan.uid"] == run.uid
    told = bool(xdi.get("Scan"))
    assert file.labels[4:] == tuple(map(str.lower, SDD if told else {**SDD, **make_channels("Mn", 1, 2, 3, 4)}))


def test_missing_ion_chambers_are_left_out() -> None:
    columns = {"I0": CHAMBERS["I0"], **IY, "Ita": [1.0, 2.0, 3.0, 4.0]}
    assert read(seadxdi.build_content(make_finished_run(columns), RULES)).labels == ("time", "i0", "iy", "ita")


def test_a_run_without_a_signal_is_refused_with_the_reason() -> None:
    run = make_finished_run({"xafs_x": [1.0, 2.0]}, xdi=XDI)
    message = parse({"seadxdi": True, "uid": run.uid, "filename": "a.001"})
    with pytest.raises(CannotWrite, match=f"seadxdi: run {run.uid}: it has no signal"):
        build_message_files(message, WriterInput(run, RULES))
