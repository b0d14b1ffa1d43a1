"""Files of line scans, with every detector and with none."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from helpers.finished_runs import AREA_DETECTOR, CHAMBERS, IY, make_channels, make_finished_run
from xafs_workers.messages.parsing import parse
from xafs_workers.scans.board_config import BoardConfig
from xafs_workers.scans.runs import Run
from xafs_workers.writers import lsxdi
from xafs_workers.writers.registry import CannotWrite, WriterInput, build_message_files
from xafs_workers.writers.xdi_reader import read

RULES = BoardConfig()
POSITION = {"xafs_x": [-1.0, -0.5, 0.5, 1.0]}
MINIMAL = {"Facility": {"GUP": 1, "SAF": 2}}


def scan(more: dict[str, list[float]], hint: str = "linescan It xafs_x", **told: Any) -> Run:
    return make_finished_run({**POSITION, **CHAMBERS, **more}, hint, motors=["xafs_x"], xdi=MINIMAL, **told)


@pytest.mark.parametrize(
    ("detectors", "numbers"),
    [
        (["quadem1"], ()),
        (["1-element SDD"], (8,)),
        (["4-element SDD"], (1, 2, 3, 4)),
        (["7-element SDD"], (1, 2, 3, 4, 5, 6, 7)),
        (["dante-1"], (1, 2, 3, 4, 5, 6, 7)),
        ([], (1, 2, 3, 4)),
    ],
)
def test_a_line_scan_is_written_with_any_fluorescence_detector(detectors: list[str], numbers: tuple[int, ...]) -> None:
    more = make_channels("Fe", *numbers)
    file = read(lsxdi.build_content(scan(more, detectors=detectors), RULES))
    assert file.labels == ("xafs_x", "i0", "itrans", "irefer", *map(str.lower, more))
    assert file.headings[1:] == (
        *("i0 nC", "itrans nC", "irefer nC"),
        *(f"fe{n} counts" for n in numbers),
    )
    for label, values in zip(file.labels, {**POSITION, **CHAMBERS, **more}.values(), strict=True):
        np.testing.assert_array_equal(file.get_column(label), values)
    assert (file.fields["XafsWorkers.content"], file.comments) == ("line scan on xafs_x", ())


def test_the_plotted_signal_is_written() -> None:
    more = {**IY, **AREA_DETECTOR, "bicron": [1.0, 2.0, 3.0, 4.0]}
    labels = read(lsxdi.build_content(scan(more, "linescan bicron xafs_x"), RULES)).labels
    assert labels[4:] == ("iy", "diffuse", "specular", "bicron")


def test_an_ion_chamber_named_by_its_key_is_written_once() -> None:
    assert read(lsxdi.build_content(scan({}, "linescan I0 xafs_x"), RULES)).labels == (
        "xafs_x",
        "i0",
        "itrans",
        "irefer",
    )


def test_the_motor_has_its_unit_and_is_found_in_the_hint() -> None:
    columns = {**POSITION, **CHAMBERS}
    run = make_finished_run(columns, "rectanglescan It xafs_x negated", xdi={})
    run.data_keys["xafs_x"] = {**run.data_keys["xafs_x"], "units": "µm / step %\n# x"}  # type: ignore[index]
    assert read(lsxdi.build_content(run, RULES)).headings[0] == "xafs_x um_per_step_percent_x"


def test_a_scan_without_a_motor_is_refused_with_the_reason() -> None:
    run = make_finished_run(CHAMBERS, xdi={})
    message = parse({"lsxdi": True, "uid": run.uid, "filename": "a.001"})
    with pytest.raises(CannotWrite, match="names no motor"):
        build_message_files(message, WriterInput(run, RULES))
    run = make_finished_run(CHAMBERS, "linescan It xafs_q", xdi={})
    with pytest.raises(CannotWrite, match="no xafs_q in this run"):
        build_message_files(message, WriterInput(run, RULES))
