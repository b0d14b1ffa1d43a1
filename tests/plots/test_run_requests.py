"""Requests for pictures of runs without messages, more of them than may be in hand or are kept."""

from __future__ import annotations

import threading
from collections import Counter

import pytest

from helpers.fits import build_answers
from helpers.list_source import ListSource
from helpers.processes import PATIENCE
from helpers.stock_runs import make_stock_run
from helpers.streams import EPOCH, Entry
from xafs_workers.consumer.loop import Loop, LoopCallbacks
from xafs_workers.consumer.record_parser import RecordParser
from xafs_workers.consumer.roles import HEADLESS
from xafs_workers.plots.picture_handler import build_picture_engine
from xafs_workers.plots.run_pictures import build_picture_requester
from xafs_workers.runtime import message_engine
from xafs_workers.runtime.engine_callbacks import EngineCallbacks
from xafs_workers.runtime.implied_requests import RequestingHandler
from xafs_workers.runtime.outcome import Outcome
from xafs_workers.scans import retention
from xafs_workers.scans.board import Board
from xafs_workers.scans.board_config import BoardConfig
from xafs_workers.settings import Scans, Settings

FORMS = Scans(from_documents=True).implied_forms


def make_repetition(sample: str) -> list[Entry]:
    columns = {"dcm_energy": [7100.0 + 10 * n for n in range(20)], "I0": [2.0] * 20, "It": [1.0] * 20}
    return make_stock_run(
        columns,
        dimensions=[["dcm_energy"]],
        motors=["dcm"],
        element="Fe",
        edge="K",
        sample_name=sample,
        num_points=20,
    )


class Headless:
    """The headless worker's engine and loop; pictures are drawn once `gate` is set."""

    def __init__(self, config: BoardConfig, *, reduction_enabled: bool):
        self.gate, self.states = threading.Event(), Counter[str]()
        callbacks = EngineCallbacks(
            find_outcome=lambda control: None,
            record_outcome=lambda control, outcome: self.count(outcome),
            answer=lambda answer: None,
            give_up=lambda control, reason: None,
        )
        self.engine = build_picture_engine(
            lambda *scan: Outcome("done"),
            callbacks,
            build_answers(),
            reduction_enabled=reduction_enabled,
            draw_run=lambda *run: self.draw(),
        )
        self.source = ListSource()
        handler = RequestingHandler(self.engine, build_picture_requester(self.engine.on_message))
        ports = LoopCallbacks(handler, lambda record, bad: None, lambda: EPOCH, has_room=self.engine.has_room)
        self.loop = Loop(self.source, HEADLESS, RecordParser(Settings()), Board(config), ports)
        self.loop.begin(self.source.positions, self.source.positions)

    def count(self, outcome: Outcome) -> None:
        self.states[outcome.state] += 1

    def draw(self) -> Outcome:
        assert self.gate.wait(PATIENCE)
        return Outcome("done")

    def read(self, sequences: int) -> None:
        for number in range(sequences):
            self.source.put_entries(make_repetition(f"sample {number}"))
        for _ in range(40):
            self.loop.step(0.0)


def test_requests_that_documents_imply_are_limited_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(message_engine, "QUEUE_LIMIT", 3)
    worker = Headless(BoardConfig(waits_for_documents=True, implied_forms=FORMS), reduction_enabled=False)
    worker.read(40)
    assert not worker.engine.has_room()
    assert worker.engine.count_in_hand() <= 5
    worker.gate.set()
    worker.engine.close()


def test_requests_whose_runs_are_lost_are_answered_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    """More sequences wait for their reduction than are kept."""
    monkeypatch.setattr(retention, "AWAITED_LIMIT", 10)
    config = BoardConfig(scan_limit=5, run_limit=5, waits_for_documents=True, implied_forms=FORMS)
    worker = Headless(config, reduction_enabled=True)
    worker.read(60)
    assert worker.engine.drain(PATIENCE)
    worker.engine.close()
    assert worker.states["failed"] > 0
    assert worker.states["done"] == 0
