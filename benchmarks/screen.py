"""Measure the on-screen plot manager: `python -m benchmarks.screen [NAME ...]` (Xvfb, openbox, Java; minutes).

The worker runs as a process under Xvfb with a real Kafka. Measured are the time from a document produced to its point
painted, for every frame from the first on, the processor time of the worker, its memory with many tabs, and the time
until it is live. Processor time counts beside wall time because other work of the machine does not change it.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from confluent_kafka.admin import AdminClient, NewTopic

from benchmarks.feeds import LINE_START, Document_, Run, line_scan, repetition, xafs_start
from helpers.display import Display
from helpers.kafka_server import KafkaServer
from helpers.processes import Station
from xafs_workers.frontends.screen.window_geometry import WindowGeometry, write_geometry

PAUSE = threading.Event()
SIZE = (1600, 1100)
"""Size of the display, pixels; the window takes it all but for the frame."""
LARGE_SIZE = (1900, 1000)
SETTLING = 5.0
"""Time after which a worker that is live has also loaded the tables of the elements, seconds."""
TABS = 50
EARLY = 30
"""Number of frames that are also reported alone: a figure that has just begun changes its limits most often."""
BOUNDS = {"XDI": {"_user": {"bounds": "-212 -30 30 788", "e0": 7112.0}}}
"""Metadata from which the range of the synthetic repetitions is known."""
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass
class WatchedWorker:
    """Screen worker on a display, with the log of its frames.

    Attributes
    ----------
    started_at
        Time at which the process was started, POSIX seconds.
    """

    station: Station
    log: Path
    started_at: float
    frames: list[dict[str, Any]] = field(default_factory=list)

    @property
    def pid(self) -> int:
        """Process id."""
        assert self.station.process is not None
        return self.station.process.pid

    def read_frames(self) -> list[dict[str, Any]]:
        """Read the lines of the log."""
        return [json.loads(line) for line in self.log.read_text().splitlines() if line.endswith("}")]

    def wait_for_frame(self, condition: Callable[[list[dict[str, Any]]], bool], what: str) -> list[dict[str, Any]]:
        """Wait until the lines of the log fulfil a condition; return them."""
        self.station.wait(lambda: condition(self.read_frames()), what)
        return self.read_frames()

    def measure_cpu(self) -> dict[str, float]:
        """Return the processor time so far of the window's thread, of Kafka's client and of other threads, seconds."""
        found = {"window": 0.0, "Kafka's client": 0.0, "other threads": 0.0}
        for path in Path(f"/proc/{self.pid}/task").glob("*/stat"):
            try:
                name, _, rest = path.read_text().partition("(")[2].rpartition(")")
            except (FileNotFoundError, ProcessLookupError):
                continue
            place = "Kafka's client" if name.startswith("rdk:") else "other threads"
            fields = rest.split()
            place = "window" if path.parent.name == str(self.pid) else place
            found[place] += (int(fields[11]) + int(fields[12])) / TICKS
        return found

    def measure_memory(self) -> float:
        """Return the resident memory of the worker, MB."""
        return int(Path(f"/proc/{self.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6

    def list_children(self) -> dict[int, float]:
        """Return the memory of each child process, MB."""
        found = Path(f"/proc/{self.pid}/task").glob("*/children")
        pids = [int(pid) for path in found for pid in path.read_text().split()]
        return {pid: int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096 / 1e6 for pid in pids}


@contextmanager
def open_worker(kafka: KafkaServer, size: tuple[int, int] = SIZE) -> Iterator[WatchedWorker]:
    """Run a screen worker with its own topics on a display of its own."""
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap_servers})

    def create(name: str, partitions: int) -> None:
        for future in admin.create_topics([NewTopic(name, partitions, 1)]).values():
            future.result(20)

    with tempfile.TemporaryDirectory() as folder:
        display = Display(size)
        log = Path(folder) / "frames.jsonl"
        log.touch()
        station = Station(Path(folder) / "station", kafka.bootstrap_servers, create, f"b{uuid.uuid4().hex[:8]}")
        write_geometry(station.folder / "state" / "screen" / "place.json", WindowGeometry(0.0, 0.02, 1.0, 0.96))
        station.program = ("-m", "benchmarks.watched_screen", str(log))
        station.command = ("plot-manager", "--screen")
        environment = dict(os.environ)
        os.environ.update(display.environment)
        started_at = time.time()
        station.start(ready=False)
        os.environ.clear()
        os.environ.update(environment)
        made = WatchedWorker(station, log, started_at)
        try:
            made.wait_for_frame(lambda lines: any("live_at" in line for line in lines), "the worker to be live")
            PAUSE.wait(SETTLING)
            yield made
        finally:
            station.close()
            display.close()


def send_paced(worker: WatchedWorker, events: list[Document_], rate: float) -> list[float]:
    """Publish events at a rate, 1/s; return the time at which each was produced, POSIX seconds."""
    produced, due = [], time.monotonic()
    for event in events:
        PAUSE.wait(max(0.0, due - time.monotonic()))
        due += 1 / rate
        produced.append(time.time())
        worker.station.put([event])
    return produced


def add_to_start(run: Run, **more: Any) -> Run:
    """Add entries to the start document of a run."""
    (name, start), *rest = run.head
    return Run([(name, {**start, **more}), *rest], run.events, run.tail)


def print_row(what: str, values: list[float], more: str = "") -> None:
    """Print the 50th, 90th and 99th percentile and the maximum, ms."""
    ordered = sorted(values)
    p50, p90, p99 = (ordered[min(len(ordered) - 1, int(part * len(ordered)))] for part in (0.5, 0.9, 0.99))
    print(
        f"{what:<44} p50 {1e3 * p50:7.1f}  p90 {1e3 * p90:7.1f}  p99 {1e3 * p99:7.1f}  max {1e3 * ordered[-1]:7.1f} ms"
        f"   {more}",
        flush=True,
    )


def measure_run(worker: WatchedWorker, what: str, run: Run, rate: float, before: list[Document_]) -> None:
    """Publish a run and print the delays of its points, the redraws and the share of a processor core."""
    worker.station.put([*before, *run.head])
    PAUSE.wait(1.0)
    known, cpu, began = len(worker.read_frames()), worker.measure_cpu(), time.monotonic()
    produced = send_paced(worker, run.events, rate)
    used, seconds = worker.measure_cpu(), time.monotonic() - began
    shares = {name: 100 * (used[name] - cpu[name]) / seconds for name in used}
    lines = worker.wait_for_frame(
        lambda lines: any(line.get("points") == len(produced) for line in lines[known:]), "the last point"
    )[known:]
    frames = [line for line in lines if "points" in line]
    delays = [next(f["shown_at"] for f in frames if f["points"] > n) - produced[n] for n in range(len(produced))]
    counts = Counter(frame["redraw"] for frame in frames)
    cost = sorted(1e3 * frame["drawn_cpu"] for frame in frames)
    p50, p99 = cost[len(cost) // 2], cost[int(0.99 * len(cost))]
    print_row(what, delays)
    kinds = ", ".join(f"{number} {name}" for name, number in counts.items())
    print(
        f"  {len(frames)} frames: {kinds}; drawing, processor time: p50 {p50:.1f} p99 {p99:.1f} max {cost[-1]:.1f} ms"
    )
    print(f"  {sum(shares.values()):.1f} % of a core: "
          + ", ".join(f"{name} {share:.1f} %" for name, share in shares.items()), flush=True)  # fmt: skip
    print_row(f"  its first {EARLY} points", delays[:EARLY])
    worker.station.put(run.tail)


def measure_line(kafka: KafkaServer) -> None:
    """Line scans of 400 points, 20 events/s: one whose start document holds its range, and one without."""
    args = {"plan_pattern_args": {"num": 400, "args": ["Axis(name='xafs_x')", -5.0, 5.0]}}
    with open_worker(kafka) as worker:
        for number, more, what in ((1, {}, "range not known"), (2, args, "range known")):
            run = add_to_start(line_scan(400, number), **more)
            measure_run(worker, f"line scan, {what}, 20/s", run, 20.0, [("bmm", LINE_START)])
            worker.station.put([("bmm", {"linescan": "stop"})])


def measure_xafs(kafka: KafkaServer) -> None:
    """Two repetitions in the 2x2 panels of fluorescence, 20 events/s, and one at 100 events/s."""
    with open_worker(kafka) as worker:
        start = [("bmm", xafs_start(3)), ("bmm", {"xafsscan": "next", "count": 1})]
        measure_run(worker, "XAFS 2x2, repetition 1, 20/s", add_to_start(repetition(1), **BOUNDS), 20.0, start)
        for count, rate in ((2, 20.0), (3, 100.0)):
            more = [("bmm", {"xafsscan": "next", "count": count})]
            measure_run(worker, f"XAFS 2x2, repetition {count}, {rate:.0f}/s", repetition(count), rate, more)


def measure_share(kafka: KafkaServer) -> None:
    """The share of a core at 10 XAFS events/s."""
    with open_worker(kafka) as worker:
        start = [("bmm", xafs_start(2)), ("bmm", {"xafsscan": "next", "count": 1})]
        measure_run(worker, "XAFS 2x2, repetition 1, 10/s", add_to_start(repetition(1, 200), **BOUNDS), 10.0, start)
        more: list[Document_] = [("bmm", {"xafsscan": "next", "count": 2})]
        measure_run(worker, "XAFS 2x2, repetition 2, 10/s", repetition(2, 200), 10.0, more)


def measure_repetitions(kafka: KafkaServer) -> None:
    """The first frames of repetitions 2, 10, 50 and 100."""
    with open_worker(kafka) as worker:
        worker.station.put([("bmm", xafs_start(100))])
        for count in range(1, 101):
            run = repetition(count)
            if count not in (2, 10, 50, 51, 100):
                worker.station.put([("bmm", {"xafsscan": "next", "count": count}), *run.all])
                continue
            worker.wait_for_frame(lambda _, count=count: _is_drawn(worker, count - 1), "the earlier repetitions")
            PAUSE.wait(1.0)
            measure_run(
                worker,
                f"first points of repetition {count}",
                Run(run.head, run.events[:3], [*run.events[3:], *run.tail]),
                2.0,
                [("bmm", {"xafsscan": "next", "count": count})],
            )


def _is_drawn(worker: WatchedWorker, count: int) -> bool:
    """Check whether a repetition is drawn to its end."""
    frames = [line for line in worker.read_frames() if "points" in line]
    return bool(frames) and f"scan {count} of" in frames[-1]["title"] and frames[-1]["points"] == 400


def measure_tabs(kafka: KafkaServer) -> None:
    """Memory with fifty tabs in a large window, and with one."""
    with open_worker(kafka, LARGE_SIZE) as worker:
        sizes = []
        for number in range(1, TABS + 1):
            run = line_scan(20, number)
            worker.station.put([("bmm", LINE_START), *run.all, ("bmm", {"linescan": "stop"})])
            worker.wait_for_frame(
                lambda lines, number=number: len({line["figure"] for line in lines if "figure" in line}) == number,
                "the figure",
            )
            PAUSE.wait(0.1)
            sizes.append(worker.measure_memory())
        print(f"memory with 1, 10, {TABS} tabs at {LARGE_SIZE[0]}x{LARGE_SIZE[1]}: "
              f"{sizes[0]:.0f}, {sizes[9]:.0f}, {sizes[-1]:.0f} MB", flush=True)  # fmt: skip
        print(f"its processes for the reduction, MB: {worker.list_children()}", flush=True)


def measure_start(kafka: KafkaServer) -> None:
    """The time until the worker is live, five starts."""
    times, costs = [], []
    for _ in range(5):
        with open_worker(kafka) as worker:
            times.append(next(line["live_at"] for line in worker.read_frames() if "live_at" in line))
            times[-1] -= worker.started_at
            costs.append(sum(worker.measure_cpu().values()))
    print_row("start of the process to live", times, f"processor time {', '.join(f'{cost:.1f}' for cost in costs)} s")


MEASUREMENTS = (measure_start, measure_line, measure_xafs, measure_share, measure_repetitions, measure_tabs)


def main() -> int:
    """Run the measurements that are named, else all."""
    names = {measure.__name__.removeprefix("measure_"): measure for measure in MEASUREMENTS}
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*names, []], help="default: all")
    chosen = parser.parse_args().names or list(names)
    with tempfile.TemporaryDirectory() as folder:
        kafka = KafkaServer(Path(folder) / "kafka")
        kafka.start()
        for name in chosen:
            print(f"load of the machine {os.getloadavg()[0]:.1f}", flush=True)
            names[name](kafka)
        kafka.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
