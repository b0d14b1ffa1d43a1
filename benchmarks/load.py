"""Load the workers' processes through a real Kafka: `python -m benchmarks.load CASE` (Java).

`events`: events at a rate; `backlog`: records that wait when the workers start; `messages`: many messages of each
kind; `week`: scans and sequences as fast as they are done, on request with a kill at an interval. Printed are the
answers, the longest time between two heartbeats, and for each worker its means over the four quarters of the time.
"""

from __future__ import annotations

import argparse
import itertools
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from benchmarks.feeds import Document_, Run, line_scan, repetition, xafs_start
from benchmarks.watched_workers import WatchedWorkers, produce, run_workers, summarize
from xafs_workers.messages.base import kinds

MESSAGE_PATIENCE = 30.0
"""How long a message without its documents is waited for in the case `messages`, seconds; else it would be an hour."""

PLACE = {"data_session": "pass-123456", "cycle": "2026-3"}


def build_line_scan(number: int, points: int) -> Iterator[Document_]:
    """Build a line scan with its messages, its data file and its picture."""
    one = _place(line_scan(points, number), number, plan_name="rel_scan linescan xafs_x It")
    uid = one.head[0][1]["uid"]
    yield "bmm", {"linescan": "start", "motor": "xafs_x", "detector": "it"}
    yield from one.all
    yield "bmm", {"linescan": "stop", "uid": uid, "fname": f"line-{number:05d}.png"}
    yield "bmm", {"lsxdi": True, "uid": uid, "filename": f"line.{number:05d}"}
    yield "bmm", {"resting_state": True}


def build_sequence(number: int, repetitions: int, points: int) -> Iterator[Document_]:
    """Build an XAFS sequence with its messages, files and pictures, as a plan sends it."""
    name, first = f"sample-{number:04d}", f"{1000 * number + 1:08d}-run"
    yield "bmm", {"close": "all"}
    yield (
        "bmm",
        {"xafs_sequence": "start", "element": "Fe", "edge": "K", "mode": "transmission", "repetitions": repetitions},
    )
    yield "bmm", {**xafs_start(repetitions), "mode": "transmission", "fluo_detector": None, "filename": name}
    for count in range(1, repetitions + 1):
        yield "bmm", {"xafsscan": "next", "count": count}
        xdi = {
            "Element": {"symbol": "Fe", "edge": "K"},
            "Mono": {"d_spacing": "3.1356"},
            "Sample": {"name": "iron foil"},
            "_mode": ["transmission"],
        }
        one = _place(repetition(count, points), 1000 * number + count, XDI=xdi, plan_name="scan_nd xafs transmission")
        uid = one.head[0][1]["uid"]
        yield from one.all
        yield "bmm", {"xafs_sequence": "add", "uid": uid}
        yield "bmm", {"xasxdi": True, "uid": uid, "filename": f"{name}.{count:03d}"}
    yield "bmm", {"xafsscan": "stop", "uid": first, "filename": f"snapshots/{name}_liveplot.png"}
    yield "bmm", {"xafs_sequence": "stop", "filename": f"snapshots/{name}.png"}
    yield "bmm", {"resting_state": True}


def _place(one: Run, number: int, **more: Any) -> Run:
    """Give a run the ids and the folder of one measurement."""
    uid, stream = f"{number:08d}-run", f"{number:08d}-stream"
    ids = {"uid": uid, "descriptor": stream, "run_start": uid}

    def rename(name: str, body: dict[str, Any]) -> Document_:
        changed = {key: ids[key] for key in ("descriptor", "run_start") if key in body}
        if name == "start":
            hint = {**body.get("BMM_kafka", {})} | ({"hint": "xafs transmission"} if "BMM_kafka" in body else {})
            changed = {"uid": uid, "scan_id": number, **PLACE, **more} | ({"BMM_kafka": hint} if hint else {})
        if name == "descriptor":
            changed["uid"] = stream
        if name == "event":
            changed["uid"] = f"{uid}-{body['seq_num']}"
        return name, {**body, **changed}

    return Run(*([rename(*entry) for entry in part] for part in (one.head, one.events, one.tail)))


def send_events(workers: WatchedWorkers, rate: float, seconds: float, points: int) -> None:
    """Send events at a rate, in scans of so many points; the workers' lag is printed at the end."""
    workers.start()
    _wait_for_workers(workers)
    entries = (entry for number in itertools.count(1) for entry in build_line_scan(number, points))
    began, sent, worst = time.monotonic(), 0, 0
    while (passed := time.monotonic() - began) < seconds:
        due = int(rate * passed) - sent
        sent += produce(workers, itertools.islice(entries, max(due, 0)))
        _look(workers)
        for name in workers.processes:
            worst = max(worst, (workers.find_beat(name) or {"behind": 0})["behind"])
    print(f"{sent} records in {seconds:.0f} s ({sent / seconds:.0f}/s); at most {worst} unread at a heartbeat")
    _wait_until_idle(workers, sent)
    print(f"all read {time.monotonic() - began - seconds:.1f} s after the last record")


def read_backlog(workers: WatchedWorkers, records: int) -> None:
    """Start the workers with records that wait; they had stored their offsets before."""
    workers.start()
    _wait_for_workers(workers)
    produce(workers, build_line_scan(0, 10))
    _wait_until_idle(workers, 1)
    workers.stop()
    scans = (entry for number in itertools.count(1) for entry in build_line_scan(number, 10_000))
    sent = produce(workers, itertools.islice(scans, records))
    workers.station.flush()
    began = time.monotonic()
    workers.start()
    _wait_until_idle(workers, sent)
    seconds = time.monotonic() - began
    print(f"{sent} records read by both in {seconds:.1f} s ({sent / seconds:.0f}/s)")


def send_messages(workers: WatchedWorkers, count: int, only: str) -> None:
    """Send many messages of each kind and action, one kind after the other; of those whose names match a pattern."""
    workers.start()
    _wait_for_workers(workers)
    sent = 0
    for name, message in sorted(kinds.discover().items()):
        if not fnmatch(name, only):
            continue
        began = time.monotonic()
        for _ in range(0, count, 1000):
            sent += produce(workers, itertools.repeat(("bmm", dict(message.example)), 1000))
            _look(workers)
        _wait_until_idle(workers, sent)
        memory = " ".join(f"{samples[-1].memory:.0f} MB" for samples in workers.samples.values())
        print(f"{name:32s} {time.monotonic() - began:7.1f} s  {memory}", flush=True)


def simulate_week(workers: WatchedWorkers, scans: int, sequences: int, kill_every: float) -> None:
    """Measure scans and sequences as fast as their messages are done."""
    workers.start()
    _wait_for_workers(workers)
    began, due, victims = time.monotonic(), kill_every or float("inf"), itertools.cycle(list(workers.processes))
    every, number = scans // sequences, 0
    expected = 0
    for sequence in range(1, sequences + 1):
        entries = list(build_sequence(sequence, 3, 200))
        for _ in range(every):
            number += 1
            entries += build_line_scan(number, 100)
        expected += sum(name == "bmm" for name, _ in entries)
        produce(workers, entries)
        while sum(workers.answers.values()) < expected - 100:
            _look(workers)
            if time.monotonic() - began > due:
                due += kill_every
                victim = next(victims)
                workers.kill(victim)
                workers.start(victim)
        if not sequence % 25:
            print(f"{sequence} sequences, {number} scans, {time.monotonic() - began:.0f} s", flush=True)
    deadline = time.monotonic() + 3600
    while sum(workers.answers.values()) < expected and time.monotonic() < deadline:
        _look(workers)
    files = sum(path.is_file() for path in (workers.station.folder / "proposals").rglob("*"))
    seconds = time.monotonic() - began
    print(f"{number} scans, {sequences} sequences in {seconds:.0f} s; {workers.starts - 2} kills; {files} files")
    print(f"final answers: {workers.answers}; {expected} messages")


def count_reasons(workers: WatchedWorkers) -> list[tuple[str, int]]:
    """Count the reasons of dead letters and of failed answers, the most frequent first."""
    letters = Counter(f"dead letter: {letter['reason']}" for letter in workers.station.received["dead-letter"])
    return (letters + workers.failures).most_common(20)


def _look(workers: WatchedWorkers) -> None:
    """Read what the workers sent, and take a sample once a second."""
    workers.poll()
    newest = max((samples[-1].time for samples in workers.samples.values() if samples), default=0.0)
    if time.time() - newest >= 1.0:
        workers.take_sample()


def _wait_for_workers(workers: WatchedWorkers) -> None:
    _wait_until_idle(workers, 0)


def _wait_until_idle(workers: WatchedWorkers, records: int) -> None:
    workers.station.flush()
    deadline = time.monotonic() + 3600
    while not workers.is_idle(records):
        _look(workers)
        if time.monotonic() > deadline:
            raise TimeoutError(f"not idle after an hour: {[workers.find_beat(name) for name in workers.processes]}")


def run_case(workers: WatchedWorkers, options: argparse.Namespace) -> None:
    """Run the case that the command line names."""
    if options.case == "events":
        send_events(workers, options.rate, options.seconds, options.points)
    elif options.case == "backlog":
        read_backlog(workers, options.records)
    elif options.case == "messages":
        send_messages(workers, options.count, options.only)
    else:
        simulate_week(workers, options.scans, options.sequences, options.kill_every)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a case and print its table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    cases = parser.add_subparsers(dest="case", required=True)
    events = cases.add_parser("events")
    events.add_argument("--rate", type=float, default=1000.0)
    events.add_argument("--seconds", type=float, default=600.0)
    events.add_argument("--points", type=int, default=2000, help="points of a scan")
    cases.add_parser("backlog").add_argument("--records", type=int, default=1_000_000)
    messages = cases.add_parser("messages")
    messages.add_argument("--count", type=int, default=20_000)
    messages.add_argument("--only", default="*", help="pattern of the names, such as dossier.*")
    week = cases.add_parser("week")
    week.add_argument("--scans", type=int, default=2000)
    week.add_argument("--sequences", type=int, default=500)
    week.add_argument("--kill-every", type=float, default=0.0, help="seconds; 0: no kills")
    options = parser.parse_args(arguments)
    settings = {"patience": {"documents": MESSAGE_PATIENCE}} if options.case == "messages" else {}
    with tempfile.TemporaryDirectory() as folder, run_workers(Path(folder), **settings) as workers:
        with suppress(KeyboardInterrupt):  # what was seen until then is printed
            run_case(workers, options)
        print(f"answers {workers.answers}, dead letters {len(workers.station.received['dead-letter'])}")
        for reason, count in count_reasons(workers):
            print(f"  {count} x {reason}")
        print(f"longest time between two heartbeats: {workers.find_longest_silence():.1f} s")
        for name, samples in workers.samples.items():
            print(name)
            print("\n".join(summarize(samples)), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
