import json

import numpy as np
import pytest

from xafs_workers.messages.parsing import parse
from xafs_workers.recording.record import Header, Record
from xafs_workers.recording.references import RunKeys
from xafs_workers.recording.session import Session, SessionWriter
from xafs_workers.recording.validation import MAX_LISTED, find_schema_problem, list_uids, validate_session

START = ("start", {"uid": "run-1", "time": 100.0, "data_session": "pass-1", "XDI": {"Facility": {"cycle": "2025-1"}}})
DESCRIPTOR = (
    "descriptor",
    {
        "uid": "desc-1",
        "run_start": "run-1",
        "time": 100.5,
        "name": "primary",
        "data_keys": {"I0": {"source": "pv", "dtype": "number", "shape": []}},
    },
)


def event(number, descriptor="desc-1", **changed):
    doc = {
        "uid": f"event-{number}",
        "descriptor": descriptor,
        "time": 100.0 + number,
        "seq_num": number,
        "data": {"I0": 1.0},
        "timestamps": {"I0": 100.0},
    }
    return ("event", {**doc, **changed})


def stop(primary=2):
    doc = {"uid": "stop-1", "run_start": "run-1", "time": 103.0, "exit_status": "success"}
    return ("stop", {**doc, "num_events": {"primary": primary}})


RUN = [START, DESCRIPTOR, event(1), event(2), stop()]


def surveyed(tmp_path, entries, **options):
    path = tmp_path / "session.jsonl"
    path.write_text("".join(json.dumps(entry) + "\n" for entry in entries))
    return validate_session(Session(path), parse, **options)


def problems(found):
    return [(problem.line, problem.severity) for problem in found.problems]


@pytest.mark.first_case_fast
@pytest.mark.parametrize("name", ["ni2o3", "ni2o3-bothways", "cr2o3_fluo", "cr2o3_fluo-realabort"])
def test_the_measured_files_have_no_problem(measured, name):
    path = measured / f"{name}.jsonl"
    found = validate_session(Session(path), parse, collect_uids=True)
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert found.problems == []
    assert found.total == len(lines)
    assert found.record_counts["control"] == sum(kind == "bmm" for kind, _ in lines)
    assert found.run_count == sum(kind == "start" for kind, _ in lines)
    assert found.folders == {("2025-1", "pass-333333"): None}
    times = [doc["time"] for kind, doc in lines if kind in ("start", "stop")]
    assert 0.8 * (times[-1] - times[0]) < found.seconds <= times[-1] - times[0]
    assert found.uids == {doc["uid"] for kind, doc in lines if kind in ("start", "descriptor", "event")}


def test_a_good_run_has_no_problem_and_is_counted(tmp_path):
    found = surveyed(tmp_path, [["bmm", {"close": "all"}], *RUN], longest_gap=0.75, collect_uids=True)
    assert found.problems == []
    assert (found.total, found.run_count, found.seconds) == (6, 1, 2.5)
    assert found.uids == {"run-1", "desc-1", "event-1", "event-2"}


@pytest.mark.parametrize(
    ("entries", "line", "text"),
    [
        ([("start", {"time": 1.0})], 1, "'uid' is a required property"),
        ([*RUN[:2], event(1, seq_num="one")], 3, "event, field seq_num: 'one' is not of type 'integer'"),
        ([*RUN[:2], event(1, descriptor="desc-9")], 3, "descriptor desc-9 is not on an earlier line"),
        ([*RUN, event(3)], 6, "event of run run-1 after its stop document"),
        ([*RUN, DESCRIPTOR], 6, "descriptor of run run-1 after its stop document"),
        ([DESCRIPTOR], 1, "descriptor of run run-1: no start document on an earlier line"),
        ([stop()], 1, "stop of run run-1: no start document on an earlier line"),
        ([*RUN, stop()], 6, "stop of run run-1 after its stop document"),
        ([*RUN, START], 6, "run run-1: second start document (the first is in line 1)"),
        ([*RUN[:2], DESCRIPTOR], 3, "descriptor desc-1 is on an earlier line already"),
        (
            [("datum", {"datum_id": "r/0", "resource": "r", "datum_kwargs": {}})],
            1,
            "resource r is not on an earlier line",
        ),
        ([("events", {})], 1, "unknown document name 'events'"),
        ([["bmm", []]], 1, "expected [name, document]"),
    ],
)
def test_an_error_names_its_line(tmp_path, entries, line, text):
    if text.startswith("expected"):
        entries = [["start", {"uid": "run-1", "time": 1.0}], stop(0), *entries]
        line = 3
    found = surveyed(tmp_path, entries)
    errors = [problem for problem in found.problems if problem.severity == "error"]
    assert [problem.line for problem in errors][:1] == [line]
    assert text in errors[0].text


@pytest.mark.parametrize(
    ("entries", "line", "text"),
    [
        ([["bmm", {"clos": "all"}]], 1, "no known kind"),
        ([["bmm", {"xafsscan": "start"}]], 1, "element"),
        (RUN[:4], 1, "run run-1 has no stop document"),
        ([*RUN[:3], stop()], 4, "counts 2 events in stream 'primary': the recording has 1"),
        ([*RUN[:2], stop()], 3, "counts 2 events in stream 'primary': the recording has 0"),
    ],
)
def test_an_unusual_record_is_a_warning(tmp_path, entries, line, text):
    (problem,) = surveyed(tmp_path, entries).problems
    assert (problem.severity, problem.line) == ("warning", line)
    assert text in problem.text


def test_repeated_points_count_once_and_page_rows_all_count(tmp_path):
    page = {
        "uid": ["a", "b"],
        "descriptor": "desc-1",
        "time": [101.0, 102.0],
        "seq_num": [2, 3],
        "data": {"I0": [1.0, 2.0]},
        "timestamps": {"I0": [1.0, 2.0]},
    }
    assert surveyed(tmp_path, [*RUN[:2], event(1), event(2), ("event_page", page), stop(3)]).problems == []


def test_streamed_points_are_counted(tmp_path):
    streamed = [
        ("stream_resource", {"uid": "s", "data_key": "img", "mimetype": "x", "uri": "file://h/x", "parameters": {}}),
        (
            "stream_datum",
            {
                "uid": "s/0",
                "stream_resource": "s",
                "descriptor": "desc-1",
                "indices": {"start": 0, "stop": 2},
                "seq_nums": {"start": 1, "stop": 3},
            },
        ),
    ]
    assert surveyed(tmp_path, [*RUN[:2], *streamed, stop(2)]).problems == []


def recorded(tmp_path, *records):
    path = tmp_path / "own.jsonl"
    with SessionWriter(path, Header(tag="xyz")) as writer:
        for record in records:
            writer.write(record)
    return validate_session(Session(path), parse)


def test_the_tag_is_read_from_the_recording(tmp_path):
    found = recorded(
        tmp_path,
        Record(1.0, "control", "xyz", {"close": "all"}),
        Record(1.1, "control", "", {"close": "all"}),
        Record(1.2, "control", "bmm", {"close": "all"}),
        Record(1.3, "control", raw=b"\xc1"),
        Record(1.25, "documents", "bmm", {"close": "all"}),
    )
    assert problems(found) == [(4, "warning"), (5, "warning"), (6, "error"), (6, "warning")]
    texts = [problem.text for problem in found.problems]
    assert "control message with the name 'bmm' (expected 'xyz')" in texts[0]
    assert "cannot be decoded" in texts[1]
    assert "belong to the control topic" in texts[2]
    assert "recorded 0.050 s before an earlier line" in texts[3]


def test_lines_that_are_not_json_are_listed_as_errors(tmp_path):
    path = tmp_path / "session.jsonl"
    path.write_text('["bmm", {"close": "all"}]\n{{\n["bmm", {"close": "all"}]\n[1')
    found = validate_session(Session(path), parse)
    assert problems(found) == [(2, "error"), (4, "error")]
    assert found.problems[0].text.startswith("not a line of JSON")
    assert found.total == 2


def test_a_long_list_of_problems_is_cut_but_counted(tmp_path):
    found = surveyed(tmp_path, [["bmm", {}]] * (MAX_LISTED + 7))
    assert len(found.problems) == MAX_LISTED
    assert found.severity_counts["warning"] == MAX_LISTED + 7


def test_a_validation_can_be_stopped(tmp_path):
    assert surveyed(tmp_path, RUN, on_record=lambda record: record.line < 2).total == 2


def test_arrays_are_valid_in_the_schema():
    page = {
        "uid": ["a"],
        "descriptor": "d",
        "time": np.array([1.0]),
        "seq_num": np.array([1]),
        "data": {"x": np.array([1.0])},
        "timestamps": {"x": np.array([1.0])},
    }
    assert find_schema_problem("event_page", page) is None
    assert "seq_num" in (find_schema_problem("event_page", {**page, "seq_num": np.array([1.5])}) or "")
    assert list_uids("event_page", {"uid": np.array(["a", "b"])}) == ["a", "b"]


def test_documents_are_keyed_by_their_run():
    keys = RunKeys()
    assert keys.find_key("start", {"uid": "run"}) == "run"
    assert keys.find_key("descriptor", {"uid": "d", "run_start": "run"}) == "run"
    assert keys.find_key("resource", {"uid": "r", "run_start": "run"}) == "run"
    assert keys.find_key("event", {"uid": "e", "descriptor": "d"}) == "run"
    assert keys.find_key("datum", {"datum_id": "r/0", "resource": "r"}) == "run"
    assert keys.find_key("stream_datum", {"uid": "x", "stream_resource": "s", "descriptor": "d"}) == "run"
    assert keys.find_key("stop", {"uid": "s", "run_start": "run"}) == "run"
    assert keys.find_key("event", {"descriptor": "unknown"}) is None
    assert keys.find_key("event", {"descriptor": ["no", "text"]}) is None
