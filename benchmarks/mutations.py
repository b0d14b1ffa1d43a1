"""Feed mutated records to the parts of the workers: `python -m benchmarks.mutations --records 1000000`.

Each record passes the file manager's loop with its real actions and answers. Every so often all figures are built, one
of them is drawn and one is sketched. A record may be rejected, or its message fail; an exception that no part expects
is printed with the record, and the exit code is 1.
"""

from __future__ import annotations

import argparse
import collections
import itertools
import json
import random
import resource
import sys
import tempfile
import time
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

import structlog

from benchmarks.mutated_records import generate_records
from helpers.file_actions import FileManagerHarness
from helpers.list_source import ListSource
from helpers.streams import EPOCH
from xafs_workers.consumer.loop import Loop
from xafs_workers.consumer.loop_callbacks import LoopCallbacks
from xafs_workers.consumer.record_parser import RecordParser
from xafs_workers.consumer.roles import FILE_MANAGER
from xafs_workers.figures.figure_builder import build_figure, list_shown_scans
from xafs_workers.filemanager.file_actions import FileActionHandler
from xafs_workers.render.matplotlib.pictures import render_picture
from xafs_workers.render.sketch import render_sketch
from xafs_workers.runtime.effect_ledger import build_message_dead_letter, build_record_dead_letter
from xafs_workers.runtime.engine_callbacks import EngineCallbacks
from xafs_workers.runtime.message_engine import MessageEngine
from xafs_workers.runtime.rejections import RejectionCallbacks
from xafs_workers.scans.board import Board
from xafs_workers.settings import Settings
from xafs_workers.storage.ledger import Ledger
from xafs_workers.wire import decode, encode

TURN = 100
"""Records that the loop gets at once."""


class FedFileManager:
    """File manager without a broker: its loop, its actions in a temporary folder, its answers encoded."""

    def __init__(self, folder: Path, ledger: Ledger):
        self.source = ListSource()
        self.sent: collections.Counter[str] = collections.Counter()
        harness = FileManagerHarness(folder, ledger)
        harness.folder.mkdir(parents=True)
        callbacks = EngineCallbacks(
            find_outcome=lambda control: None,
            record_outcome=lambda control, outcome: json.dumps([outcome.reason, outcome.paths]),
            answer=lambda answer: self._send("answer", answer.to_dict()),
            give_up=lambda control, reason: self._send_letter(build_message_dead_letter(control, reason, "any")),
            rejections=RejectionCallbacks(
                lambda record: False,
                lambda record, bad: self._send_letter(build_record_dead_letter(record, bad, "any")),
                lambda record: None,
            ),
        )
        context = harness.build_context()
        handler = FileActionHandler(context, lambda: self.engine.list_messages())
        self.engine = MessageEngine(handler, callbacks, "any")
        loop_callbacks = LoopCallbacks(self.engine, self.engine.on_rejected_record, lambda: EPOCH)
        self.loop = Loop(self.source, FILE_MANAGER, RecordParser(Settings()), Board(), loop_callbacks)
        self.loop.begin(self.source.positions, self.source.positions)

    def _send(self, name: str, body: dict[str, Any]) -> None:
        self.sent[str(decode(encode(name, body))[1].get("state", name))] += 1

    def _send_letter(self, letter: Any) -> None:
        self._send("dead-letter", letter.to_dict())


class Surprises:
    """Exceptions that no part of the workers expects, as they are logged."""

    def __init__(self) -> None:
        self.counts: collections.Counter[str] = collections.Counter()
        self._new: list[dict[str, Any]] = []
        structlog.configure(processors=[self._note])

    def _note(self, logger: Any, method: str, event: Any) -> Any:
        if method == "exception" or event.get("exc_info"):
            self.add(event)
        raise structlog.DropEvent

    def add(self, event: dict[str, Any]) -> None:
        """Add the exception that is being handled."""
        self._new.append({**event, "trace": traceback.format_exc(limit=-5)})

    def report(self, fed: int) -> None:
        """Print what is new, the first of each kind with its traceback."""
        for event in self._new:
            key = f"{event.get('event')}: {event['trace'].strip().splitlines()[-1][:150]}"
            self.counts[key] += 1
            if self.counts[key] == 1:
                print(f"after {fed} records: {event}\n{event['trace']}", flush=True)
        self._new.clear()


def draw_figures(board: Board, rng: random.Random, surprises: Surprises) -> None:
    """Build all figures of a board; draw one of them and sketch one."""
    try:
        figures = [build_figure(board, scan) for scan in list_shown_scans(board)]
        if figures:
            render_sketch(rng.choice(figures))
            render_picture(rng.choice(figures))
    except Exception:  # noqa: BLE001 - whatever it is, it is a finding
        surprises.add({"event": "figure"})


def feed_records(manager: FedFileManager, count: int, draw_every: int, rng: random.Random) -> Surprises:
    """Feed so many records; print a line for each tenth of them."""
    surprises, records, began = Surprises(), generate_records(rng), time.monotonic()
    for fed in range(TURN, count + TURN, TURN):
        for topic, value in itertools.islice(records, TURN):
            manager.source.put(topic, value)
        while manager.loop.step(0.0):
            pass
        if fed % draw_every < TURN:
            draw_figures(manager.loop.board, rng, surprises)
        surprises.report(fed)
        if fed % max(TURN, count // 10) < TURN:
            memory, board = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, manager.loop.board
            print(
                f"{fed} records, {time.monotonic() - began:.0f} s, peak memory {memory:.0f} MB, "
                f"{len(board.scans)} scans, {len(board.runs)} runs kept, {dict(manager.sent)}",
                flush=True,
            )
    return surprises


def main(arguments: Sequence[str] | None = None) -> int:
    """Feed the records; return 1 if anything raised that no part expects."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--draw-every", type=int, default=2000, help="records between two drawings")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as name, Ledger.open(Path(name) / "ledger.sqlite") as ledger:
        manager = FedFileManager(Path(name) / "proposals", ledger)
        surprises = feed_records(manager, options.records, options.draw_every, random.Random(options.seed))
        print(f"records by what became of them: {manager.loop.counters.to_dict()}")
    print(f"exceptions that no part expects: {surprises.counts.total()}")
    for key, number in surprises.counts.most_common():
        print(f"{number:8d} {key}")
    return 1 if surprises.counts else 0


if __name__ == "__main__":
    sys.exit(main())
