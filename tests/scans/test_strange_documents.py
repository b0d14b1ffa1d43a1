"""Documents that hold arrays, NaN and objects: their run is kept and drawn, and the figure names what has no number."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers import message_values
from helpers.example_counts import scale_examples
from helpers.figures import build_shown_figures, get_only_panel, join_notes
from helpers.streams import EPOCH, build_run_documents, fold, stamp_entries
from xafs_workers.scans.board import Board, UnknownRunError
from xafs_workers.scans.metadata import is_same_content, unwrap_single
from xafs_workers.wire import decode, encode

Entry = tuple[str, dict[str, Any]]

LINE: Entry = ("bmm", {"linescan": "start", "motor": "xafs_x", "detector": "it"})
STARTS: tuple[Entry, ...] = (
    LINE,
    ("bmm", {"xafsscan": "start", "element": "Fe", "edge": "K", "mode": "both", "filename": "a", "repetitions": 1}),
    ("bmm", {"timescan": "start", "detector": "if"}),
)
NEXT: Entry = ("bmm", {"xafsscan": "next", "count": 1})
COLUMNS: dict[str, Any] = {
    "xafs_x": [1.0, 2.0],
    "dcm_energy": [7000.0, 7001.0],
    "I0": [2.0, 2.0],
    "It": [1.0, 4.0],
    "Ir": [1.0, 1.0],
    "Fe1": [1.0, 2.0],
}


def make_run(**start: Any) -> list[Entry]:
    start = {"time": EPOCH + 0.5, **start}
    return list(build_run_documents(hint=None, motors=["xafs_x"], columns=copy.deepcopy(COLUMNS), start=start))


def send(entries: list[Entry], board: Board | None = None) -> Board:
    """Apply entries as they arrive: encoded and decoded."""
    received = [(name, decode(encode(name, body))[1]) for name, body in entries]
    return fold(stamp_entries(received), board)


METADATA: dict[str, Any] = {"grid": np.arange(4.0), "gap": float("nan"), "XDI": {"curve": np.array([[1.0, np.nan]])}}


def test_a_start_with_arrays_may_come_twice() -> None:
    start, *others = make_run(**METADATA)
    again = copy.deepcopy(start)
    board = send([LINE, start, again, *others, again])
    assert len(board.runs) == 1
    different = copy.deepcopy(start)
    different[1]["grid"] = np.arange(5.0)
    with pytest.raises(UnknownRunError, match="different"):
        send([different], board)


def test_resources_with_arrays_are_listed_once() -> None:
    start, *others = make_run()
    resource: Entry = (
        "resource",
        {
            "uid": "r",
            "resource_path": "a.h5",
            "run_start": start[1]["uid"],
            "spec": "s",
            "resource_kwargs": {"n": np.arange(3)},
        },
    )
    other = ("resource", {**resource[1], "uid": "r2"})
    (run,) = send([start, resource, copy.deepcopy(resource), other, *others]).runs.values()
    assert [doc["uid"] for _, doc in run.resources] == ["r", "r2"]


@pytest.mark.parametrize("values", [np.array([1.5, 2.0]), [1.5, 2.0], [np.array([1.5]), 2.0]], ids=repr)
def test_a_baseline_page_with_arrays_is_read(values: Any) -> None:
    start, baseline, *_ = make_run()
    page = {
        "descriptor": baseline[1]["uid"],
        "seq_num": [1, 2],
        "uid": ["a", "b"],
        "time": [1.0, 2.0],
        "data": {"dcm_roll": values, "mode": ["x", "y"], "curve": [np.arange(3), np.arange(3)]},
    }
    (run,) = send([start, baseline, ("event_page", page)]).runs.values()
    assert run.baseline == {"dcm_roll": 1.5}


@pytest.mark.parametrize("about", [{"dtype": "array", "shape": [1]}, {"dtype": "number", "shape": [1, 1]}], ids=str)
@pytest.mark.parametrize("one", [[3.0], np.array([3.0]), np.array([[3.0]]), np.array(3.0), 3.0], ids=repr)
def test_an_array_of_one_is_a_number(about: dict[str, Any], one: Any) -> None:
    entries = make_run()
    entries[3][1]["data_keys"]["It"] = about
    entries[4][1]["data"]["It"] = one
    (run,) = send([LINE, *entries]).runs.values()
    assert run.points.get_column("It").tolist() == [3.0, 4.0]


def test_the_shape_of_a_data_key_may_be_an_array() -> None:
    entries = make_run()
    for name, shape in (("It", np.array([], int)), ("mca", np.array([2, 3]))):
        entries[3][1]["data_keys"][name] = {"dtype": "array" if name == "mca" else "number", "shape": shape}
    (run,) = send([LINE, *entries]).runs.values()
    assert "It" in run.points
    assert run.arrays.keys == ("mca",)


@pytest.mark.parametrize(
    ("about", "value", "note"),
    [
        ({"dtype": "string", "shape": []}, "in", "It: text, not numbers"),
        ({"dtype": "number", "shape": []}, "in", "It: text, not numbers"),
        ({"dtype": "array", "shape": [4]}, [1.0] * 4, "It: an array of shape (4,), not numbers"),
        ({"dtype": "number", "shape": []}, [1.0, 2.0], "It: an array of shape (2,), not numbers"),
        ({"dtype": "number", "shape": []}, 1j, "It: a complex, not numbers"),
    ],
)
def test_a_column_without_numbers_is_named_on_the_figure(about: dict[str, Any], value: Any, note: str) -> None:
    entries = make_run()
    entries[3][1]["data_keys"]["It"] = about
    for entry in entries[4:6]:
        entry[1]["data"]["It"] = value
    (figure,) = build_shown_figures(send([LINE, *entries]))
    assert note in join_notes(figure)


def test_a_gap_in_a_numeric_column_is_no_problem() -> None:
    entries = make_run()
    entries[4][1]["data"]["It"] = "out"
    (figure,) = build_shown_figures(send([LINE, *entries]))
    assert join_notes(figure) == ""
    (trace,) = get_only_panel(figure).traces
    assert np.isnan(trace.y).tolist() == [True, False]


def test_arrays_in_place_of_words_cost_no_run() -> None:
    entries = make_run()
    entries[3][1]["data_keys"]["It"]["dtype"] = np.array([1.0, 2.0])
    entries[-1][1]["exit_status"] = np.array(["success", "fail"])
    board = send([LINE, *entries])
    (run,) = board.runs.values()
    assert not run.has_succeeded
    (figure,) = build_shown_figures(board)
    assert "It" in join_notes(figure)


FIELDS = ("motors", "detectors", "hints", "XDI", "BMM_kafka", "plan_name", "num_points", "data_session", "cycle", "x")
metadata = st.dictionaries(
    st.sampled_from(FIELDS),
    message_values.values
    | st.dictionaries(
        st.sampled_from(["hint", "count", "Element", "symbol", "_dtc", "_filename", "filename", "Facility", "cycle"]),
        message_values.values,
    ),
    max_size=4,
)
described = st.fixed_dictionaries({"dtype": message_values.values, "shape": message_values.values})


@pytest.mark.slow
@given(start=metadata, data=st.data())
@settings(max_examples=scale_examples(50))
def test_any_metadata_is_kept_and_drawn(start: dict[str, Any], data: st.DataObject) -> None:
    entries = make_run()
    entries[0][1].update({key: value for key, value in start.items() if key != "uid"})
    for place in (1, 3):
        name = data.draw(st.sampled_from(sorted(entries[place][1]["data_keys"])))
        entries[place][1]["data_keys"][name] = data.draw(
            message_values.values
            | st.fixed_dictionaries({"dtype": message_values.values, "shape": message_values.values})
        )
    entries[4][1]["data"]["It"] = data.draw(message_values.values)
    entries[-1][1]["num_events"] = data.draw(message_values.values)
    board = send([data.draw(st.sampled_from(STARTS)), NEXT, *[entry for entry in entries for _ in range(2)]])
    assert len(board.runs) == 1
    build_shown_figures(board)


@given(value=message_values.values)
def test_a_value_equals_itself_after_encoding(value: Any) -> None:
    _, one = decode(encode("event", {"value": value}))
    _, other = decode(encode("event", {"value": value}))
    assert is_same_content(one, other)
    unwrap_single(one["value"])
