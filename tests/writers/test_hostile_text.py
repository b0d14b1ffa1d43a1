"""Files stay valid and header lines stay lines, whatever the metadata contain."""

from __future__ import annotations

import io
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook
from scipy.io import loadmat

from helpers.example_counts import scale_examples
from helpers.finished_runs import CHAMBERS, XAFS, make_channels, make_finished_run, merge_xdi
from xafs_workers.scans.board_config import BoardConfig
from xafs_workers.writers import lsxdi, raster, seadxdi, text_format, xasxdi, xrf
from xafs_workers.writers.matlab import to_variable_name
from xafs_workers.writers.spreadsheet import to_sheet_title
from xafs_workers.writers.xdi_reader import XdiFile, read

RULES = BoardConfig()
SDD = make_channels("Fe", 1, 2, 3, 4)

HOSTILE = [
    "two\nlines",
    "\r\n# Element.symbol: Cu\r\n",
    "# # #",
    "\x00\x01\x02",
    "#----------\n1 2 3 4 5 6 7",
    "//////",
    "x" * 5000,
    "試" * 5000,
    "\ud800\udfff lone",
    "\u202etxt.exe",
    "a\x85b\u2028c\u2029d\x0be\x0cf\x1cg\x1dh\x1ei",
    "=HYPERLINK(1)",
    "../../etc/passwd",
    "%s %d {0} \\n",
    " \t ",
    "",
]

anything = st.one_of(
    st.text(),
    st.sampled_from(HOSTILE),
    st.integers(),
    st.floats(),
    st.none(),
    st.booleans(),
    st.lists(st.text(), max_size=3),
    st.dictionaries(st.text(max_size=3), st.text(), max_size=2),
)
keys = st.one_of(st.sampled_from(["name", "prep", "uid", "plot_hint", "start_time", "comment"]), st.text(max_size=9))
family = st.one_of(anything, st.dictionaries(keys, anything, max_size=4))
FAMILIES = ("Beamline", "Detector", "Facility", "Sample", "Scan", "Column", "_comment", "_mode", "_dtc")
families = st.fixed_dictionaries({}, optional=dict.fromkeys(FAMILIES, family))


def check_header(file: XdiFile) -> None:
    """Check that the program's own lines are its own, and that the header has no others than families'."""
    assert file.fields["Element.symbol"] == "Fe"
    assert file.fields["Element.edge"] == "K"
    assert file.fields["Mono.d_spacing"] == "3.1354173"
    assert len(file.fields["Scan.uid"]) == 36
    for value in [*file.fields.values(), *file.comments]:
        assert value.replace("\t", "").isprintable()


@settings(max_examples=scale_examples(200), deadline=None)
@given(families)
def test_any_metadata_keeps_xafs_and_time_scan_files_readable(metadata: dict[str, Any]) -> None:
    run = make_finished_run({**XAFS, **SDD}, "xafs transmission", xdi=merge_xdi(**metadata))
    file = read(xasxdi.build_content(run, RULES))
    check_header(file)
    for label, key in (("i0", "I0"), ("itrans", "It"), ("irefer", "Ir")):
        np.testing.assert_allclose(file.get_column(label), XAFS[key], rtol=1e-9)
    check_header(read(seadxdi.build_content(run, RULES)))
    check_header(read(xrf.build_content(run, {1: np.arange(4)})))


@settings(max_examples=scale_examples(100), deadline=None)
@given(st.text(min_size=1, max_size=20), st.text(max_size=20))
def test_any_motor_name_keeps_line_scan_files_readable(motor: str, unit: str) -> None:
    run = make_finished_run({motor: [1.0, 2.0], "Q": [3.0, 4.0]}, "linescan Q x", motors=[motor], xdi={})
    run.data_keys[motor] = {**run.data_keys[motor], "units": unit}  # type: ignore[index]
    if motor == "Q":
        return
    np.testing.assert_array_equal(read(lsxdi.build_content(run, RULES)).data, [[1, 2], [3, 4]])


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_names_and_comments_keep_files_readable(text: str) -> None:
    xdi = merge_xdi(Sample={"name": text, text: text}, _comment=[text, "end"])
    file = read(xasxdi.build_content(make_finished_run(XAFS, "xafs transmission", xdi=xdi), RULES))
    check_header(file)
    name = file.fields.get("Sample.name", "")
    assert text_format.to_one_line(text).startswith(name.removesuffix("..."))
    assert name or not text_format.to_one_line(text)
    assert file.comments[-1] == "end"
    assert file.data.shape == (7, 4)


@pytest.mark.parametrize("text", [*HOSTILE, 7, None, ["a"], {"a": "b"}], ids=range(len(HOSTILE) + 4))
def test_hostile_text_outside_the_metadata_keeps_files_readable(text: Any) -> None:
    told = {"versions": {"bluesky": text}, "scan_id": text, "beamline_id": text, "plan_name": text}
    run = make_finished_run({**XAFS, **SDD}, text if isinstance(text, str) else None, **told, detectors=[f"{text} SDD"])
    check_header(read(xasxdi.build_content(run, RULES)))
    check_header(read(xrf.build_content(run, {1: np.arange(4)})))


def test_a_long_name_is_not_cut() -> None:
    xdi = merge_xdi(Sample={"name": "x" * 5000})
    fields = read(xasxdi.build_content(make_finished_run(XAFS, "xafs transmission", xdi=xdi), RULES)).fields
    assert fields["Sample.name"] == "x" * 5000


@settings(max_examples=scale_examples(40), deadline=None)
@given(st.one_of(st.text(), st.sampled_from(HOSTILE)), st.text(min_size=1).filter(lambda name: name not in CHAMBERS))
def test_any_sample_and_motor_name_keeps_map_files_readable(sample: str, motor: str) -> None:
    columns = {"slow": [0.0, 1.0, 2.0, 3.0], motor: [5.0, 6.0, 7.0, 8.0], **CHAMBERS}
    xdi = {"Sample": {"name": sample}, "_snapshots": {"xlsxout": "a.xlsx", "matout": "a.mat"}}
    run = make_finished_run(columns, "areascan It slow fast", motors=["slow", motor], xdi=xdi)
    xlsx, mat = raster.build_content(run, RULES).values()
    (sheet,) = load_workbook(io.BytesIO(xlsx)).worksheets
    assert [row[1] for row in sheet.iter_rows(min_row=2, values_only=True)] == columns[motor]
    assert loadmat(io.BytesIO(mat))["It"][:, 0].tolist() == CHAMBERS["It"]


@given(st.text())
def test_titles_and_variables_are_legal(name: str) -> None:
    title = to_sheet_title(name)
    assert 0 < len(title) <= 31
    assert not set(title) & set("\\/?*[]:")
    assert title[0] != "'" != title[-1]
    assert title.lower() != "history"
    variable = to_variable_name(name)
    assert variable[0].isalpha()
    assert variable.isidentifier()
    assert variable.isascii()
    assert len(variable) <= 31


@pytest.mark.parametrize(("seconds", "text"), [(math.nan, ""), (math.inf, ""), (3725.0, "1 h 02 min"), (12.4, "12 s")])
def test_a_length_of_time_may_be_unknown(seconds: float, text: str) -> None:
    assert text_format.format_duration(seconds) == text
