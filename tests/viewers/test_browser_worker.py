"""The browser view as a process: what it shows is what was measured, it comes back by itself, it cannot write."""

from __future__ import annotations

import socket
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from helpers.browser import find_free_port, has_figure_data
from helpers.pages import Tab
from helpers.processes import PATIENCE, TRACED, Station, make_start_document, wait_until
from helpers.protocol_viewer import ProtocolViewer, run_coroutines
from helpers.reductions import answer_requests
from helpers.streams import build_run_documents, fold, read_entries, stamp_entries
from plugins.brokers import Broker
from xafs_workers.figures.figure_builder import build_figure, list_shown_scans
from xafs_workers.reduction.process import Reducer

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from plugins.browsers import OpenTab

LINE = {"linescan": "start", "motor": "xafs_x", "detector": "it"}
OFFLINE = ("ERR_CONNECTION_REFUSED", "request failed", "Failed to fetch", "WebSocket connection")
"""Console messages of a browser whose server is away."""


class WebStation(Station):
    """A browser view that can be killed."""

    command = ("plot-manager", "--web")

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.settings.web.port}/"


@pytest.fixture
def station(tmp_path: Path, broker: Broker) -> Iterator[WebStation]:
    web = {"port": find_free_port(), "pluck": True}
    made = WebStation(tmp_path, broker.bootstrap_servers, broker.create_topic, f"b{uuid.uuid4().hex[:8]}", web=web)
    yield made
    made.close()


@pytest.fixture
def tolerant_tab(browser: Browser) -> Iterator[Callable[[str], Tab]]:
    """Open pages that may complain."""
    opened: list[Tab] = []

    def _open(address: str) -> Tab:
        opened.append(Tab(browser, address))
        return opened[-1]

    yield _open
    for tab in opened:
        tab.close()


def is_listening(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def line_run(n: int = 3) -> list[tuple[str, dict[str, object]]]:
    columns = {"xafs_x": [float(i) for i in range(n)], "I0": [1.0] * n, "It": [1.0 + i for i in range(n)]}
    return list(build_run_documents(hint=None, motors=["xafs_x"], columns=columns, start=make_start_document()))


def test_measured_spectra_arrive_unchanged(
    station: WebStation, measured: Path, reducer: Reducer, open_tab: OpenTab
) -> None:
    entries = read_entries(measured / "ni2o3.jsonl")
    station.start()
    tab = open_tab(station.address)
    half = len(entries) // 2
    station.put(entries[:half])
    wait_until(lambda: "scan 2 of 3" in tab.page.inner_text("#title"), "the second repetition")
    station.put(entries[half:])
    board = answer_requests(fold(stamp_entries(entries)), reducer)
    live, merged = (build_figure(board, scan) for scan in reversed(list_shown_scans(board)))
    assert (live.kind, merged.kind) == ("xafsscan", "xafs_sequence")
    wait_until(
        lambda: tab.page.text_content("#title") == merged.title and has_figure_data(tab.page, merged), "the merge"
    )
    tab.page.click("#cards li:nth-child(1) button")
    wait_until(lambda: has_figure_data(tab.page, live), "the live plot's numbers")
    station.terminate()
    assert not station.read_logged_errors()


def test_a_page_reconnects_when_the_worker_returns(station: WebStation, tolerant_tab: Callable[[str], Tab]) -> None:
    run_of_line = line_run(30)
    station.start()
    tab = tolerant_tab(station.address)
    station.put([("bmm", LINE), *run_of_line[:20]])
    figure = build_figure(board := fold(stamp_entries([("bmm", LINE), *run_of_line[:20]])), board.scans[0])
    wait_until(lambda: has_figure_data(tab.page, figure), "the first points")
    station.kill()
    wait_until(lambda: tab.page.is_visible("#lost"), "the page to tell")
    station.put(run_of_line[20:])
    station.start()
    figure = build_figure(board := fold(stamp_entries([("bmm", LINE), *run_of_line])), board.scans[0])
    wait_until(lambda: has_figure_data(tab.page, figure), "all points")
    assert not tab.page.is_visible("#lost")
    assert [one for one in tab.complaints if not any(sign in one for sign in OFFLINE)] == []


def test_the_browser_worker_shows_clicks_and_writes_no_file(station: WebStation) -> None:
    proposals, opened = station.folder / "proposals", station.folder / "opened.txt"
    before = {path: path.stat().st_mtime_ns for path in (proposals, *proposals.rglob("*"))}
    command = [sys.executable, "-c", TRACED, str(opened), "plot-manager", "--web", "--config", str(station.config)]
    with (station.folder / "worker-0.log").open("wb") as stream:
        station.process = subprocess.Popen(command, stderr=stream, stdout=stream)
    station.wait(lambda: any(beat["worker"] == "web" for beat in station.received["status"]), "the first heartbeat")
    station.put([("bmm", LINE), *line_run(), ("bmm", {"mkdir": str(proposals / "x")})])
    station.wait(lambda: station.received["status"][-1]["messages"] >= 2, "all messages to be read")

    async def look_and_click() -> None:
        onlooker = ProtocolViewer(station.address)
        await onlooker.open()
        await onlooker.draw_until(lambda one: one.frames >= 1)
        await onlooker.send_page_message(click={"panel": "nowhere", "x": 7.0, "y": 2.0})
        await onlooker.send_page_message(click={"panel": "signal", "x": 1.5, "y": 2.0})
        await onlooker.close()

    run_coroutines(look_and_click())
    station.wait(lambda: any("click" in answer for answer in station.received["answer"]), "the click")
    (answer,) = [answer for answer in station.received["answer"] if "click" in answer]
    assert (answer["click"]["motor"], answer["click"]["position"]) == ("xafs_x", 1.5)
    station.terminate()
    assert {path: path.stat().st_mtime_ns for path in (proposals, *proposals.rglob("*"))} == before
    assert [path for path in opened.read_text().splitlines() if str(proposals) in path] == []
    assert station.received["dead-letter"] == []
    assert not station.read_logged_errors()


def build_offline_settings(folder: Path) -> str:
    """Return settings of a worker whose broker is not there."""
    return f"state_directory: {folder}/state, kafka: {{bootstrap_servers: '127.0.0.1:1'}}"


@pytest.mark.parametrize(
    ("web", "reason"),
    [
        ("{port: PORT}", "web.port"),
        ("{token_file: FOLDER/none}", "token_file"),
        ("{token_file: FOLDER/short}", "expected at least 8"),
        ("{origins: ['https://x']}", "without scheme"),
    ],
)
def test_wrong_settings_are_reported_at_the_start(tmp_path: Path, web: str, reason: str) -> None:
    (tmp_path / "short").write_text("abc\n")
    config = tmp_path / "config.yaml"
    with socket.create_server(("127.0.0.1", 0)) as taken:
        web = web.replace("PORT", str(taken.getsockname()[1])).replace("FOLDER", str(tmp_path))
        config.write_text(
            f"{{state_directory: {tmp_path}/state, kafka: {{bootstrap_servers: '127.0.0.1:1'}}, web: {web}}}"
        )
        command = [sys.executable, "-m", "xafs_workers", "plot-manager", "--web", "--config", str(config)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.returncode == 2
    assert reason in done.stderr
    assert "Traceback" not in done.stderr


def test_pages_show_that_they_wait_for_the_broker(tmp_path: Path, open_tab: OpenTab) -> None:
    config, port = tmp_path / "config.yaml", find_free_port()
    config.write_text(f"{{{build_offline_settings(tmp_path)}}}")
    command = [sys.executable, "-m", "xafs_workers", "plot-manager", "--web", "--port", str(port)]
    with subprocess.Popen([*command, "--config", str(config)], stderr=subprocess.PIPE, text=True) as process:
        wait_until(lambda: is_listening(port), "the server")
        tab = open_tab(f"http://127.0.0.1:{port}/")
        wait_until(lambda: "waiting for the broker" in tab.page.inner_text("#connection"), "the page to say so")
        tab.close()
        process.terminate()
        assert process.wait(PATIENCE) == 0
        assert process.stderr is not None
        assert "Traceback" not in process.stderr.read()


def test_the_history_is_there_after_a_restart(station: WebStation, open_tab: OpenTab) -> None:
    """Also a page that was opened for one of its figures."""
    entries = [("bmm", LINE), *line_run(30), ("bmm", {"linescan": "stop"})]
    station.start()
    station.put(entries)
    station.wait(lambda: station.received["status"][-1]["messages"] >= 2, "the scan")
    station.kill()
    station.start()
    wait_until(lambda: is_listening(station.settings.web.port), "the server")
    tab = open_tab(station.address)
    wait_until(lambda: tab.page.locator("#past li").count() == 1, "the history")
    assert tab.page.locator("#cards li").count() == 0
    board = fold(stamp_entries(entries))
    figure = build_figure(board, board.scans[0])
    tab.page.click("#past-box summary")
    tab.page.click("#past li button")
    wait_until(lambda: has_figure_data(tab.page, figure), "the figure")
    wait_until(lambda: "/figure/" in tab.page.evaluate("location.href"), "its address")
    tab.page.goto(tab.page.evaluate("location.href"))
    wait_until(lambda: has_figure_data(tab.page, figure), "the figure by its address")
    station.terminate()
    assert not station.read_logged_errors()
