"""The window on a display with two monitors: it returns to its monitor, and leaves one that is gone."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from helpers import patience
from helpers.display import Display, list_missing_programs
from helpers.processes import wait_until
from xafs_workers.frontends.screen.window_geometry import WindowGeometry, read_geometry, write_geometry

if not os.environ.get("CI"):
    pytest.importorskip("PySide6.QtWidgets", reason="no Qt: install the extra `screen` and its system libraries")
    if list_missing_programs():
        pytest.skip(f"missing: {', '.join(list_missing_programs())}", allow_module_level=True)
if shutil.which("xrandr") is None:
    pytest.skip("missing: xrandr", allow_module_level=True)

TITLE = "XAFS live plots"
WIDTH, HEIGHT = 1000, 800
"""Of each monitor, pixels."""
PROGRAM = """
import sys
from pathlib import Path
from PySide6.QtWidgets import QApplication
from xafs_workers.frontends.screen.window import Window, WindowCallbacks
from xafs_workers.frontends.status import Feed
from xafs_workers.scans.board import Board
application = QApplication([])
feed = Feed(Board())
window = Window(WindowCallbacks(lambda: feed, print, geometry_file=Path(sys.argv[1])))
window.start()
application.exec()
"""


@pytest.fixture
def display() -> Iterator[Display]:
    made = Display((2 * WIDTH, HEIGHT))
    made.set_monitors({"left": WIDTH, "right": WIDTH}, HEIGHT)
    yield made
    made.close()


class ShownWindow:
    """A process that shows the window, until the end of a block."""

    def __init__(self, display: Display, place: Path):
        self._display = display
        self._process = subprocess.Popen([sys.executable, "-c", PROGRAM, str(place)], env=display.environment)
        try:
            self._window = display.wait_for_window(TITLE)
        except BaseException:
            self.__exit__()
            raise

    def __enter__(self) -> ShownWindow:
        return self

    def __exit__(self, *reason: object) -> None:
        self._process.kill()
        self._process.wait(patience.SECONDS)

    def wait_for_monitor(self, name: str) -> None:
        """Wait until the middle of the window is on a monitor."""
        wait_until(lambda: self._find_monitor() == name, f"the window on the {name} monitor")

    def move_to_monitor(self, name: str) -> None:
        """Move the window to a monitor, as a person would drag it."""
        left = str(200 if name == "left" else WIDTH + 200)

        def has_moved() -> bool:
            self._display.run_xdotool("windowmove", self._window, left, "100")
            return self._find_monitor() == name

        wait_until(has_moved, f"the window to be moved to the {name} monitor")

    def _find_monitor(self) -> str:
        return "left" if self._display.locate_window(self._window)[0] < WIDTH else "right"


def test_the_window_returns_to_its_monitor_or_one_there(display: Display, tmp_path: Path) -> None:
    place = tmp_path / "place.json"
    write_geometry(place, WindowGeometry(0.1, 0.1, 0.5, 0.5, "left", maximized=False))
    with ShownWindow(display, place) as window:
        window.wait_for_monitor("left")
        window.move_to_monitor("right")
        wait_until(lambda: read_geometry(place).monitor == "right", "the monitor to be saved")
    with ShownWindow(display, place) as window:
        window.wait_for_monitor("right")
        display.remove_monitor("right")
        window.wait_for_monitor("left")
    write_geometry(place, WindowGeometry(0.1, 0.1, 0.5, 0.5, "right", maximized=False))
    with ShownWindow(display, place) as window:
        window.wait_for_monitor("left")
