"""The loop: one bad record costs one record, each is one dead letter, and what follows is handled."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from helpers.bound_runs import make_line_run
from helpers.fits import build_answers
from helpers.hostile_records import HostileRecord, list_hostile_records
from helpers.list_source import CollectingHandler, ListSource
from helpers.processes import PATIENCE
from helpers.streams import CONTROL, DOCUMENTS, EPOCH, build_run_documents
from xafs_workers.catalog.errors import CatalogUnavailable
from xafs_workers.catalog.finished_run import FinishedRun
from xafs_workers.catalog.followed_runs import FollowedRuns, NoCatalog
from xafs_workers.catalog.retry import RetryPolicy
from xafs_workers.consumer import loop as loop_module
from xafs_workers.consumer.loop import Loop, LoopCallbacks
from xafs_workers.consumer.record_parser import RecordParser, RejectedRecord
from xafs_workers.consumer.roles import FILE_MANAGER, HEADLESS, SCREEN, Role
from xafs_workers.consumer.source import RawRecord
from xafs_workers.logs import configure_logging
from xafs_workers.plots.picture_handler import build_picture_engine
from xafs_workers.runtime import message_engine
from xafs_workers.runtime.engine_callbacks import EngineCallbacks
from xafs_workers.runtime.message_engine import MessageEngine
from xafs_workers.runtime.outcome import Outcome, Task
from xafs_workers.scans.board import Board
from xafs_workers.scans.board_config import BoardConfig
from xafs_workers.scans.items import ReceivedMessage
from xafs_workers.scans.points import Points
from xafs_workers.scans.runs import Run
from xafs_workers.scans.scan import Scan
from xafs_workers.settings import Settings
from xafs_workers.wire import encode

LINE = {"linescan": "start", "motor": "xafs_x", "detector": "it"}


class Worker:
    """A loop of one role over a list of records; the headless one with its real picture handler."""

    def __init__(self, role: Role, board: Board | None = None):
        self.drawn: list[str] = []
        self.may_draw = threading.Event()
        self.may_draw.set()
        self.source, self.letters = ListSource(), list[tuple[str, str]]()
        self.watcher = CollectingHandler()
        callbacks = EngineCallbacks(
            find_outcome=lambda control: None,
            record_outcome=lambda control, outcome: None,
            answer=lambda answer: None,
            give_up=lambda control, reason: self.letters.append(("failed", reason)),
        )
        self.engine = build_picture_engine(self.draw, callbacks, build_answers()) if role is HEADLESS else None
        duty = self.engine or self.watcher
        ports = LoopCallbacks(duty, self.dead_letter, lambda: EPOCH)
        if self.engine is not None:
            ports = replace(ports, has_room=self.engine.has_room)
        self.loop = Loop(self.source, role, RecordParser(Settings()), board or Board(), ports)
        self.loop.begin(self.source.positions, self.source.positions)

    def draw(self, control: ReceivedMessage, scan: Scan, board: Board) -> Outcome:
        assert self.may_draw.wait(10.0)
        self.drawn += [run.uid for run in board.get_runs(scan)]
        return Outcome("done")

    def dead_letter(self, record: RawRecord, bad: RejectedRecord) -> None:
        self.letters.append((bad.outcome, bad.reason))

    def run(self) -> None:
        while self.loop.step(0.0):
            pass
        assert self.engine is None or self.engine.drain(10.0)


@pytest.fixture
def workers() -> list[Worker]:
    return [Worker(FILE_MANAGER), Worker(HEADLESS), Worker(SCREEN)]


TRAP = "executed"


@pytest.mark.parametrize("hostile", list_hostile_records(TRAP), ids=lambda hostile: hostile.name)
def test_a_hostile_record_becomes_one_dead_letter(
    hostile: HostileRecord, workers: list[Worker], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    run = list(
        build_run_documents(hint="linescan It xafs_x", motors=["xafs_x"], columns={"xafs_x": [1.0], "I0": [2.0]})
    )
    for worker in workers:
        worker.source.put(hostile.topic, hostile.value)
        worker.source.put_entries([("bmm", LINE), *run])
        worker.run()
        (scan,) = worker.loop.board.scans
        assert scan.run_uids == (run[0][1]["uid"],)
    letters = [letter for worker in workers for letter in worker.letters]
    assert len(letters) == 1, letters
    assert letters[0][0] == hostile.outcome
    assert hostile.reason.lower() in letters[0][1].lower()
    assert not (tmp_path / TRAP).exists()


def test_events_of_an_unknown_descriptor_make_one_dead_letter() -> None:
    worker = Worker(HEADLESS)
    for n in range(1, 6):
        doc = {"uid": f"e{n}", "descriptor": "d", "seq_num": n, "time": EPOCH, "data": {}, "timestamps": {}}
        worker.source.put(DOCUMENTS, encode("event", doc))
    worker.run()
    assert len(worker.letters) == 1
    assert worker.loop.counters.misplaced == 5


def test_events_that_fail_together_are_folded_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(Points, "add_points", fail)
    worker = Worker(HEADLESS)
    columns = {"xafs_x": [1.0, 2.0, 3.0], "I0": [2.0] * 3}
    run = list(build_run_documents(hint=None, motors=["xafs_x"], columns=columns))
    worker.source.put_entries([("bmm", LINE), *run])
    worker.run()
    assert worker.letters == []
    assert worker.loop.counters.documents == len(run)
    (found,) = worker.loop.board.runs.values()
    assert found.points.get_column("xafs_x").tolist() == columns["xafs_x"]


def test_dropped_arrays_are_logged_once_and_reported() -> None:
    worker = Worker(HEADLESS)
    worker.loop.board = Board(BoardConfig(array_bytes=20))
    columns = {"xafs_x": [1.0, 2.0, 3.0], "mca": [[1, 2, 3]] * 3}
    with capture_logs() as logs:
        worker.source.put_entries(build_run_documents(hint=None, motors=["xafs_x"], columns=columns))
        worker.run()
        worker.loop.step(0.0)
    (uid,) = worker.loop.board.runs
    assert worker.loop.runs_without_arrays == (uid,)
    assert [line["run"] for line in logs if line["event"] == "arrays_dropped"] == [uid]


def test_an_implausible_record_time_does_not_stop_a_scan() -> None:
    worker = Worker(SCREEN)
    worker.source.put(CONTROL, encode("bmm", LINE), time=0.0)
    worker.run()
    assert len(worker.loop.board.scans) == 1


def test_a_mapping_without_the_tag_is_read_as_a_message() -> None:
    worker = Worker(FILE_MANAGER)
    worker.source.put(CONTROL, b"\x81\xa5mkdir\xa2/x")
    worker.run()
    assert [control.message.kind for control in worker.watcher.received] == ["mkdir"]


def test_only_the_owner_acts_on_a_message() -> None:
    manager = Worker(FILE_MANAGER)
    manager.source.put_entries([("bmm", LINE), ("bmm", {"xasxdi": True, "uid": "u", "filename": "f.001"})])
    manager.run()
    assert [control.message.kind for control in manager.watcher.received] == ["xasxdi"]


def test_stored_offsets_do_not_pass_what_an_open_scan_needs() -> None:
    worker = Worker(HEADLESS)
    run = list(build_run_documents(hint=None, motors=["xafs_x"], columns={"xafs_x": [1.0, 2.0], "I0": [2.0, 2.0]}))
    worker.source.put_entries([("bmm", {"mkdir": "/x"}), ("bmm", LINE), *run])
    worker.run()
    assert worker.loop.store_now()
    assert worker.source.stored == {(CONTROL, 0): 1, (DOCUMENTS, 0): 0}
    worker.source.put(CONTROL, encode("bmm", {"linescan": "stop"}), time=EPOCH + 100)
    worker.run()
    assert worker.loop.store_now()
    assert worker.source.stored == {(CONTROL, 0): 3, (DOCUMENTS, 0): len(run)}


def test_a_bug_in_a_handler_rejects_only_one_record(monkeypatch: pytest.MonkeyPatch) -> None:
    worker = Worker(HEADLESS)
    worker.source.put_entries([("bmm", {"close": "all"}), ("bmm", LINE)])
    original = MessageEngine.on_message

    def broken(self: MessageEngine, control: object, board: Board) -> None:
        if control.message.kind == "close":  # type: ignore[attr-defined]
            raise ZeroDivisionError("a fault")
        original(self, control, board)  # type: ignore[arg-type]

    monkeypatch.setattr(MessageEngine, "on_message", broken)
    worker.run()
    assert worker.letters == [("failed", "ZeroDivisionError: a fault")]
    assert worker.loop.counters.failed == 1
    assert len(worker.loop.board.scans) == 1


def test_verbose_changes_the_detail_of_every_worker(workers: list[Worker], capsys: pytest.CaptureFixture[str]) -> None:
    for worker in workers:
        configure_logging("info", "json", worker="any")
        for entry in (LINE, {"verbose": True}, LINE, {"verbose": False}, LINE):
            worker.source.put_entries([("bmm", entry)])
            worker.run()
        lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
        told = [(line["kind"], "fields" in line) for line in lines if line["event"] == "message"]
        expected = [("linescan", False), ("verbose", True), ("linescan", True), ("verbose", False), ("linescan", False)]
        assert told == expected
        assert worker.loop.last_message is not None
        assert worker.loop.last_message[:2] == ("linescan", "start")


def test_the_recovery_is_counted_and_done_in_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    """A recovery of minutes: the heartbeat reports how much is left, and turns end in time for it."""
    monkeypatch.setattr(loop_module, "TURN_SECONDS", 0.0)
    worker = Worker(FILE_MANAGER)
    for _ in range(10):
        worker.source.put(CONTROL, encode("bmm", {"resting_state": True}))
    ends = worker.source.positions
    worker.loop.caught_up = False
    worker.loop.begin(dict.fromkeys(ends, 0), ends)
    assert worker.loop.recovery_size == 10
    left = []
    while not worker.loop.caught_up:
        assert worker.loop.step(0.0) == 1
        left.append((worker.loop.recovery_size, worker.loop.backlog_size))
    assert left == [(count, count) for count in range(9, -1, -1)]


def test_live_records_compare_the_clocks() -> None:
    worker = Worker(SCREEN)
    run = list(build_run_documents(hint=None, motors=["xafs_x"], columns={"xafs_x": [1.0, 2.0], "I0": [2.0, 2.0]}))
    for name, body in run:
        worker.source.put(DOCUMENTS, encode(name, {**body, "time": EPOCH - 3.0}), time=EPOCH - 5.0)
    worker.run()
    assert worker.loop.clock_skew.summarize() == {"documents": 5.0, "run_engine": -2.0}


def test_pictures_of_many_late_scans_are_each_drawn() -> None:
    """More scans than are kept otherwise: they stay as long as their messages wait."""
    config = BoardConfig(scan_limit=5, run_limit=5, waits_for_documents=True)
    worker, runs = Worker(HEADLESS, Board(config)), [make_line_run() for _ in range(40)]
    for documents in runs:
        uid = documents[0][1]["uid"]
        worker.source.put_entries([("bmm", LINE), ("bmm", {"linescan": "stop", "uid": uid, "fname": f"{uid}.png"})])
    worker.run()
    assert not worker.drawn
    for documents in runs:
        worker.source.put_entries(documents)
    worker.run()
    assert worker.engine is not None
    assert worker.engine.drain(10.0)
    worker.source.put_entries([("bmm", LINE), ("bmm", {"linescan": "stop"})])
    worker.run()
    assert len(worker.loop.board.scans) <= 6
    worker.engine.close()
    assert worker.letters == []
    assert sorted(worker.drawn) == sorted(documents[0][1]["uid"] for documents in runs)


def test_no_more_messages_are_read_while_too_many_are_in_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    """The file system is away for a day: memory stays limited, and each picture is drawn afterwards."""
    monkeypatch.setattr(message_engine, "QUEUE_LIMIT", 3)
    monkeypatch.setattr(loop_module, "TURN_SECONDS", 0.0)  # a record a turn
    worker = Worker(HEADLESS)
    worker.may_draw.clear()
    for _ in range(10):
        run = list(make_line_run())
        stop = {"linescan": "stop", "uid": run[0][1]["uid"], "fname": "x.png"}
        worker.source.put_entries([("bmm", LINE), *run, ("bmm", stop)])
    for _ in range(200):
        worker.loop.step(0.0)
    assert worker.engine is not None
    assert not worker.engine.has_room()
    assert "3 messages in hand" in worker.engine.waits_for
    held = worker.loop.counters.messages
    worker.loop.step(0.0)
    assert worker.loop.counters.messages == held < 20
    worker.may_draw.set()
    while worker.loop.counters.messages < 20:
        worker.loop.step(0.0)
    assert worker.engine.drain(10.0)
    assert worker.engine.waits_for == ""
    worker.engine.close()
    assert len(worker.drawn) == 10


class _RunReader:
    """Work of a file manager that needs the run which a message names, once `gate` is set."""

    def __init__(self) -> None:
        self.gate, self.found = threading.Event(), dict[str, bool]()
        self.runs = lambda: dict[str, Run]()

    def is_relevant(self, control: ReceivedMessage) -> bool:
        return control.message.kind == "lsxdi"

    def is_answered_again(self, control: ReceivedMessage) -> bool:
        return True

    def examine(self, control: ReceivedMessage, board: Board) -> Task:
        return Task("files", lambda: self.read(str(control.message.named_run)))

    def find_task(self, control: ReceivedMessage, board: Board) -> None:
        raise AssertionError("each message is queued when it arrives")

    def read(self, uid: str) -> Outcome:
        assert self.gate.wait(10.0)
        self.found[uid] = uid in self.runs()
        return Outcome("done")


def test_runs_that_queued_messages_name_stay_on_the_board() -> None:
    """Files are written slower than scans are read, after an outage: no run is forgotten before its file is written."""
    reader = _RunReader()
    callbacks = EngineCallbacks(
        find_outcome=lambda control: None,
        record_outcome=lambda control, outcome: None,
        answer=lambda answer: None,
        give_up=lambda control, reason: None,
    )
    engine, source = MessageEngine(reader, callbacks, "file-manager"), ListSource()
    config = BoardConfig(scan_limit=5, run_limit=5, waits_for_documents=True)
    ports = LoopCallbacks(engine, lambda record, bad: None, lambda: EPOCH, has_room=engine.has_room)
    loop = Loop(source, FILE_MANAGER, RecordParser(Settings()), Board(config), ports)
    loop.begin(source.positions, source.positions)
    reader.runs = lambda: loop.board.runs
    for number in range(60):
        run = list(make_line_run())
        scan = [("bmm", LINE), *run, ("bmm", {"linescan": "stop"})] if number % 2 else run
        source.put_entries([*scan, ("bmm", {"lsxdi": True, "uid": run[0][1]["uid"], "filename": f"line.{number}"})])
    while loop.step(0.0):
        pass
    assert len(loop.board.runs) == 60
    reader.gate.set()
    assert engine.drain(10.0)
    assert list(reader.found.values()) == [True] * 60
    source.put_entries([entry for _ in range(20) for entry in make_line_run()])
    while loop.step(0.0) or loop.board.table.awaited.runs:
        pass
    assert len(loop.board.runs) <= 20
    engine.close()


class _DataFiles(_RunReader):
    """Work of a file manager whose only queue waits for the run that a message names."""

    def __init__(self, fallback: NoCatalog) -> None:
        super().__init__()
        self.stop = threading.Event()
        policy = RetryPolicy(outage=5.0, clock=lambda: self.board.reading.attended)
        self.catalog = FollowedRuns(lambda: self.board, fallback, policy)
        self.board = Board(BoardConfig())

    def read(self, uid: str) -> Outcome:
        self.found[uid] = self.catalog.wait_for_run(uid, self.stop).uid == uid
        return Outcome("done")


class _AwayCatalog(NoCatalog):
    """A catalog that does not answer."""

    def find_run(self, uid: str) -> FinishedRun:
        raise CatalogUnavailable("the catalog is away")


@pytest.mark.parametrize("catalog", [NoCatalog(), _AwayCatalog()], ids=["no catalog", "away"])
def test_reading_goes_on_while_a_queue_waits_for_documents(monkeypatch: pytest.MonkeyPatch, catalog: NoCatalog) -> None:
    """What is waited for may lie behind the messages that are in hand: to stop before it would be a deadlock."""
    monkeypatch.setattr(message_engine, "QUEUE_LIMIT", 3)
    monkeypatch.setattr(loop_module, "TURN_SECONDS", 0.0)  # a record a turn
    work, source, letters = _DataFiles(catalog), ListSource(), list[str]()
    callbacks = EngineCallbacks(
        find_outcome=lambda control: None,
        record_outcome=lambda control, outcome: None,
        answer=lambda answer: None,
        give_up=lambda control, reason: letters.append(reason),
    )
    engine = MessageEngine(work, callbacks, "file-manager", awaits_documents=lambda: work.catalog.awaits_documents)
    board = Board(BoardConfig(waits_for_documents=True))
    ports = LoopCallbacks(engine, lambda record, bad: None, lambda: EPOCH, has_room=engine.has_room)
    loop = Loop(source, FILE_MANAGER, RecordParser(Settings()), board, ports)
    loop.begin(source.positions, source.positions)
    runs = [list(make_line_run()) for _ in range(8)]
    uids = [documents[0][1]["uid"] for documents in runs]
    source.put_entries([("bmm", {"lsxdi": True, "uid": uid, "filename": f"line.{uid}"}) for uid in uids])
    source.put_entries([entry for documents in runs for entry in documents])
    pause = threading.Event()
    deadline = time.monotonic() + PATIENCE
    while len(work.found) < len(runs) and time.monotonic() < deadline:
        loop.step(0.0)
        work.board = loop.board
        pause.wait(0.001)
    engine.close()
    assert work.found == dict.fromkeys(uids, True)
    assert letters == []
    assert not work.catalog.awaits_documents
