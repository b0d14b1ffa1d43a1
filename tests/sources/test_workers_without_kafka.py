"""Workers that start, answer and write files where there is no Kafka at all."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from bluesky.callbacks.zmq import Publisher
from typer.testing import CliRunner

from helpers.file_manager import SESSION, build_xafs_run
from helpers.local_station import FILE_MANAGER, HEADLESS, SCREEN, LocalStation
from helpers.processes import make_start_document
from helpers.streams import Entry, build_run_documents
from helpers.zmq_proxy import PREFIX, ZmqProxy, find_free_port
from xafs_workers.cli.main import app
from xafs_workers.producer.requests import RequestClient
from xafs_workers.wire import Answer

POINTS = 40


class ZmqStation(LocalStation):
    """Workers with documents by ZMQ and control messages by HTTP."""

    def __init__(self, folder: Path, proxy: ZmqProxy):
        folder.mkdir(exist_ok=True)
        control = {"http": {"port": find_free_port(), "token_file": str(folder / "token")}}
        sources = {"zmq": {"address": proxy.address, "prefix": PREFIX.decode()}}
        super().__init__(folder, sources=sources, control=control)
        self.publisher: Publisher = proxy.create_publisher()
        self.client = RequestClient(self.settings)

    def join(self, *workers: str) -> None:
        """Publish until each worker counts a document: nothing is kept for late readers."""

        def has_come() -> bool:
            self.publisher("stop", {"uid": uuid.uuid4().hex, "run_start": f"probe {uuid.uuid4()}", "time": 1.0})
            return all(self._counts_documents(worker) for worker in workers or ("file-manager",))

        self.wait(has_come, "the first document")

    def _counts_documents(self, worker: str) -> bool:
        beat = self.read_newest_beat(worker)
        return beat["documents"] > 0 or beat["incomplete_runs"] > 0

    def publish(self, entries: list[Entry]) -> None:
        for name, document in entries:
            self.publisher(name, document)

    def list_data_files(self) -> set[str]:
        return {name for name in self.read_files() if name.endswith(".001")}

    def ask(self, message: dict[str, Any]) -> Answer:
        return self.client.ask(message, 60.0)

    def close(self) -> None:
        self.client.close()
        super().close()


def build_run(lost: int = 0) -> list[Entry]:
    """Return a run whose stop document counts its points; of the last ones, some are left out."""
    entries = build_xafs_run()
    entries[-1][1]["num_events"] = {"primary": POINTS, "baseline": 2}
    (primary,) = (doc["uid"] for name, doc in entries if name == "descriptor" and doc["name"] == "primary")
    gone = range(POINTS - lost + 1, POINTS + 1)
    return [
        (name, doc)
        for name, doc in entries
        if not (name == "event" and doc["descriptor"] == primary and doc["seq_num"] in gone)
    ]


@pytest.fixture
def place(tmp_path: Path) -> Iterator[ZmqStation]:
    with ZmqProxy() as proxy:
        made = ZmqStation(tmp_path / "place", proxy)
        yield made
        made.close()


@pytest.mark.slow
def test_worker_without_kafka_writes_what_is_whole(place: ZmqStation) -> None:
    place.start(FILE_MANAGER)
    place.join()
    whole, holed = build_run(), build_run(lost=3)
    place.publish([*whole, *holed])
    answer = place.ask({"xasxdi": True, "uid": whole[0][1]["uid"], "filename": "foil.001"})
    assert (answer.state, len(answer.paths)) == ("done", 1), answer
    answer = place.ask({"xasxdi": True, "uid": holed[0][1]["uid"], "filename": "holed.001"})
    assert answer.state == "failed"
    assert "3 of 40 points never arrived" in answer.reason
    assert place.list_data_files() == {f"{SESSION}/foil.001"}
    beat = place.read_newest_beat("file-manager")
    assert [(one["name"], one["promise"]) for one in beat["sources"]] == [
        ("control", "at-least-once"),
        ("zmq", "at-most-once"),
    ]
    place.wait(lambda: place.read_newest_beat("file-manager")["control"]["accepted"] == 2, "the count of messages")
    check_tools(place)


def check_tools(place: ZmqStation) -> None:
    """Check that the tools read the same topics."""
    options = ["--config", str(place.config)]
    result = CliRunner().invoke(app, ["status", "--json", "--expect", "file-manager", *options])
    (worker,) = json.loads(result.stdout)
    assert (result.exit_code, worker["worker"], worker["well"]) == (0, "file-manager", True)
    shown = CliRunner().invoke(app, ["status", "--once", *options])
    assert "zmq at-most-once" in shown.stdout
    letters = CliRunner().invoke(app, ["dead-letters", "list", "--json", *options])
    assert "never arrived" in letters.stdout


@pytest.mark.slow
def test_accepted_message_survives_a_kill(place: ZmqStation) -> None:
    place.start(FILE_MANAGER)
    run = build_run()
    name = uuid.uuid4().hex
    message = {"xasxdi": True, "uid": run[0][1]["uid"], "filename": "late.001", "message_id": name}
    place.client._send(message)
    place.wait(lambda: any(one["message_id"] == name for one in place.read("answers")), "the first answer")
    place.kill(FILE_MANAGER)
    place.start(FILE_MANAGER)
    place.join()
    place.publish(run)
    place.wait(lambda: any(a["message_id"] == name and a["state"] == "done" for a in place.read("answers")), "the file")
    place.terminate(FILE_MANAGER)
    place.start(FILE_MANAGER)
    place.wait(lambda: place.read_newest_beat("file-manager")["state"] == "running", "the next start")
    assert sum(a["message_id"] == name and a["state"] == "done" for a in place.read("answers")) == 1
    assert place.list_data_files() == {f"{SESSION}/late.001"}


@pytest.mark.slow
def test_plots_are_drawn_and_written_without_kafka(place: ZmqStation, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("PySide6.QtWidgets", reason="no Qt: install the extra `screen`", exc_type=ImportError)
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    for worker in (FILE_MANAGER, HEADLESS, SCREEN):
        place.start(worker)
    place.join("file-manager", "headless", "screen")
    before = place.read_newest_beat("screen").get("frame_seconds")
    columns = {"I0": [100.0, 100.0, 100.0], "It": [60.0, 50.0, 40.0]}
    start = make_start_document(plan_name="sead")
    run = list(build_run_documents(hint="timescan It", motors=None, columns=columns, start=start))
    place.client._send({"timescan": "start", "detector": "it"})
    place.wait(lambda: all(place.read_newest_beat(name)["messages"] for name in ("headless", "screen")), "the message")
    place.publish(run)
    answer = place.ask({"timescan": "stop", "fname": "sead.png", "uid": run[0][1]["uid"]})
    assert (answer.state, [Path(path).name for path in answer.paths]) == ("done", ["sead.png"]), answer
    assert Path(answer.paths[0]).read_bytes().startswith(b"\x89PNG")
    assert SESSION in answer.paths[0]
    place.wait(lambda: place.read_newest_beat("screen")["messages"] == 2, "all messages on the screen")
    place.wait(lambda: place.read_newest_beat("screen").get("frame_seconds") not in (None, before), "a frame")
