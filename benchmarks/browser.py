"""Measure the browser view with a real Kafka: `python -m benchmarks.browser` (Chromium, Java; a few minutes).

Measured are the time from a produced document to its point drawn in the page, the cost of twenty viewers, memory with
pages that open and close, and memory with the points of an hour. The measured page runs in Chromium; further viewers
use Bokeh's protocol and draw nothing.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from confluent_kafka.admin import AdminClient, NewTopic
from playwright.sync_api import Page, sync_playwright

from helpers.browser import find_free_port
from helpers.kafka_server import KafkaServer
from helpers.processes import Station
from helpers.protocol_viewer import ProtocolViewer, run_coroutines
from helpers.streams import build_run_documents

LINE = {"linescan": "start", "motor": "xafs_x", "detector": "it"}
TIME = {"timescan": "start", "detector": "it"}
RATE = 10.0
"""Events per second."""
POINTS = 200
GOAL_SECONDS = 0.1
HOUR = 36_000
HEAD = 4
"""Number of documents before the first point: start, descriptor and reading of the baseline, descriptor."""
PAUSE = threading.Event()

# For each frame: the number of points in the page, and the time at which the browser began to paint the next frame.
WATCH = """() => { window.seen = [];
  const points = () => Math.max(0, ...Bokeh.documents[0].roots()[0].children.flatMap((grid) => grid.children.flatMap(
    ([plot]) => (plot.renderers ?? []).map((one) => one.data_source?.data.x?.length ?? 0))));
  window.xafs.onframe = () => { const n = points();
    requestAnimationFrame(() => window.seen.push([n, performance.timeOrigin + performance.now()])); }; }"""


class WebStation(Station):
    """Worker that is measured."""

    command = ("plot-manager", "--web")

    @property
    def address(self) -> str:
        """Address of the worker's page."""
        return f"http://127.0.0.1:{self.settings.web.port}/"

    def memory(self) -> float:
        """Read the resident memory of the worker, MB."""
        assert self.process is not None
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


@contextmanager
def station() -> Iterator[WebStation]:
    """Run a worker with its own topics on a real Kafka."""
    with tempfile.TemporaryDirectory() as folder:
        kafka = KafkaServer(Path(folder) / "kafka")
        kafka.start()
        admin = AdminClient({"bootstrap.servers": kafka.bootstrap_servers})

        def create(name: str, partitions: int) -> None:
            for future in admin.create_topics([NewTopic(name, partitions, 1)]).values():
                future.result(20)

        web = {"port": find_free_port()}
        made = WebStation(
            Path(folder) / "station", kafka.bootstrap_servers, create, f"b{uuid.uuid4().hex[:8]}", web=web
        )
        made.start()
        try:
            yield made
        finally:
            made.close()
            kafka.stop()


Entries = list[tuple[str, dict[str, Any]]]


def line_run(points: int) -> tuple[Entries, Entries, Entries]:
    """Build the documents of a line scan: before its points, its points, after them."""
    columns = {"xafs_x": [0.1 * i for i in range(points)], "I0": [1.0] * points, "It": [1.0 + i for i in range(points)]}
    return parts(list(build_run_documents(hint=None, motors=["xafs_x"], columns=columns)), points)


def parts(documents: Entries, points: int) -> tuple[Entries, Entries, Entries]:
    """Split the documents of a run at its first and last point."""
    return documents[:HEAD], documents[HEAD : HEAD + points], documents[HEAD + points :]


def paced(station: WebStation, events: Entries) -> list[float]:
    """Publish events at `RATE`; return the time at which each was produced, POSIX seconds."""
    produced, due = [], time.monotonic()
    for event in events:
        PAUSE.wait(max(0.0, due - time.monotonic()))
        due += 1 / RATE
        produced.append(time.time())
        station.put([event])
    return produced


def delays(station: WebStation, page: Page) -> list[float]:
    """Measure the seconds from each produced document to its drawn point."""
    before, events, after = line_run(POINTS)
    station.put([("bmm", LINE), *before])
    page.wait_for_function("document.getElementById('title').textContent.includes('xafs_x')")
    page.evaluate(WATCH)
    produced = paced(station, events)
    page.wait_for_function(f"window.seen.at(-1)?.[0] == {POINTS}")
    seen = page.evaluate("window.seen")
    station.put([*after, ("bmm", {"linescan": "stop"}), ("bmm", {"close": "all"})])
    return [next(at for n, at in seen if n > i) / 1000 - produced[i] for i in range(POINTS)]


@contextmanager
def crowd(address: str, viewers: int) -> Iterator[list[ProtocolViewer]]:
    """Run viewers that acknowledge every frame at once, in a separate thread."""
    onlookers = [ProtocolViewer(address) for _ in range(viewers)]
    leave = threading.Event()

    async def look(one: ProtocolViewer) -> None:
        await one.open()
        task = asyncio.ensure_future(one.draw_until(lambda _: False))
        while not leave.is_set():
            await asyncio.sleep(0.05)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await one.close()

    async def all_of_them() -> None:
        await asyncio.gather(*map(look, onlookers))

    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(lambda: asyncio.run(all_of_them()))
        while not all(one.frames for one in onlookers) and not done.done():
            PAUSE.wait(0.05)
        try:
            yield onlookers
        finally:
            leave.set()
        done.result(20)


def print_quantiles(what: str, values: list[float], unit: str = "ms", scale: float = 1e3) -> None:
    """Print median and 95th percentile."""
    ordered = sorted(values)
    p95 = ordered[int(0.95 * (len(ordered) - 1))]
    print(f"{what:<58} median {scale * statistics.median(values):7.1f} {unit}   p95 {scale * p95:7.1f} {unit}")


def latency(station: WebStation, page: Page) -> float:
    """Print the time from a document to its point, with one viewer and with ten; return the median with one."""
    alone = delays(station, page)
    print_quantiles("document to point drawn, one viewer", alone)
    with crowd(station.address, 9):
        print_quantiles("document to point drawn, ten viewers", delays(station, page))
    return statistics.median(alone)


def twenty(station: WebStation) -> None:
    """Print the load of the server with twenty viewers, and the time of another page to its first frame."""
    before, events, after = line_run(POINTS)
    station.put([("bmm", LINE), *before])
    with crowd(station.address, 20) as onlookers, ThreadPoolExecutor(1) as pool:
        PAUSE.wait(3.0)  # do not measure while the pages open
        began = time.time()
        sending = pool.submit(paced, station, events)
        first: list[float] = []
        ended = sending.result(120)[-1]
        beats = station.received["status"]
        station.wait(lambda: beats[-1]["time"] > ended, "a heartbeat after the last event")
        late = [beat["late_seconds"] for beat in beats if beat["time"] > began + 0.2]
        frames = sum(one.frames for one in onlookers) / len(onlookers)
        print_quantiles("20 viewers, 10 events/s: clock of the server late by", late)
        print(f"{'':<58} at worst {1e3 * max(late):.1f} ms; {frames:.0f} frames a viewer")
        for _ in range(10):
            first += run_coroutines(visit(station.address))
        print_quantiles("another page beside 20 viewers, to its first frame", first)
    station.put([*after, ("bmm", {"linescan": "stop"})])


async def visit(address: str) -> float:
    """Open a page, receive one frame and close it; return the seconds to that frame."""
    onlooker = ProtocolViewer(address)
    await onlooker.open()
    await onlooker.draw_until(lambda one: one.frames >= 1)
    await onlooker.close()
    return onlooker.first or 0.0


def come_and_go(station: WebStation) -> None:
    """Print the memory of the worker while two hundred pages are opened and closed."""
    sizes = []
    for _ in range(5):
        for _ in range(4):
            run_coroutines(*(visit(station.address) for _ in range(10)))
        while (station.poll_topics() or station.received["status"][-1])["viewers"]:
            PAUSE.wait(0.2)
        sizes.append(station.memory())
    print(f"{'memory of the worker after 40, 80, ... 200 pages':<58} " + "  ".join(f"{size:.0f} MB" for size in sizes))


def hour(station: WebStation, page: Page) -> None:
    """Print the memory of the page while the points of one hour are sent without pauses."""
    columns = {"I0": [1.0] * HOUR, "It": [1.0 + (i % 100) for i in range(HOUR)]}
    before, events, _ = parts(list(build_run_documents(hint=None, motors=None, columns=columns)), HOUR)
    station.put([("bmm", TIME), *before])
    client = page.context.new_cdp_session(page)
    sizes = []
    for quarter in range(4):
        station.put(events[quarter * HOUR // 4 : (quarter + 1) * HOUR // 4])
        count = (quarter + 1) * HOUR // 4
        page.wait_for_function(
            "(n) => Bokeh.documents[0].roots()[0].children[0]?.children[0][0].renderers?.[0]"
            "?.data_source.data.x?.length == n",
            arg=count,
            timeout=120_000,
        )
        client.send("HeapProfiler.collectGarbage")
        sizes.append(client.send("Runtime.getHeapUsage")["usedSize"] / 1e6)
    print(
        f"{'memory of the page after 15, 30, 45, 60 min of 10 points/s':<58} "
        + "  ".join(f"{size:.1f} MB" for size in sizes)
    )
    print(f"{'of the worker':<58} {station.memory():.0f} MB")


def main() -> int:
    """Run all measurements; return 1 if the median latency does not reach its goal."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--viewers-only", action="store_true", help="only the measurements that need no browser")
    only_viewers = parser.parse_args().viewers_only
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        print("no Chromium", file=sys.stderr)
        return 2
    print(subprocess.run([chromium, "--version"], capture_output=True, text=True, check=False).stdout.strip())
    with station() as worker, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        median = 0.0
        if not only_viewers:
            page = browser.new_page(viewport={"width": 1280, "height": 800})
            page.goto(worker.address)
            median = latency(worker, page)
            hour(worker, page)
            page.close()
        twenty(worker)
        come_and_go(worker)
        browser.close()
    return 0 if median <= GOAL_SECONDS else 1


if __name__ == "__main__":
    sys.exit(main())
