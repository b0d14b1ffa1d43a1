"""What the doctor finds out where there is no Kafka."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

from xafs_workers.diagnostics.doctor.broker import check_broker
from xafs_workers.diagnostics.doctor.finding import Case
from xafs_workers.diagnostics.doctor.sources import check_sources
from xafs_workers.settings import Settings


def examine(**settings: Any) -> dict[str, tuple[str, str]]:
    case = Case(Settings(**settings), timeout=2.0)
    return {one.check: (one.level, one.text) for check in (check_broker, check_sources) for one in check(case)}


def test_worker_without_kafka_needs_no_broker(tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.touch(mode=0o600)
    token.write_text("a-token-of-the-tests")
    with socket.create_server(("127.0.0.1", 0)) as proxy:
        address = f"tcp://127.0.0.1:{proxy.getsockname()[1]}"
        found = examine(sources={"zmq": {"address": address}}, control={"http": {"port": 5, "token_file": str(token)}})
    assert {check: level for check, (level, _) in found.items()} == {"broker": "ok", "zmq": "ok", "control": "ok"}
    assert "at most once" in found["zmq"][1]


def test_faults_name_what_is_missing(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    found = examine(
        sources={
            "zmq": {"address": f"tcp://127.0.0.1:{port}"},
            "tiled": {"uri": f"http://127.0.0.1:{port}", "timeout": 2.0},
            "recording": {"file": str(tmp_path / "none.jsonl")},
        },
        control={"http": {"port": 5, "token_file": str(tmp_path / "none")}},
    )
    faults = {check for check, (level, _) in found.items() if level == "fault"}
    assert faults == {"zmq", "tiled source", "recording", "control"}
    assert "does not answer" in found["zmq"][1]
    assert "no such file" in found["recording"][1]


def test_missing_control_is_no_fault() -> None:
    found = examine(sources={"recording": {"file": __file__}})
    assert found["control"] == ("ok", "no control messages: there is no Kafka, and no control.http or control.zmq")
