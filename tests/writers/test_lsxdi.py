"""Files of line scans, with every detector and with none."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from helpers.finished import AREA_DETECTOR, CHAMBERS, IY, channels, finished
from xafs_workers.messages.parsing import parse
from xafs_workers.scans.board_config import Rules
from xafs_workers.scans.runs import Run
from xafs_workers.writers import lsxdi
from xafs_workers.writers.registry import CannotWrite, Material, files_of
from xafs_workers.writers.xdi_reader import read

RULES = Rules()
POSITION = {"xafs_x": [-1.0, -0.5, 0.5, 1.0]}
MINIMAL = {"Facility": {"GUP": 1, "SAF": 2}}


def scan(more: dict[str, list[float]], hint: str = "linescan It xafs_x", **told: Any) -> Run:
    return finished({**POSITION, **CHAMBERS, **more}, hint, motors=["xafs_x"], xdi=MINIMAL, **told)


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
def test_f9_each_fluorescence_detector_and_none(detectors: list[str], numbers: tuple[int, ...]) -> None:
    more = channels("Fe", *numbers)
    file = read(lsxdi.content(scan(more, detectors=detectors), RULES))
    assert file.labels == ("xafs_x", "I0", "It", "Ir", *more)
    assert file.headings[1:] == (
        *("I0 nA*s", "Itrans nA*s", "Irefer nA*s"),
        *(f"Fe{n} counts" for n in numbers),
    )
    for key, values in {**POSITION, **CHAMBERS, **more}.items():
        np.testing.assert_array_equal(file.column(key), values)
    assert file.comments == ("linescan on xafs_x",)


def test_what_was_looked_at_is_in_the_file() -> None:
    more = {**IY, **AREA_DETECTOR, "bicron": [1.0, 2.0, 3.0, 4.0]}
    labels = read(lsxdi.content(scan(more, "linescan bicron xafs_x"), RULES)).labels
    assert labels[4:] == ("Iy", "diffuse", "specular", "bicron")


def test_a_chamber_that_was_asked_for_by_its_key_is_there_once() -> None:
    assert read(lsxdi.content(scan({}, "linescan I0 xafs_x"), RULES)).labels == ("xafs_x", "I0", "It", "Ir")


def test_the_motor_has_its_unit_and_is_found_in_the_hint() -> None:
    columns = {**POSITION, **CHAMBERS}
    run = finished(columns, "rectanglescan It xafs_x negated", xdi={})
    run.data_keys["xafs_x"] = {**run.data_keys["xafs_x"], "units": "mm\n# x"}  # type: ignore[index]
    assert read(lsxdi.content(run, RULES)).headings[0] == "xafs_x mm # x"


def test_without_a_motor_the_reason_is_given() -> None:
    run = finished(CHAMBERS, xdi={})
    message = parse({"lsxdi": True, "uid": run.uid, "filename": "a.001"})
    with pytest.raises(CannotWrite, match="tells no motor"):
        files_of(message, Material(run, RULES))
    run = finished(CHAMBERS, "linescan It xafs_q", xdi={})
    with pytest.raises(CannotWrite, match="no xafs_q in this run"):
        files_of(message, Material(run, RULES))
