"""The headless plot manager, composed: KEPT delivery, pictures through storage, no window."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from contextlib import ExitStack
from functools import partial
from typing import Any

from xafs_workers.consumer.loop import Loop, Ports
from xafs_workers.consumer.publisher import Publisher
from xafs_workers.consumer.reading import Bad, Reader
from xafs_workers.consumer.recovery import beginning, kept_positions
from xafs_workers.consumer.reductions import Reductions
from xafs_workers.consumer.roles import HEADLESS
from xafs_workers.consumer.source import KafkaSource, RawRecord
from xafs_workers.frontends.headless import Desk, DeskPorts
from xafs_workers.logs import get_logger, set_up
from xafs_workers.producer.kafka_config import read_kafka_config
from xafs_workers.reduction.process import Reducer
from xafs_workers.scans.board import Board
from xafs_workers.scans.rules import Rules
from xafs_workers.services.heartbeat import Heartbeat
from xafs_workers.services.notify import Notifier
from xafs_workers.settings import Settings
from xafs_workers.storage.confined import Roots
from xafs_workers.storage.ledger import Ledger
from xafs_workers.storage.state_lock import StateLock
from xafs_workers.workers.health import health_of, serve_metrics
from xafs_workers.workers.life import live, need, stop_on_signals
from xafs_workers.workers.posted_pictures import PostedPictures
from xafs_workers.workers.posting import Posting
from xafs_workers.workers.projects import Projects
from xafs_workers.workers.records import Records, dead_letter_of_message, dead_letter_of_record
from xafs_workers.workers.shelf import Shelf

log = get_logger("workers")

KEEP_DAYS = 90.0


def run(settings: Settings, *, from_beginning: bool = False) -> int:
    """Run the headless plot manager until a signal stops it; return the exit code.

    Raises
    ------
    ModuleNotFoundError
        There is nothing to draw with.
    """
    need("matplotlib")
    set_up(settings.logging.level, settings.logging.style, worker=HEADLESS.name)
    stop = stop_on_signals()
    with ExitStack() as stack:
        return _run(settings, stop, stack, from_beginning)


def _run(settings: Settings, stop: threading.Event, stack: ExitStack, from_beginning: bool) -> int:
    config = read_kafka_config(settings.kafka)
    topics = (settings.topic("control"), settings.topic("documents"))
    source = KafkaSource(config, topics, f"{settings.beamline}.{HEADLESS.name}")
    stack.callback(source.close)
    publisher = Publisher(config, settings, HEADLESS.name)
    stack.callback(publisher.flush, 2.0)
    Notifier.of_environment().status("waiting for the broker and its topics")
    if not source.wait_for_topics(stop):
        return 0
    state = settings.state_folder() / HEADLESS.name
    stack.enter_context(StateLock(state))
    ledger = stack.enter_context(Ledger.open(state / "ledger.sqlite"))
    ledger.prune(KEEP_DAYS)
    records = Records(ledger, source.cluster_id())
    reducer = Reducer(timeout=settings.reduction.task_seconds)
    stack.callback(reducer.close)
    posting = Posting.open(settings, HEADLESS.name, stack)
    desk = _desk(settings, records, publisher, reducer, posting)
    stack.callback(desk.close)
    refuse = partial(_refuse, publisher, records)
    ports = Ports(desk, refuse, reductions=Reductions(reducer))
    loop = Loop(source, HEADLESS, Reader(settings), Board(Rules.from_settings(settings)), ports)
    _begin(loop, source, from_beginning)
    heartbeat = Heartbeat(
        HEADLESS.name,
        publisher.status,
        lambda: {**health_of(loop, source, desk.waits_for, reducer.waits_for, posting.waits_for), **_work(loop, desk)},
        settings.logging.heartbeat_seconds,
    )
    serve_metrics(settings, HEADLESS.name, heartbeat, stack)
    heartbeat.beat(force=True)
    reducer.start()
    desk.start()
    return live(loop, stop, heartbeat.beat, lambda: _finish(loop, desk, heartbeat))


def _begin(loop: Loop, source: KafkaSource, from_beginning: bool) -> None:
    positions = beginning(source) if from_beginning else kept_positions(source)
    ends = {partition: high for partition, (_, high) in source.watermarks().items()}
    source.assign(positions)
    loop.begin(positions, ends)


def _desk(settings: Settings, records: Records, publisher: Publisher, reducer: Reducer, posting: Posting) -> Desk:
    shelf = Shelf(settings, records, projects=Projects(reducer.project, settings.reduction.task_seconds))
    return Desk(
        DeskPorts(
            draw=PostedPictures(shelf.draw, posting, records, Roots.from_settings(settings.storage)),
            known=records.outcome,
            record=records.record,
            answer=publisher.answer,
            give_up=lambda control, reason: publisher.dead_letter(
                dead_letter_of_message(control, reason, HEADLESS.name)
            ),
            warm_up=shelf.warm_up,
        ),
        reduces=True,
    )


def _work(loop: Loop, desk: Desk) -> Mapping[str, Any]:
    return {
        "open_scans": sum(not loop.board.closed(scan) for scan in loop.board.scans),
        "last_files": list(desk.last_files),
    }


def _finish(loop: Loop, desk: Desk, heartbeat: Heartbeat) -> None:
    """Let the picture in hand be finished, then store what is no longer needed."""
    desk.close()
    loop.store_now()
    heartbeat.last_words()


def _refuse(publisher: Publisher, records: Records, record: RawRecord, bad: Bad) -> None:
    letter = dead_letter_of_record(record, bad, HEADLESS.name)
    log.warning("dead_letter", record=str(record.origin), outcome=bad.outcome, kind=bad.kind, reason=bad.reason)
    records.once(record, lambda: publisher.dead_letter(letter))
