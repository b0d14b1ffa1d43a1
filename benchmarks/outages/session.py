"""A recorded whole session, and its entries with the times of one replay."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from xafs_workers.recording.json_codec import from_json, to_json
from xafs_workers.recording.rewrite import map_text
from xafs_workers.wire import decode, encode

FOLDER = "/recorded"
"""Proposals root of the recording; each replay has its own."""
LENGTH = 60.0
"""Length of the session, seconds: the simulated beamline measures without pauses, and its times are scaled to this."""
SEED = 2026


@dataclass(frozen=True)
class SessionEntry:
    """One record of a session.

    Attributes
    ----------
    seconds
        Record time since the beginning of the session.
    run
        Uid of the run, which is the key of a document; '' for a message.
    skew
        By how much the sender's clock is ahead, seconds: it changes the stamp of the record, not when it is sent.
    """

    seconds: float
    name: str
    body: dict[str, Any]
    run: str
    skew: float = 0.0

    @property
    def is_message(self) -> bool:
        """Whether this is a control message."""
        return self.name == "bmm"


@dataclass(frozen=True)
class RecordedSession:
    """Session with the POSIX time of its beginning."""

    began: float
    entries: tuple[SessionEntry, ...]

    @property
    def message_ids(self) -> tuple[str, ...]:
        """Ids of the messages, in order."""
        return tuple(entry.body["message_id"] for entry in self.entries if entry.is_message)

    @property
    def seconds(self) -> float:
        """Length of the session."""
        return self.entries[-1].seconds

    def place(self, root: Path, began: float, stretch: Callable[[float], float] = float) -> tuple[SessionEntry, ...]:
        """Return the entries with the paths and times of a replay.

        Parameters
        ----------
        root
            Proposals root of the replay.
        began
            POSIX time at which the replay begins.
        stretch
            Returns the time since the beginning, s, for that of the recording: it may insert pauses.
        """

        def move(moment: float) -> float:
            return round(began + stretch(moment - self.began), 6)

        return tuple(
            SessionEntry(stretch(one.seconds), one.name, _move_times(_move_paths(one.body, root), move), one.run)
            for one in self.entries
        )

    def skew_documents(self, entries: tuple[SessionEntry, ...], seconds: float) -> tuple[SessionEntry, ...]:
        """Return the entries with documents whose sender's clock is ahead by so many seconds."""
        return tuple(
            one
            if one.is_message
            else replace(one, body=_move_times(one.body, lambda moment: moment + seconds), skew=seconds)
            for one in entries
        )


def load_session(path: Path) -> RecordedSession:
    """Read a recorded session, and record it first where the file does not exist."""
    if not path.exists():
        _save(path, _record_session())
    head, *rest = [json.loads(line, object_hook=from_json) for line in path.read_text().splitlines()]
    return RecordedSession(head["began"], tuple(SessionEntry(**one) for one in rest))


def _record_session() -> list[tuple[float, str, dict[str, Any]]]:
    """Measure everything that the simulated beamline can, with files made, copied and posted between."""
    from xafs_workers.demo.simulated_session import _iter_plans
    from xafs_workers.simulation.beamline import Beamline, SimulationSetup
    from xafs_workers.simulation.metadata import Proposal

    entries: list[tuple[float, str, dict[str, Any]]] = []

    def send(message: Any) -> None:
        entries.append((time.time(), "bmm", {**message, "message_id": f"message {len(entries)}"}))

    def publish(name: str, document: dict[str, Any]) -> None:
        entries.append((time.time(), *decode(encode(name, document))))  # as workers get it

    setup = SimulationSetup(send, publish, FOLDER, Proposal(), 0.0, SEED)
    with Beamline(setup) as beamline:
        for message in _list_housekeeping(beamline.folder):
            send(message)
        for _, plan in _iter_plans(beamline):
            beamline.run(plan)
        send({"echoslack": True, "text": "a picture", "img": f"{beamline.folder}/snapshots/slot_x.png", "rid": None})
    return entries


def _list_housekeeping(folder: str) -> Iterator[dict[str, Any]]:
    yield {"mkdir": f"{folder}/notes"}
    yield {"touch": f"{folder}/notes/empty.txt"}
    yield {"copy": True, "file": f"{folder}/given.ini", "target": f"{folder}/notes"}
    yield {"logger": "start", "folder": folder}
    yield {"logger": "entry", "text": "the session begins"}


def _save(path: Path, entries: list[tuple[float, str, dict[str, Any]]]) -> None:
    began, first = float(math.floor(entries[0][0])), entries[0][0]
    factor = LENGTH / (entries[-1][0] - first)

    def stretch(moment: float) -> float:
        return began + factor * (moment - first)

    lines, run = [{"began": began}], ""
    last = 0.0
    for moment, name, body in entries:
        run = body["uid"] if name == "start" else run
        last = round(max(last + 0.001, stretch(moment) - began), 3)  # a plan's records are a millisecond apart at least
        key = "" if name == "bmm" else run
        lines.append({"seconds": last, "name": name, "body": to_json(_move_times(body, stretch)), "run": key})
    part = path.with_suffix(".part")
    part.write_text("".join(json.dumps(line) + "\n" for line in lines))
    part.rename(path)


def _move_paths(body: dict[str, Any], root: Path) -> dict[str, Any]:
    return map_text(body, lambda text: text.replace(FOLDER, str(root), 1) if text.startswith(FOLDER) else text)


def _move_times(body: dict[str, Any], move: Callable[[float], float]) -> dict[str, Any]:
    """Change the times of a document: its own, and those of its readings."""
    changed = dict(body)
    if isinstance(body.get("time"), float):
        changed["time"] = move(body["time"])
    if isinstance(body.get("timestamps"), dict):
        changed["timestamps"] = {key: move(moment) for key, moment in body["timestamps"].items()}
    return changed
