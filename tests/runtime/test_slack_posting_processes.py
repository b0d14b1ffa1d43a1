"""Workers as processes, and Slack in trouble: the work goes on, and each post is made once."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from helpers.processes import Station, make_start_document, wait_until
from helpers.slack_server import TOKEN, Fault, SlackServer
from helpers.streams import Entry, build_run_documents
from plugins.brokers import _build_broker


@pytest.fixture
def slack() -> Iterator[SlackServer]:
    with SlackServer() as server:
        yield server


@pytest.fixture
def station(
    tmp_path: Path, request: pytest.FixtureRequest, slack: SlackServer, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Station]:
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY"):
        monkeypatch.delenv(name, raising=False)
    broker = _build_broker("embedded", request)
    (tmp_path / "token").write_text(TOKEN)
    channels = {"pass-123456": "C1"}
    place = {"token_file": str(tmp_path / "token"), "base_url": slack.base_url, "channels": channels, "timeout": 30}
    name = f"b{uuid.uuid4().hex[:8]}"
    made = Station(tmp_path, broker.bootstrap_servers, broker.create_topic, name, slack=place)
    yield made
    made.close()


def time_scan(name: str) -> list[Entry]:
    columns = {"dwti_dwell_time": [1.0, 1.0], "I0": [1.0, 1.0], "It": [1.0, 3.0]}
    run = list(build_run_documents(hint="timescan It", motors=None, columns=columns, start=make_start_document()))
    stop = {"timescan": "stop", "fname": name, "uid": run[0][1]["uid"]}
    return [("bmm", {"timescan": "start", "detector": "it"}), *run, ("bmm", stop)]


@pytest.mark.slow
def test_pictures_are_posted_once_after_slack_hangs_and_a_kill(station: Station, slack: SlackServer) -> None:
    slack.fail("files.completeUploadExternal", Fault(after=True, hangs=True))
    station.start()
    station.put(time_scan("first.png"))
    wait_until(lambda: "files.completeUploadExternal" in slack.calls, "the call that hangs")
    station.put(time_scan("second.png"))
    station.wait(lambda: len(station.list_final_answers("timescan")) == 2, "both pictures, while Slack hangs")
    assert {answer["state"] for answer in station.list_final_answers("timescan")} == {"done"}
    assert slack.list_texts("C1") == ["first.png"]
    station.kill()
    slack.release()
    station.start()
    station.wait(lambda: len(slack.list_texts("C1")) == 2, "the second post")
    assert slack.list_texts("C1") == ["first.png", "second.png"]
    pictures = station.read_files()
    assert slack.list_pictures("C1") == [pictures[f"2026-3/pass-123456/snapshots/{n}.png"] for n in ("first", "second")]
    station.terminate()
    assert TOKEN not in station.read_logs()


def test_posts_go_to_their_proposal_and_use_a_new_token(station: Station, slack: SlackServer) -> None:
    station.command = ("file-manager",)
    picture = station.folder / "proposals/2026-3/pass-123456/snapshots/camera.jpg"
    picture.parent.mkdir()
    picture.write_bytes(b"a picture")
    (station.folder / "token").write_text("xoxb-old")
    station.start()
    run = list(build_run_documents(hint=None, motors=None, columns={"I0": [1.0, 1.0]}, start=make_start_document()))
    said = {"echoslack": True, "text": "Starting Fe :tada:", "img": None, "icon": "message", "rid": None}
    station.put([*run, ("bmm", said), ("bmm", {**said, "img": str(picture)})])
    station.wait(lambda: len(station.list_final_answers("echoslack", "")) == 2, "answers, while Slack refuses")
    station.wait(lambda: "token_expired" in station.received["status"][-1]["waits_for"], "the heartbeat's reason")
    assert slack.list_texts("C1") == []
    (station.folder / "token").write_text(TOKEN)
    station.put([("bmm", {"refresh_slack": True})])
    station.wait(lambda: len(slack.list_texts("C1")) == 2, "the posts")
    assert slack.list_texts("C1") == ["Starting Fe :tada:", "camera.jpg"]
    assert slack.list_pictures("C1") == [b"a picture"]
    station.wait(lambda: bool(station.list_final_answers("refresh_slack", "")), "the answer")
    station.terminate()
