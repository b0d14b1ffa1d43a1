"""The headless worker as a process, and Slack in trouble: the work goes on, and each picture is posted once."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from helpers.processes import Station, start_document, wait_until
from helpers.slack_server import TOKEN, Fault, SlackServer
from helpers.streams import Entry, run_documents
from plugins.brokers import _broker


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
    broker = _broker("embedded", request)
    made = Station(tmp_path, broker.bootstrap_servers, broker.create_topic, f"b{uuid.uuid4().hex[:8]}")
    (tmp_path / "token").write_text(TOKEN)
    content: dict[str, Any] = yaml.safe_load(made.config.read_text())
    content["slack"] = {
        "token_file": str(tmp_path / "token"),
        "base_url": slack.base_url,
        "channels": {"pass-123456": "C1"},
        "timeout": 30,
    }
    made.config.write_text(yaml.safe_dump(content))
    yield made
    made.close()


def time_scan(name: str) -> list[Entry]:
    columns = {"dwti_dwell_time": [1.0, 1.0], "I0": [1.0, 1.0], "It": [1.0, 3.0]}
    run = list(run_documents(hint="timescan It", motors=None, columns=columns, start=start_document()))
    stop = {"timescan": "stop", "fname": name, "uid": run[0][1]["uid"]}
    return [("bmm", {"timescan": "start", "detector": "it"}), *run, ("bmm", stop)]


@pytest.mark.slow
def test_while_slack_hangs_pictures_are_made_and_after_a_kill_each_is_posted_once(
    station: Station, slack: SlackServer
) -> None:
    slack.fail("files.completeUploadExternal", Fault(after=True, hangs=True))
    station.start()
    station.put(time_scan("first.png"))
    wait_until(lambda: "files.completeUploadExternal" in slack.calls, "the call that hangs")
    station.put(time_scan("second.png"))
    station.wait(lambda: len(station.final("timescan")) == 2, "both pictures, while Slack hangs")
    assert {answer["state"] for answer in station.final("timescan")} == {"done"}
    assert slack.texts("C1") == ["first.png"]
    station.kill()
    slack.let_go()
    station.start()
    station.wait(lambda: len(slack.texts("C1")) == 2, "the second post")
    assert slack.texts("C1") == ["first.png", "second.png"]
    pictures = station.files()
    assert slack.pictures("C1") == [pictures[f"2026-3/pass-123456/snapshots/{n}.png"] for n in ("first", "second")]
    station.terminate()
    assert TOKEN not in station.logs()
