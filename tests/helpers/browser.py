"""The browser view over a board that a test fills, in a thread of its own; what its pages show; viewers without one."""

from __future__ import annotations

import asyncio
import gc
import socket
import threading
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from helpers import patience
from helpers.processes import wait_until
from helpers.streams import EPOCH, Entry, EntryStamper, fold
from xafs_workers.figures.model import Figure
from xafs_workers.frontends.browser.gallery import Gallery
from xafs_workers.frontends.browser.server import BrowserServer, ListenAddress
from xafs_workers.frontends.browser.viewer import ViewerCallbacks
from xafs_workers.frontends.status import Feed
from xafs_workers.scans.board import Board, BoardItem
from xafs_workers.scans.board_config import BoardConfig

if TYPE_CHECKING:
    from playwright.sync_api import Page

DATA = """() => Object.fromEntries((window.Bokeh?.documents[0]?.roots()[0].children ?? []).flatMap((grid) =>
  grid.children.flatMap(([plot]) => (plot.renderers ?? []).map((one) => [plot.name, one.data_source])
    .filter(([, source]) => source?.name != null)
    .map(([panel, source]) => [panel + "/" + source.name, Object.fromEntries(["x", "y", "image"]
      .filter((name) => name in source.data)
      .map((name) => [name, Array.from(name == "image" ? source.data.image[0] : source.data[name],
        (v) => Number.isNaN(v) ? null : v)]))]))))"""
"""What the page's plots hold: by panel and trace, columns with null for a gap."""


def find_free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class BrowserHarness:
    """A server of pages, and the board behind it."""

    def __init__(self, rules: BoardConfig | None = None, *, pluck: bool = True, **address: Any):
        self._stamper = EntryStamper()
        self.board = Board(rules or BoardConfig())
        self.now, self.last_record, self.waits_for = EPOCH, EPOCH, ""
        self.history, self.is_reading_history = Board(), False
        self.requested_results: list[str] = []
        self.clicks: list[dict[str, Any]] = []
        self._where = ListenAddress(port=find_free_port(), **address)
        self._ports = ViewerCallbacks(self.clicks.append if pluck else None, lambda element, edge: 7112.0)
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        assert self._ready.wait(patience.SECONDS)

    @property
    def address(self) -> str:
        return self.server.url

    def add_entries(self, *entries: Entry) -> None:
        """Apply more entries to the board."""
        self.add_items(self._stamper.stamp(entries))

    def add_items(self, items: Iterable[BoardItem]) -> None:
        self.board = fold(items, self.board)

    def run_in_loop(self, act: Callable[[], Any]) -> Any:
        """Do something in the thread that serves, and return what it gave."""
        done: list[Any] = []
        self.server.loop.add_callback(lambda: done.append(act()))
        wait_until(lambda: bool(done), "the server's thread")
        return done[0]

    def close(self) -> None:
        self.server.stop()
        self._thread.join(20)
        gc.unfreeze()
        assert not self._thread.is_alive()

    def _build_gallery(self) -> Gallery:
        return Gallery(
            lambda: Feed(
                self.board,
                self.waits_for,
                self.last_record,
                0,
                self.history,
                is_reading_history=self.is_reading_history,
            ),
            stale_after=10.0,
            clock=lambda: self.now,
            request_results=self.requested_results.append,
        )

    def _serve(self) -> None:
        asyncio.set_event_loop(asyncio.new_event_loop())
        self.gallery = self._build_gallery()
        self.server = BrowserServer(self.gallery, self._ports, self._where)
        self._ready.set()
        self.server.run()
        self.server.loop.close(all_fds=True)


def read_plotted_data(page: Page) -> dict[str, dict[str, list[float | None]]]:
    """Return what the page's plots hold."""
    return page.evaluate(DATA)


def build_expected_data(figure: Figure) -> dict[str, dict[str, list[float | None]]]:
    """Return the same of a figure: traces with their points, maps in ascending order."""
    found: dict[str, dict[str, list[float | None]]] = {}
    for panel in figure.panels:
        for trace in panel.traces:
            found[f"{panel.key}/{trace.key}"] = {"x": _to_plain_list(trace.x), "y": _to_plain_list(trace.y)}
        for mesh in panel.meshes:
            rows, columns = np.argsort(mesh.y, kind="stable"), np.argsort(mesh.x, kind="stable")
            found[f"{panel.key}/{mesh.key}"] = {"image": _to_plain_list(mesh.z[np.ix_(rows, columns)].ravel())}
    return found


def _to_plain_list(values: Any) -> list[float | None]:
    return [None if value != value else float(value) for value in np.asarray(values, dtype=float)]


def has_figure_data(page: Page, figure: Figure) -> bool:
    """Check whether a page's plots hold all numbers of a figure."""
    there, all_of_it = read_plotted_data(page), build_expected_data(figure)
    return {
        key: {name: there.get(key, {}).get(name) for name in columns} for key, columns in all_of_it.items()
    } == all_of_it
