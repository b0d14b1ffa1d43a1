"""The regions of interest: read at the start, and again when a session has changed them."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

from structlog.testing import capture_logs

from helpers.list_source import ListSource
from helpers.streams import CONTROL, EPOCH
from xafs_workers.consumer.loop import Loop
from xafs_workers.consumer.loop_callbacks import LoopCallbacks
from xafs_workers.consumer.record_parser import RecordParser
from xafs_workers.consumer.region_file import load_regions
from xafs_workers.consumer.roles import HEADLESS
from xafs_workers.scans.board import Board
from xafs_workers.scans.items import AwaitedMessages
from xafs_workers.settings import Settings
from xafs_workers.wire import encode

FE = {"Fe": {"k": {"low": 626, "high": 654}}}
REGION = {("Fe", "K"): (6260.0, 6540.0)}


def test_only_usable_regions_are_read(tmp_path: Path) -> None:
    path = tmp_path / "rois.json"
    odd: dict[str, Any] = {"OCR": {"low": 1, "high": 4095}, "Pd": {}, "Rh": {"k": {"low": 0, "high": 0}}, "Hg": None}
    odd |= {"Tl": {"l3": {"low": 9971, "high": 1007}}, "Te": {"l3": {"low": "a", "high": 3}}}
    path.write_text(json.dumps({**FE, **odd}))
    assert load_regions(path, {}) == REGION
    assert load_regions(None, REGION) == {}


def test_a_broken_file_changes_nothing_and_is_logged(tmp_path: Path) -> None:
    path = tmp_path / "rois.json"
    path.write_text("{")
    with capture_logs() as logs:
        assert load_regions(path, REGION) == REGION
        assert load_regions(tmp_path / "absent", REGION) == REGION
    assert [(entry["event"], entry["log_level"]) for entry in logs] == [
        ("regions_not_read", "warning"),
        ("regions_not_found", "info"),
    ]


class Handler:
    """Takes note of the regions that the board has at each message."""

    def __init__(self) -> None:
        self.seen: list[int] = []

    def on_message(self, control: Any, board: Board) -> None:
        self.seen.append(len(board.config.regions))

    def poll(self, board: Board) -> None:
        pass

    def pending(self) -> tuple[()]:
        return ()

    awaited = AwaitedMessages()


def test_a_message_reads_the_file_again(tmp_path: Path) -> None:
    path = tmp_path / "rois.json"
    path.write_text("{}")
    source, handler = ListSource(), Handler()
    callbacks = LoopCallbacks(
        handler, lambda record, bad: None, lambda: EPOCH, load_regions=partial(load_regions, path)
    )
    loop = Loop(source, HEADLESS, RecordParser(Settings()), Board(), callbacks)
    loop.begin(source.positions, source.positions)
    assert loop.board.config.regions == {}
    path.write_text(json.dumps(FE))
    source.put(CONTROL, encode("bmm", {"reset_rois": True}))
    while not handler.seen:
        loop.step()
    assert handler.seen == [1]
    assert loop.board.config.regions == REGION
