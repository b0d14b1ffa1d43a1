"""Sessions as lists of items: from measured recordings, and made up."""

from __future__ import annotations

import json
import random
import uuid
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from xafs_workers.messages.parsing import parse
from xafs_workers.scans.board import Board
from xafs_workers.scans.items import Control, Document, Item, Origin
from xafs_workers.scans.runs import Run

CONTROL, DOCUMENTS = "bmm.test", "bmm.bluesky.runengine.documents"
EPOCH = 1_790_000_000.0

Entry = tuple[str, dict[str, Any]]


def read_entries(path: Path) -> list[Entry]:
    return [(name, body) for name, body in map(json.loads, path.read_text().splitlines())]


def items_of(entries: Iterable[Entry], *, step: float = 0.001, times: Iterable[float] | None = None) -> list[Item]:
    """Stamp entries with record times and origins, as a broker with one partition a topic would."""
    counts = {CONTROL: 0, DOCUMENTS: 0}
    clock = iter(times) if times is not None else (EPOCH + i * step for i in range(10**9))
    return [_item(name, body, next(clock), counts) for name, body in entries]


class Teller:
    """Stamps entries one after the other, as they come."""

    def __init__(self) -> None:
        self._counts = {CONTROL: 0, DOCUMENTS: 0}

    def items(self, entries: Iterable[Entry]) -> list[Item]:
        return [_item(name, body, EPOCH + 0.001 * sum(self._counts.values()), self._counts) for name, body in entries]


def _item(name: str, body: dict[str, Any], time: float, counts: dict[str, int]) -> Item:
    topic = CONTROL if name == "bmm" else DOCUMENTS
    origin = Origin(topic, 0, counts[topic])
    counts[topic] += 1
    if name == "bmm":
        return Control(parse(body), time, origin)
    return Document(name, body, time, origin)


def fold(items: Iterable[Item], board: Board | None = None) -> Board:
    board = board or Board()
    for item in items:
        board = board.apply(item)
    return board


def digest(board: Board) -> object:
    """Everything a board says, comparable."""
    scans = [
        (
            scan.id,
            scan.kind,
            scan.ended,
            scan.given_up,
            scan.shown,
            board.closed(scan),
            tuple(w.run for w in scan.windows),
        )
        for scan in board.scans
    ]
    return scans, {uid: _run_digest(run) for uid, run in board.runs.items()}


def _run_digest(run: Run) -> object:
    columns = [(key, run.points.column(key).tobytes()) for key in run.points.keys]
    return run.begins, run.points.sequence, run.points.time.tobytes(), columns, (run.stop or {}).get("exit_status")


def run_documents(
    *,
    hint: str | None,
    motors: list[str] | None,
    columns: dict[str, list[float]],
    start: dict[str, Any] | None = None,
    finished: bool = True,
    detectors: list[str] | None = None,
) -> Iterator[Entry]:
    """Yield the documents of one run with a baseline reading at both ends."""
    uid, primary, baseline = (str(uuid.uuid4()) for _ in range(3))
    document: dict[str, Any] = {"uid": uid, "time": EPOCH, "scan_id": 1, **(start or {})}
    if detectors is not None:
        document["detectors"] = detectors
    if motors is not None:
        document["motors"] = motors
    if hint is not None:
        document["BMM_kafka"] = {"hint": hint, **document.get("BMM_kafka", {})}
    yield "start", document
    yield "descriptor", _descriptor(baseline, uid, "baseline", ["dcm_roll", "xafs_x"])
    yield "event", _event(baseline, 1, {"dcm_roll": -1.0, "xafs_x": 99.0})
    yield "descriptor", _descriptor(primary, uid, "primary", list(columns))
    for n in range(len(next(iter(columns.values()), []))):
        yield "event", _event(primary, n + 1, {key: values[n] for key, values in columns.items()})
    if finished:
        yield "event", _event(baseline, 2, {"dcm_roll": -1.0, "xafs_x": 99.0})
        yield "stop", {"uid": str(uuid.uuid4()), "run_start": uid, "time": EPOCH + 1, "exit_status": "success"}


def _descriptor(uid: str, run: str, name: str, keys: list[str]) -> dict[str, Any]:
    about = {"dtype": "number", "shape": [], "source": "test"}
    return {"uid": uid, "run_start": run, "time": EPOCH, "name": name, "data_keys": dict.fromkeys(keys, about)}


def _event(descriptor: str, sequence: int, data: dict[str, float]) -> dict[str, Any]:
    return {
        "uid": str(uuid.uuid4()),
        "descriptor": descriptor,
        "seq_num": sequence,
        "time": EPOCH + sequence,
        "data": data,
        "timestamps": dict.fromkeys(data, EPOCH),
    }


def made_up_session(rng: random.Random, length: int) -> list[Entry]:
    """Return a session of scans of all kinds, hinted or not, ended or not, with stray runs between them."""
    entries: list[Entry] = []
    while len(entries) < length:
        chosen = rng.choice([_linescan, _timescan, _xafs, _stray, _housekeeping])
        entries.extend(chosen(rng))
    return entries[:length]


def _numbers(rng: random.Random, n: int, *keys: str) -> dict[str, list[float]]:
    return {key: [rng.uniform(0.1, 9.0) for _ in range(n)] for key in keys}


def _linescan(rng: random.Random) -> Iterator[Entry]:
    motor = rng.choice(["xafs_x", "xafs_y", "dcm_roll"])
    yield "bmm", {"linescan": "start", "motor": motor, "detector": rng.choice(["it", "I0", "Xs"])}
    if rng.random() < 0.2:
        yield from _stray(rng)
    if rng.random() < 0.9:
        hint = rng.choice([None, f"linescan It {motor}", f"rectanglescan It {motor} negated"])
        columns = _numbers(rng, rng.randint(0, 8), motor, "I0", "It")
        yield from run_documents(hint=hint, motors=[motor], columns=columns, finished=rng.random() < 0.9)
    yield from _end(rng, "linescan")


def _timescan(rng: random.Random) -> Iterator[Entry]:
    yield "bmm", {"timescan": "start", "detector": "it"}
    hint = rng.choice([None, "timescan It"])
    yield from run_documents(hint=hint, motors=None, columns=_numbers(rng, rng.randint(0, 6), "I0", "It"))
    yield from _end(rng, "timescan")


def _xafs(rng: random.Random) -> Iterator[Entry]:
    repetitions = rng.randint(1, 3)
    start = {"element": "Fe", "edge": "K", "mode": "transmission", "filename": "f", "repetitions": repetitions}
    yield "bmm", {"xafsscan": "start", **start}
    for count in range(1, repetitions + 1):
        yield "bmm", {"xafsscan": "next", "count": count}
        if rng.random() < 0.1:
            yield from _stray(rng)
        hint = rng.choice([None, "xafs transmission"])
        columns = _numbers(rng, rng.randint(0, 6), "dcm_energy", "I0", "It", "Ir", "dwti_dwell_time")
        more = {"BMM_kafka": {"count": count}} if hint else {}
        motors = rng.choice([None, ["dcm_energy", "dwti_dwell_time"]])
        yield from run_documents(hint=hint, motors=motors, columns=columns, start=more, finished=rng.random() < 0.9)
    yield from _end(rng, "xafsscan")


def _end(rng: random.Random, kind: str) -> Iterator[Entry]:
    if rng.random() < 0.8:
        yield "bmm", {kind: rng.choice(["stop", "end"])}
    if rng.random() < 0.7:
        yield "bmm", {"resting_state": True}


def _stray(rng: random.Random) -> Iterator[Entry]:
    hint = rng.choice([None, "areascan It x y", "count"])
    yield from run_documents(hint=hint, motors=rng.choice([None, ["m"]]), columns=_numbers(rng, 2, "I0"))


def _housekeeping(rng: random.Random) -> Iterator[Entry]:
    yield (
        "bmm",
        rng.choice([{"close": "last"}, {"close": "line"}, {"close": "all"}, {"mkdir": "/x"}, {"resting_state": True}]),
    )
