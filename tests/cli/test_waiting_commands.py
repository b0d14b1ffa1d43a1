"""The commands `waiting list` and `waiting drop`."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from helpers.processes import wait_until
from xafs_workers.cli.main import app
from xafs_workers.diagnostics.waiting_messages import WaitingMessage, list_waiting_messages
from xafs_workers.diagnostics.worker_status import HeartbeatListener, WorkerStatus
from xafs_workers.runtime import drop_requests
from xafs_workers.runtime.drop_requests import DropRequests

ENTRY = {
    "message": "id-1",
    "record": "control/0/7",
    "kind": "copy",
    "action": "",
    "since": 1.7e9,
    "queue": "copies /p/pass-1",
    "reason": "no room",
    "progress": "3 of 9 MB copied",
}
BEAT = {"worker": "file-manager", "host": "ws3", "state": "running", "every": 10.0}


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "config.yaml"
    kafka = {"bootstrap_servers": "127.0.0.1:1"}  # no broker is asked
    path.write_text(yaml.safe_dump({"state_directory": str(tmp_path / "state"), "kafka": kafka}))
    return path


def test_what_waits_is_read_from_heartbeats() -> None:
    workers = [
        WorkerStatus({**BEAT, "waiting": [ENTRY, "no entry", {}]}, 100.0),
        WorkerStatus({**BEAT, "worker": "headless", "state": "stopped", "waiting": [ENTRY]}, 100.0),
        WorkerStatus({**BEAT, "worker": "web", "waiting": "hostile"}, 100.0),
    ]
    first, second = list_waiting_messages(workers, 101.0)
    assert (first.record, first.what, first.reason) == ("control/0/7", "copy", "no room")
    assert second == WaitingMessage("file-manager", "ws3", "", "", "", 0.0, "", "", "")


@pytest.mark.parametrize("since", [1e300, -1, float("nan"), "x", True, None])
def test_a_hostile_time_is_no_time(since: Any) -> None:
    assert WaitingMessage.from_entry(BEAT, {**ENTRY, "since": since}).since in (0.0, 1.0)


def test_list_prints_a_line_for_each_message(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hostile = {**ENTRY, "message": "a\x1b[31m\u202e", "record": "control/0/8"}

    def read(listener: HeartbeatListener) -> None:
        listener.worker_table.workers["file-manager", "ws3", 1] = WorkerStatus(
            {**BEAT, "waiting": [ENTRY, hostile]}, 9e9
        )

    monkeypatch.setattr(HeartbeatListener, "read_recent", read)
    shown = CliRunner().invoke(app, ["waiting", "list", "--config", str(config)])
    assert shown.exit_code == 0, shown.output
    assert (
        "control/0/7 (id-1)  file-manager on ws3  copy: no room, 3 of 9 MB copied  [copies /p/pass-1]" in shown.output
    )
    assert shown.output.endswith("2 messages wait\n")
    assert not set("\x1b\u202e") & set(shown.output)
    lines = CliRunner().invoke(app, ["waiting", "list", "--json", "--config", str(config)]).output.splitlines()
    assert [json.loads(line)["record"] for line in lines] == ["control/0/7", "control/0/8"]


def test_drop_ends_when_a_worker_took_the_request(config: Path, tmp_path: Path) -> None:
    folders = [tmp_path / "state" / name for name in ("file-manager", "headless")]
    for folder in folders:
        folder.mkdir(parents=True)
    worker = DropRequests(folders[0])

    def act() -> None:
        wait_until(lambda: worker.is_requested("other", "control/0/7"), "the request")
        worker.remove("other", "control/0/7")

    thread = threading.Thread(target=act)
    thread.start()
    shown = CliRunner().invoke(app, ["waiting", "drop", "control/0/7", "--config", str(config)])
    thread.join()
    assert (shown.exit_code, shown.output) == (0, "dropped\n")
    assert [list((folder / "drop").iterdir()) for folder in folders] == [[], []]


def test_drop_withdraws_what_no_worker_took(config: Path, tmp_path: Path) -> None:
    runner, command = CliRunner(), ["waiting", "drop", "x", "--timeout", "0.3", "--config", str(config)]
    assert runner.invoke(app, command).exit_code == 2
    folder = tmp_path / "state/headless"
    folder.mkdir(parents=True)
    shown = runner.invoke(app, command)
    assert shown.exit_code == 3
    assert "no worker here had it" in shown.output
    assert list((folder / "drop").iterdir()) == []
    assert runner.invoke(app, [*command, "--worker", "file-manager"]).exit_code == 2
    assert runner.invoke(app, [*command, "--worker", "screen"]).exit_code == 2


def test_an_old_request_has_no_effect(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    requests = DropRequests(tmp_path)
    assert not requests.is_requested("a")
    path = requests.add("a")
    monkeypatch.setattr(drop_requests, "LOOK_SECONDS", 0.0)
    requests.remove("other")
    assert requests.is_requested("b", "a")
    assert not requests.is_requested("b")
    monkeypatch.setattr(drop_requests, "MAX_AGE", -1.0)
    assert not requests.is_requested("a")
    assert not path.exists()
