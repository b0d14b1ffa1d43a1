import gzip
import json
import math

import numpy as np
import pytest

from xafs_workers.recording.record import Header, Record
from xafs_workers.recording.session import Session, SessionError, SessionWriter
from xafs_workers.wire import decode, encode

RECORDS = [
    Record(1.5, "control", "bmm", {"close": "all"}, key=b"abcdef", partition=3, offset=7),
    Record(1.501, "documents", "event", {"data": {"x": math.nan, "image": np.arange(4.0)}}, key=b"run"),
    Record(1.502, "control", "", {"resting_state": True}),
    Record(1.503, "control", raw=b"\xc1garbage\xff", key=b"\xff\x00"),
    Record(1.504, "documents", raw=None),
    Record(1.505, "documents", "event", {"pages": {1: b"\x00", b"k": -math.inf}}),
]


def write(path, records, header=None):
    with SessionWriter(path, header or Header(1.0, {"control": "bmm.test"})) as writer:
        for record in records:
            writer.write(record)
    return path


@pytest.mark.parametrize("name", ["session.jsonl", "session.jsonl.gz"])
def test_a_session_is_restored_byte_for_byte(tmp_path, name):
    session = Session(write(tmp_path / name, RECORDS))
    back = list(session.read_records())
    assert [one.encode_value() for one in back] == [one.encode_value() for one in RECORDS]
    for one, other in zip(back, RECORDS, strict=True):
        assert (one.time, one.topic, one.key, one.partition, one.offset) == (
            other.time,
            other.topic,
            other.key,
            other.partition,
            other.offset,
        )
    assert [one.line for one in back] == [2, 3, 4, 5, 6, 7]
    assert session.header == Header(1.0, {"control": "bmm.test"})
    assert math.isnan(back[1].body["data"]["x"])
    np.testing.assert_array_equal(back[1].body["data"]["image"], np.arange(4.0))


def test_sessions_with_suffix_gz_are_compressed(tmp_path):
    path = write(tmp_path / "s.jsonl.gz", RECORDS)
    assert gzip.decompress(path.read_bytes()).count(b"\n") == len(RECORDS) + 1


def test_every_line_is_standard_json(tmp_path):
    def refuse(word):
        raise AssertionError(f"{word} is no JSON")

    lines = write(tmp_path / "s.jsonl", RECORDS).read_text().splitlines()
    assert len([json.loads(line, parse_constant=refuse) for line in lines]) == len(RECORDS) + 1


def test_a_message_without_a_json_form_is_stored_as_bytes(tmp_path):
    raw = (
        bytes.fromhex("92 a3")
        + b"bmm"
        + bytes.fromhex("81 a1 78 82 c4 07")
        + b"complex"
        + bytes.fromhex("c3 c4 04")
        + b"data"
        + bytes.fromhex("a4")
        + b"1+2j"
    )
    name, body = decode(raw)
    assert body == {"x": 1 + 2j}
    (back,) = Session(write(tmp_path / "s.jsonl", [Record(1.0, "control", name, body, raw=raw)])).read_records()
    assert back.encode_value() == raw
    assert back.body == {"x": 1 + 2j}


def test_each_line_is_written_at_once(tmp_path):
    path = tmp_path / "s.jsonl"
    with SessionWriter(path, Header()) as writer:
        writer.write(RECORDS[0])
        assert path.read_text().count("\n") == 2


def test_an_existing_file_is_not_overwritten(tmp_path):
    path = tmp_path / "s.jsonl"
    path.write_text("precious")
    with pytest.raises(SessionError, match="never overwritten"):
        SessionWriter(path, Header())
    assert path.read_text() == "precious"


def test_a_missing_folder_is_reported(tmp_path):
    with pytest.raises(SessionError, match="cannot be written"):
        SessionWriter(tmp_path / "nowhere" / "s.jsonl", Header())


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{", "not a line of JSON"),
        ("[" * 100_000, "nested too deeply"),
        ('"text"', "invalid content of type str (expected an object"),
        ('{"topic": "control", "name": "bmm", "body": {}}', "field 'time': invalid value None"),
        ('{"time": Infinity, "topic": "control", "name": "bmm", "body": {}}', "field 'time': invalid value inf"),
        ('{"time": 1, "topic": "bmm.test", "name": "bmm", "body": {}}', "field 'topic': unknown value 'bmm.test'"),
        ('{"time": 1, "topic": "control", "key": 3, "name": "bmm", "body": {}}', "field 'key': invalid value 3"),
        (
            '{"time": 1, "topic": "control", "offset": "x", "name": "bmm", "body": {}}',
            "field 'offset': invalid value 'x'",
        ),
        ('{"time": 1, "topic": "control", "name": "bmm"}', "fields 'name' and 'body'"),
        ('{"time": 1, "topic": "control", "name": "bmm", "body": {"$map": [[1, 2]]}}', "fields 'name' and 'body'"),
        ('{"time": 1, "topic": "control", "raw": "%%%"}', "field 'raw'"),
        ('{"time": 1, "topic": "control", "name": "b", "body": {"x": {"$float": "0"}}}', "cannot be restored"),
        (b"\xff\xfe", "not a line of JSON"),
    ],
)
def test_an_invalid_line_is_named_and_the_others_are_read(tmp_path, line, reason):
    path = write(tmp_path / "s.jsonl", RECORDS[:1])
    with path.open("ab") as file:
        file.write((line if isinstance(line, bytes) else line.encode()) + b"\n")
    with SessionWriter(tmp_path / "more.jsonl", Header()) as more:
        more.write(RECORDS[1])
    with path.open("ab") as file:
        file.write((tmp_path / "more.jsonl").read_bytes().splitlines(keepends=True)[1])
    session = Session(path)
    with pytest.raises(SessionError, match=rf"s\.jsonl:3: .*{reason.replace('(', '.')}"):
        list(session.read_records())
    errors = []
    assert [record.line for record in session.read_records(on_error=errors.append)] == [2, 4]
    assert [error.line for error in errors] == [3]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is empty"),
        (b"\n\n", "is empty"),
        (b"hello\n", ":1: not a line of JSON"),
        (b'{"beamline": "bmm"}\n', ":1: not a recording"),
        (b'{"xafs-workers": "recording", "version": 2}\n', ":1: unknown version 2 of the format"),
        (b'{"xafs-workers": "recording", "version": 1, "topics": []}\n', ":1: header: invalid"),
        (b"\x1f\x8bbroken", ":1: gzip stream is damaged"),
    ],
)
def test_a_file_that_is_no_recording_is_reported(tmp_path, content, reason):
    path = tmp_path / "s.jsonl"
    path.write_bytes(content)
    with pytest.raises(SessionError, match=reason):
        Session(path)


def test_a_missing_file_is_reported(tmp_path):
    with pytest.raises(SessionError, match="No such file"):
        Session(tmp_path / "s.jsonl")


def test_a_cut_gzip_stream_is_read_up_to_its_end(tmp_path):
    path = write(tmp_path / "s.jsonl.gz", RECORDS)
    path.write_bytes(path.read_bytes()[:-20])
    errors = []
    back = list(Session(path).read_records(on_error=errors.append))
    assert len(back) == len(RECORDS) - 1 or len(back) == len(RECORDS)
    (error,) = errors
    assert "gzip stream is damaged" in str(error)


def plain(tmp_path, *entries):
    path = tmp_path / "plain.jsonl"
    path.write_text("".join(json.dumps(entry) + "\n" for entry in entries))
    return list(Session(path).read_records())


def test_times_of_the_plain_form_come_from_the_documents(tmp_path):
    records = plain(
        tmp_path,
        ["bmm", {"close": "all"}],
        ["resource", {"uid": "r"}],
        ["start", {"time": 100.0}],
        ["bmm", {"xafsscan": "next"}],
        ["event", {"time": 103.5}],
        ["event_page", {"time": [101.0, 104.0, 102.0]}],
        ["datum", {}],
        ["stop", {"time": 104.5}],
        ["bmm", {"resting_state": True}],
    )
    assert [record.time for record in records] == [100, 100, 100, 100, 103.5, 104, 104, 104.5, 104.5]
    assert [record.topic for record in records].count("control") == 3
    assert records[3].encode_value() == encode("bmm", {"xafsscan": "next"})


def test_times_of_the_plain_form_never_decrease(tmp_path):
    records = plain(
        tmp_path,
        ["start", {"time": 100.0}],
        ["event", {"time": 99.0}],
        ["event", {"time": math.nan}],
        ["event", {"time": "late"}],
        ["stop", {"time": 101}],
    )
    assert [record.time for record in records] == [100, 100, 100, 100, 101]


def test_a_plain_file_of_messages_alone_is_read(tmp_path):
    assert [record.time for record in plain(tmp_path, ["bmm", {"a": 1}], ["bmm", {"b": 1}])] == [0, 0]


def test_an_invalid_line_of_the_plain_form_is_named(tmp_path):
    with pytest.raises(SessionError, match=r"plain\.jsonl:2: .*expected \[name, document\]"):
        plain(tmp_path, ["bmm", {}], ["bmm", []])


def test_objects_of_the_plain_form_are_not_converted(tmp_path):
    (record,) = plain(tmp_path, ["bmm", {"$float": "nan"}])
    assert record.body == {"$float": "nan"}


def test_a_session_is_read_line_by_line(tmp_path):
    path = tmp_path / "s.jsonl"
    write(path, RECORDS[:1])
    with path.open("a") as file:
        file.write("not read before its turn\n")
    assert next(Session(path).read_records()).line == 2
