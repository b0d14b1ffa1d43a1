import uuid
from pathlib import Path

import numpy as np

from xafs_workers.recording.record import Record
from xafs_workers.recording.rewrite import FolderRedirect, FreshUids

RUN, DESCRIPTOR, EVENT, RESOURCE = (str(uuid.uuid4()) for _ in range(4))
OTHER = str(uuid.uuid4())
ROOT = Path("/somewhere/else")


def control(body, **more):
    return Record(1.0, "control", "bmm", body, **more)


def document(name, body, **more):
    return Record(1.0, "documents", name, body, **more)


def test_fresh_uids_are_consistent_and_new_in_each_replay():
    fresh = FreshUids({RUN, DESCRIPTOR, EVENT, RESOURCE})
    start = fresh(document("start", {"uid": RUN, "time": 1.0}, key=RUN.encode()))
    new = start.body["uid"]
    assert new != RUN
    assert str(uuid.UUID(new)) == new
    assert start.key == new.encode()
    descriptor = fresh(document("descriptor", {"uid": DESCRIPTOR, "run_start": RUN})).body
    assert descriptor["run_start"] == new
    event = fresh(document("event", {"uid": EVENT, "descriptor": DESCRIPTOR, "data": {"x": 1.0}})).body
    assert event["descriptor"] == descriptor["uid"] != DESCRIPTOR
    assert event["uid"] not in (EVENT, new)
    assert event["data"] == {"x": 1.0}
    message = {"dossier": "set", "uidlist": [RUN, OTHER], "deep": {"a": [{"b": RUN}]}, "text": f"run {RUN}"}
    assert fresh(control(message)).body == {**message, "uidlist": [new, OTHER], "deep": {"a": [{"b": new}]}}
    assert FreshUids({RUN})(control({"uid": RUN})).body["uid"] not in (RUN, new)


def test_datum_names_follow_their_resource():
    fresh = FreshUids({RESOURCE})
    new = fresh(document("resource", {"uid": RESOURCE})).body["uid"]
    assert fresh(document("datum", {"datum_id": f"{RESOURCE}/3", "resource": RESOURCE})).body == {
        "datum_id": f"{new}/3",
        "resource": new,
    }
    assert fresh(document("event", {"data": {"image": f"{RESOURCE}/3"}})).body["data"]["image"] == f"{new}/3"


def test_arrays_of_uids_are_changed_and_others_are_not():
    fresh = FreshUids({RUN})
    image = np.zeros((2, 2))
    body = fresh(document("event_page", {"uid": np.array([[RUN, "x"]]), "image": image})).body
    assert body["uid"].shape == (1, 2)
    assert body["uid"][0, 0] == fresh.replace_uid(RUN)
    assert body["uid"][0, 1] == "x"
    assert body["image"] is image


def test_undecodable_records_are_not_changed():
    fresh = FreshUids({RUN})
    garbage = Record(1.0, "documents", raw=b"\xc1", key=b"\xff")
    assert fresh(garbage) == garbage
    assert FolderRedirect([("a", "b")], ROOT, cycle="c")(garbage) == garbage


def test_a_record_that_cannot_be_repacked_is_not_changed():
    record = control({"uid": RUN, "x": object()}, raw=b"as it came")
    assert FreshUids({RUN})(record).encode_value() == b"as it came"


def test_a_redirect_changes_runs_and_paths():
    redirect = FolderRedirect([("2025-1", "pass-1")], ROOT, data_session="pass-9", cycle="2026-2")
    start = {
        "uid": RUN,
        "data_session": "pass-1",
        "cycle": "2025-1",
        "XDI": {"Facility": {"cycle": "2025-1", "GUP": 1}},
        "BMM_kafka": {"folder": "/nsls2/data3/bmm/proposals/2025-1/pass-1"},
    }
    assert redirect(document("start", start)).body == {
        "uid": RUN,
        "data_session": "pass-9",
        "cycle": "2026-2",
        "XDI": {"Facility": {"cycle": "2026-2", "GUP": 1}},
        "BMM_kafka": {"folder": "/somewhere/else/2026-2/pass-9"},
    }
    assert start["data_session"] == "pass-1"
    for old, new in (
        ("/nsls2/data/bmm/proposals/2025-1/pass-1/snapshots/a.png", "/somewhere/else/2026-2/pass-9/snapshots/a.png"),
        ("/2025-1/pass-1", "/somewhere/else/2026-2/pass-9"),
        ("/nsls2/2025-1/pass-12/a.png", "/nsls2/2025-1/pass-12/a.png"),
        ("snapshots/2025-1/pass-1", "snapshots/2025-1/pass-1"),
        ("/home/xf06bm/Workspace", "/home/xf06bm/Workspace"),
        ("see /nsls2/2025-1/pass-1", "see /nsls2/2025-1/pass-1"),
    ):
        assert redirect(control({"dossier": "set", "folder": old})).body["folder"] == new


def test_a_redirect_of_one_part_leaves_the_other():
    session = FolderRedirect([("2025-1", "pass-1")], ROOT, data_session="pass-9")
    assert session.move_path("/p/2025-1/pass-1/x") == "/somewhere/else/2025-1/pass-9/x"
    body = session(document("start", {"uid": RUN, "data_session": "pass-1", "cycle": "2025-1"})).body
    assert body == {"uid": RUN, "data_session": "pass-9", "cycle": "2025-1"}
    cycle = FolderRedirect([("2025-1", "pass-1")], ROOT, cycle="2026-2")
    assert cycle.move_path("/p/2025-1/pass-1/x") == "/somewhere/else/2026-2/pass-1/x"


def test_runs_without_a_folder_get_one():
    body = FolderRedirect([], ROOT, data_session="pass-9", cycle="2026-2")(document("start", {"uid": RUN})).body
    assert body == {"uid": RUN, "data_session": "pass-9", "cycle": "2026-2"}
