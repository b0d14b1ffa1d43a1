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

from helpers.browsing import agrees, free_port
from helpers.onlookers import Onlooker, run
from helpers.pages import Tab
from helpers.processes import PATIENCE, TRACED, Station, start_document, wait_until
from helpers.reductions import answered
from helpers.streams import fold, items_of, read_entries, run_documents
from plugins.brokers import Broker
from xafs_workers.figures.figure_builder import figure_of, scans_on_show
from xafs_workers.reduction.process import Reducer

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from plugins.browsers import OpenTab

LINE = {"linescan": "start", "motor": "xafs_x", "detector": "it"}
OFFLINE = ("ERR_CONNECTION_REFUSED", "request failed", "Failed to fetch", "WebSocket connection")
"""What a browser says of a server that is away."""


class WebStation(Station):
    """A browser view that can be killed."""

    command = ("plot-manager", "--web")

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.settings.web.port}/"


@pytest.fixture
def station(tmp_path: Path, broker: Broker) -> Iterator[WebStation]:
    web = {"port": free_port(), "pluck": True}
    made = WebStation(tmp_path, broker.bootstrap_servers, broker.create_topic, f"b{uuid.uuid4().hex[:8]}", web=web)
    yield made
    made.close()


@pytest.fixture
def own_tab(browser: Browser) -> Iterator[Callable[[str], Tab]]:
    """Open pages that may complain."""
    opened: list[Tab] = []

    def _open(address: str) -> Tab:
        opened.append(Tab(browser, address))
        return opened[-1]

    yield _open
    for tab in opened:
        tab.close()


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def line_run(n: int = 3) -> list[tuple[str, dict[str, object]]]:
    columns = {"xafs_x": [float(i) for i in range(n)], "I0": [1.0] * n, "It": [1.0 + i for i in range(n)]}
    return list(run_documents(hint=None, motors=["xafs_x"], columns=columns, start=start_document()))


def test_measured_spectra_arrive_number_by_number(
    station: WebStation, measured: Path, reducer: Reducer, open_tab: OpenTab
) -> None:
    entries = read_entries(measured / "ni2o3.jsonl")
    station.start()
    tab = open_tab(station.address)
    half = len(entries) // 2
    station.put(entries[:half])
    wait_until(lambda: "scan 2 of 3" in tab.page.inner_text("#title"), "the second repetition")
    station.put(entries[half:])
    board = answered(fold(items_of(entries)), reducer)
    live, merged = (figure_of(board, scan) for scan in reversed(scans_on_show(board)))
    assert (live.kind, merged.kind) == ("xafsscan", "xafs_sequence")
    wait_until(lambda: agrees(tab.page, live), "the live plot's numbers")
    tab.page.click("#cards li:nth-child(2) button")
    wait_until(lambda: tab.page.text_content("#title") == merged.title and agrees(tab.page, merged), "the merge")
    station.terminate()
    assert not station.logged_errors()


def test_a_page_comes_back_by_itself_when_the_worker_does(station: WebStation, own_tab: Callable[[str], Tab]) -> None:
    run_of_line = line_run(30)
    station.start()
    tab = own_tab(station.address)
    station.put([("bmm", LINE), *run_of_line[:20]])
    figure = figure_of(board := fold(items_of([("bmm", LINE), *run_of_line[:20]])), board.scans[0])
    wait_until(lambda: agrees(tab.page, figure), "the first points")
    station.kill()
    wait_until(lambda: tab.page.is_visible("#lost"), "the page to tell")
    station.put(run_of_line[20:])
    station.start()
    figure = figure_of(board := fold(items_of([("bmm", LINE), *run_of_line])), board.scans[0])
    wait_until(lambda: agrees(tab.page, figure), "all points")
    assert not tab.page.is_visible("#lost")
    assert [one for one in tab.complaints if not any(sign in one for sign in OFFLINE)] == []


def test_it_shows_and_plucks_and_writes_nothing(station: WebStation) -> None:
    proposals, opened = station.folder / "proposals", station.folder / "opened.txt"
    before = {path: path.stat().st_mtime_ns for path in (proposals, *proposals.rglob("*"))}
    command = [sys.executable, "-c", TRACED, str(opened), "plot-manager", "--web", "--config", str(station.config)]
    with (station.folder / "worker-0.log").open("wb") as stream:
        station.process = subprocess.Popen(command, stderr=stream, stdout=stream)
    station.wait(lambda: any(beat["worker"] == "web" for beat in station.heard["status"]), "the first heartbeat")
    station.put([("bmm", LINE), *line_run(), ("bmm", {"mkdir": str(proposals / "x")})])
    station.wait(lambda: station.heard["status"][-1]["messages"] >= 2, "all messages to be read")

    async def look_and_click() -> None:
        onlooker = Onlooker(station.address)
        await onlooker.open()
        await onlooker.look(lambda one: one.frames >= 1)
        await onlooker.say(click={"panel": "nowhere", "x": 7.0, "y": 2.0})
        await onlooker.say(click={"panel": "signal", "x": 1.5, "y": 2.0})
        await onlooker.close()

    run(look_and_click())
    station.wait(lambda: any("click" in answer for answer in station.heard["answer"]), "the click")
    (answer,) = [answer for answer in station.heard["answer"] if "click" in answer]
    assert (answer["click"]["motor"], answer["click"]["position"]) == ("xafs_x", 1.5)
    station.terminate()
    assert {path: path.stat().st_mtime_ns for path in (proposals, *proposals.rglob("*"))} == before
    assert [path for path in opened.read_text().splitlines() if str(proposals) in path] == []
    assert station.heard["dead-letter"] == []
    assert not station.logged_errors()


def nowhere(folder: Path) -> str:
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
def test_what_is_wrong_is_said_at_the_start(tmp_path: Path, web: str, reason: str) -> None:
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


def test_without_a_broker_pages_say_what_is_waited_for(tmp_path: Path, open_tab: OpenTab) -> None:
    config, port = tmp_path / "config.yaml", free_port()
    config.write_text(f"{{{nowhere(tmp_path)}}}")
    command = [sys.executable, "-m", "xafs_workers", "plot-manager", "--web", "--port", str(port)]
    with subprocess.Popen([*command, "--config", str(config)], stderr=subprocess.PIPE, text=True) as process:
        wait_until(lambda: listens(port), "the server")
        tab = open_tab(f"http://127.0.0.1:{port}/")
        wait_until(lambda: "waiting for the broker" in tab.page.inner_text("#connection"), "the page to say so")
        tab.close()
        process.terminate()
        assert process.wait(PATIENCE) == 0
        assert process.stderr is not None
        assert "Traceback" not in process.stderr.read()
