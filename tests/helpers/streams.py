"""Sessions as lists of items: from measured recordings, and made up."""

from __future__ import annotations

import json
import random
import uuid
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from helpers.examples import AREASCAN, CURVE
from xafs_workers.messages.parsing import parse
from xafs_workers.scans.board import Board, BoardItem, Scan
from xafs_workers.scans.items import Document, ReceivedMessage, RecordPosition
from xafs_workers.scans.runs import Run

CONTROL, DOCUMENTS = "bmm.test", "bmm.bluesky.runengine.documents"
EPOCH = 1_790_000_000.0

Entry = tuple[str, dict[str, Any]]


def read_entries(path: Path) -> list[Entry]:
    return [(name, body) for name, body in map(json.loads, path.read_text().splitlines())]


def stamp_entries(
    entries: Iterable[Entry], *, step: float = 0.001, times: Iterable[float] | None = None
) -> list[BoardItem]:
    """Stamp entries with record times and origins, as a broker with one partition a topic would."""
    counts = {CONTROL: 0, DOCUMENTS: 0}
    clock = iter(times) if times is not None else (EPOCH + i * step for i in range(10**9))
    return [_build_item(name, body, next(clock), counts) for name, body in entries]


class EntryStamper:
    """Stamps entries one after the other, as they come."""

    def __init__(self) -> None:
        self._counts = {CONTROL: 0, DOCUMENTS: 0}

    def stamp(self, entries: Iterable[Entry]) -> list[BoardItem]:
        return [
            _build_item(name, body, EPOCH + 0.001 * sum(self._counts.values()), self._counts) for name, body in entries
        ]


def _build_item(name: str, body: dict[str, Any], time: float, counts: dict[str, int]) -> BoardItem:
    topic = CONTROL if name == "bmm" else DOCUMENTS
    origin = RecordPosition(topic, 0, counts[topic])
    counts[topic] += 1
    if name == "bmm":
        return ReceivedMessage(parse(body), time, origin)
    if name == "start" and body.get("time") == EPOCH:  # made up: it starts when it is published
        body = {**body, "time": time}
    return Document(name, body, time, origin)


def fold(items: Iterable[BoardItem], board: Board | None = None) -> Board:
    board = board or Board()
    for item in items:
        board = board.apply(item)
    return board


def list_drawn_scans(board: Board) -> tuple[Scan, ...]:
    """Return the scans that have a figure: a dossier has none."""
    return tuple(scan for scan in board.scans if scan.is_shown)


def digest(board: Board) -> object:
    """Return everything that a board shows, in a form that can be compared."""
    scans = [
        (
            scan.id,
            scan.kind,
            scan.has_ended,
            scan.implicit_end,
            scan.is_shown,
            scan.figure_id,
            tuple(control.id for control in scan.result_messages),
            board.is_closed(scan),
            scan.run_uids,
            tuple(w.run_uid for w in scan.windows),
        )
        for scan in board.scans
    ]
    return scans, {uid: _digest_run(run) for uid, run in board.runs.items()}


def _digest_run(run: Run) -> object:
    columns = [(key, run.points.get_column(key).tobytes()) for key in run.points.keys]
    arrays = [
        [(key, array.tobytes()) for key, array in run.arrays.get_point(sequence).items()]
        for sequence in run.points.sequence_numbers
    ]
    stop = (run.stop or {}).get("exit_status")
    return run.start_position, run.points.sequence_numbers, run.points.time.tobytes(), columns, arrays, stop


def build_run_documents(
    *,
    hint: str | None,
    motors: list[str] | None,
    columns: dict[str, Any],
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
    yield "descriptor", _build_descriptor(baseline, uid, "baseline", {"dcm_roll": [0.0], "xafs_x": [0.0]})
    yield "event", _build_event(baseline, 1, {"dcm_roll": -1.0, "xafs_x": 99.0})
    yield "descriptor", _build_descriptor(primary, uid, "primary", columns)
    for n in range(len(next(iter(columns.values()), []))):
        yield "event", _build_event(primary, n + 1, {key: values[n] for key, values in columns.items()})
    if finished:
        yield "event", _build_event(baseline, 2, {"dcm_roll": -1.0, "xafs_x": 99.0})
        yield "stop", {"uid": str(uuid.uuid4()), "run_start": uid, "time": EPOCH + 1, "exit_status": "success"}


def _build_descriptor(uid: str, run: str, name: str, columns: dict[str, Any]) -> dict[str, Any]:
    """Describe columns: those whose values are lists are arrays."""
    about: dict[str, Any] = {}
    for key, values in columns.items():
        is_array = len(values) > 0 and isinstance(values[0], list)
        shape = [len(values[0])] if is_array else []
        about[key] = {"dtype": "array" if is_array else "number", "shape": shape, "source": "test"}
    return {"uid": uid, "run_start": run, "time": EPOCH, "name": name, "data_keys": about}


def _build_event(descriptor: str, sequence: int, data: dict[str, float]) -> dict[str, Any]:
    return {
        "uid": str(uuid.uuid4()),
        "descriptor": descriptor,
        "seq_num": sequence,
        "time": EPOCH + sequence,
        "data": data,
        "timestamps": dict.fromkeys(data, EPOCH),
    }


def generate_session(rng: random.Random, length: int) -> list[Entry]:
    """Return a session of scans of all kinds, hinted or not, ended or not, with stray runs between them."""
    entries: list[Entry] = []
    while len(entries) < length:
        chosen = rng.choice(
            [
                _generate_linescan,
                _generate_timescan,
                _generate_areascan,
                _generate_xafs,
                _generate_align_wheel,
                _generate_glancing_angle,
                _generate_xrf,
                _generate_single_message,
                _generate_stray_run,
                _generate_housekeeping,
            ]
        )
        entries.extend(chosen(rng))
    return entries[:length]


def _generate_columns(rng: random.Random, n: int, *keys: str) -> dict[str, list[float]]:
    return {key: [rng.uniform(0.1, 9.0) for _ in range(n)] for key in keys}


def _generate_linescan(rng: random.Random) -> Iterator[Entry]:
    motor = rng.choice(["xafs_x", "xafs_y", "dcm_roll"])
    yield "bmm", {"linescan": "start", "motor": motor, "detector": rng.choice(["it", "I0", "Xs"])}
    if rng.random() < 0.2:
        yield from _generate_stray_run(rng)
    if rng.random() < 0.9:
        hint = rng.choice([None, f"linescan It {motor}", f"rectanglescan It {motor} negated"])
        columns = _generate_columns(rng, rng.randint(0, 8), motor, "I0", "It")
        yield from build_run_documents(hint=hint, motors=[motor], columns=columns, finished=rng.random() < 0.9)
    yield from _generate_end(rng, "linescan")


def _generate_timescan(rng: random.Random) -> Iterator[Entry]:
    yield "bmm", {"timescan": "start", "detector": "it"}
    hint = rng.choice([None, "timescan It"])
    yield from build_run_documents(
        hint=hint, motors=None, columns=_generate_columns(rng, rng.randint(0, 6), "I0", "It")
    )
    yield from _generate_end(rng, "timescan")


def _generate_areascan(rng: random.Random) -> Iterator[Entry]:
    steps = {"slow_steps": rng.randint(1, 3), "fast_steps": rng.randint(1, 3)}
    yield "bmm", {**AREASCAN, **steps, "detector": rng.choice(["if", "It", "I0"])}
    if rng.random() < 0.2:
        yield from _generate_stray_run(rng)
    hint = rng.choice([None, "areascan It xafs_y xafs_x True False 7200"])
    columns = _generate_columns(rng, rng.randint(0, 10), "xafs_x", "xafs_y", "I0", "It", "Fe1")
    yield from build_run_documents(hint=hint, motors=["xafs_y", "xafs_x"], columns=columns, finished=rng.random() < 0.9)
    yield from _generate_end(rng, "areascan")


def _generate_align_wheel(rng: random.Random) -> Iterator[Entry]:
    """Yield what `find_slot` sends: line scans and `resting_state` between the results, `close: all` before the end."""
    if rng.random() < 0.9:
        yield "bmm", {"align_wheel": "start"}
    for motor in ("xafs_y", "xafs_x")[: rng.randint(0, 2)]:
        if rng.random() < 0.5:
            yield from _generate_linescan(rng)
        yield "bmm", {"close": "last"}
        yield "bmm", {"align_wheel": "find_slot", "motor": motor, **CURVE, "center": 2.5, "amplitude": 0.31}
        yield "bmm", {"resting_state": True}
    if rng.random() < 0.8:
        yield "bmm", {"close": "all"}
        yield "bmm", {"align_wheel": rng.choice(["stop", "end"])}


def _generate_glancing_angle(rng: random.Random) -> Iterator[Entry]:
    yield "bmm", {"glancing_angle": "start", "filename": "/p/c/s/snapshots/a.png"}
    told = {"motor": "xafs_y", **CURVE, "center": 2.5, "amplitude": 0.31, "spinner": 3}
    for action in rng.sample(["linear", "pitch", "fluo"], rng.randint(0, 3)):
        yield "bmm", {"close": "last"}
        yield "bmm", {"glancing_angle": action, **told}
    if rng.random() < 0.8:
        yield "bmm", {"glancing_angle": "stop"}


def _generate_xrf(rng: random.Random) -> Iterator[Entry]:
    spectra = {"4-element SDD_channel01_xrf": [[rng.randint(0, 9) for _ in range(4)]], "I0": [1.0]}
    documents = list(build_run_documents(hint=None, motors=None, columns=spectra))
    yield from documents
    yield "bmm", {"xrf": rng.choice(["plot", "write"]), "uid": documents[0][1]["uid"], "filename": "x"}
    if rng.random() < 0.3:
        yield "bmm", {"xrfat": "start", "uid": rng.choice([documents[0][1]["uid"], "unknown"]), "energy": [-1]}


def _generate_single_message(rng: random.Random) -> Iterator[Entry]:
    wafer = {"wafer": "edge", "motor": "xafs_x", **CURVE, "center": 3.4, "amplitude": 0.2}
    curve = {"found": [1.0, 2.0], "ee": [1.0, 2.0], "tt": [2.0, 1.0]}
    calibration = {"mono_calibration": True, **curve, "mono": "111", "dspacing": [3.1, None], "offset": [0.0, None]}
    yield "bmm", rng.choice([wafer, calibration])


def _generate_xafs(rng: random.Random) -> Iterator[Entry]:
    repetitions = rng.randint(1, 3)
    start = {"element": "Fe", "edge": "K", "mode": "transmission", "filename": "f", "repetitions": repetitions}
    yield "bmm", {"xafsscan": "start", **start}
    for count in range(1, repetitions + 1):
        yield "bmm", {"xafsscan": "next", "count": count}
        if rng.random() < 0.1:
            yield from _generate_stray_run(rng)
        hint = rng.choice([None, "xafs transmission"])
        columns = _generate_columns(rng, rng.randint(0, 6), "dcm_energy", "I0", "It", "Ir", "dwti_dwell_time")
        more = {"BMM_kafka": {"count": count}} if hint else {}
        motors = rng.choice([None, ["dcm_energy", "dwti_dwell_time"]])
        yield from build_run_documents(
            hint=hint, motors=motors, columns=columns, start=more, finished=rng.random() < 0.9
        )
    yield from _generate_end(rng, "xafsscan")


def _generate_end(rng: random.Random, kind: str) -> Iterator[Entry]:
    if rng.random() < 0.8:
        yield "bmm", {kind: rng.choice(["stop", "end"])}
    if rng.random() < 0.7:
        yield "bmm", {"resting_state": True}


def _generate_stray_run(rng: random.Random) -> Iterator[Entry]:
    hint = rng.choice([None, "areascan It x y False False 7200", "count"])
    yield from build_run_documents(hint=hint, motors=rng.choice([None, ["m"]]), columns=_generate_columns(rng, 2, "I0"))


def _generate_housekeeping(rng: random.Random) -> Iterator[Entry]:
    yield (
        "bmm",
        rng.choice([{"close": "last"}, {"close": "line"}, {"close": "all"}, {"mkdir": "/x"}, {"resting_state": True}]),
    )
