"""The on-screen worker on a display with a window manager, and a person at the mouse and the keyboard."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from helpers.display import Display, PixelPosition, list_missing_programs
from helpers.examples import AREASCAN
from helpers.processes import Station, wait_until
from helpers.streams import Entry, build_run_documents
from xafs_workers.frontends.screen import window_geometry as remembered
from xafs_workers.simulation.broker import EmbeddedBroker

if not os.environ.get("CI"):
    pytest.importorskip("PySide6.QtWidgets", reason="no Qt: install the extra `screen` and its system libraries")
    if list_missing_programs():
        pytest.skip(f"missing: {', '.join(list_missing_programs())}", allow_module_level=True)

from PySide6.QtWidgets import QTabBar, QWidget

from helpers.screen import LINE, TIME, ScreenHarness, make_line_scan, process_events

TITLE = "XAFS live plots"
RED, GROUND = (0xB0, 0x00, 0x20), (0xF2, 0xF2, 0xF2)
"""Of the mark of stale data, and of axes."""
MAP = {
    **AREASCAN,
    **{"detector": "It", "fast_steps": 3, "slow_steps": 2, "fast_motor": "xafs_x", "slow_motor": "xafs_y"},
    **{"fast_start": 0.0, "fast_stop": 2.0, "slow_start": 0.0, "slow_stop": 1.0},
    **{"fast_initial": 0.0, "slow_initial": 0.0},
}


def build_small_map() -> list[Entry]:
    places = [(x, y) for y in (0.0, 1.0) for x in (0.0, 1.0, 2.0)]
    columns = {"xafs_x": [x for x, _ in places], "xafs_y": [y for _, y in places], "I0": [1.0] * 6, "It": [2.0] * 6}
    return list(build_run_documents(hint=None, motors=["xafs_y", "xafs_x"], columns=columns))


class ScreenUser:
    """A user at the screen, and a beamline that measures."""

    def __init__(self, display: Display, station: Station, where: dict[str, PixelPosition]):
        self.display, self.station, self._where = display, station, where
        self.window = display.wait_for_window(TITLE)
        self.sent = 0

    def measure(self, *entries: Entry) -> None:
        """Have something measured, and wait until the worker has read it all."""
        self.station.put(entries)
        self.sent += len(entries)

        def read() -> bool:
            beat = self.station.received["status"][-1]
            return beat["messages"] + beat["documents"] >= self.sent

        self.station.wait(read, "all to be read")

    def press(self, name: str, times: int = 1) -> None:
        """Click one of the places that the window's twin knows."""
        self.display.click(self.window, self._where[name], times=times)

    def find_position(self, across: float, up: float = 0.5, window: str | None = None) -> PixelPosition:
        width, height = self.display.measure_window(window or self.window)
        return round(across * width), round((1.0 - up) * height)

    def pick_position(self, across: float, window: str | None = None, **expected: str) -> dict[str, Any]:
        """Pick a position of the figure that is expected, which may be on its way; return the answer."""
        heard = self.station.received["answer"]

        def picked() -> bool:
            """Click; a figure that is closed under the hand gives no answer."""
            before, deadline = len(heard), time.monotonic() + 3.0
            self.display.click(window or self.window, self.find_position(across, window=window))
            self.station.wait(lambda: len(heard) > before or time.monotonic() > deadline, "an answer")
            return len(heard) > before and expected.items() <= heard[-1]["click"].items()

        wait_until(picked, f"a figure of {expected}")
        return heard[-1]["click"]

    def has_colour(self, colour: tuple[int, int, int]) -> bool:
        """Check whether a patch of a colour is visible."""
        found = {rgb: count for count, rgb in self.display.take_screenshot().getcolors(1 << 24)}
        return found.get(colour, 0) > 200


@pytest.fixture(scope="module")
def display() -> Iterator[Display]:
    made = Display()
    yield made
    made.close()


@pytest.fixture
def person(
    display: Display, embedded_broker: EmbeddedBroker, tmp_path: Any, qt: None, request: pytest.FixtureRequest
) -> Iterator[ScreenUser]:
    station = Station(
        tmp_path,
        embedded_broker.bootstrap_servers,
        lambda name, _: embedded_broker.create_topic(name),
        f"b{uuid.uuid4().hex[:8]}",
    )
    remembered.write_geometry(
        tmp_path / "state" / "screen" / "place.json", remembered.WindowGeometry(0.35, 0.05, 0.6, 0.8)
    )
    display.open_editor(tmp_path / "typed.txt")
    command = [sys.executable, "-m", "xafs_workers", "plot-manager", "--config", str(station.config)]
    with (tmp_path / "worker-0.log").open("wb") as stream:
        station.process = subprocess.Popen(
            [*command, *getattr(request, "param", ())],
            env=display.environment | {"XAFS_WORKERS_SCREEN__STALE_SECONDS": "2"},
            stdout=stream,
            stderr=stream,
        )
    window = display.wait_for_window(TITLE)
    station.wait(lambda: bool(station.received["status"]), "the first heartbeat")
    yield ScreenUser(display, station, find_button_positions(*display.measure_window(window)))
    station.terminate()
    assert not station.read_logged_errors()
    station.close()
    display.close_editor()


def find_button_positions(width: int, height: int) -> dict[str, PixelPosition]:
    """Return where buttons are, as a window of the same size without a display has them."""
    twin = ScreenHarness()
    twin.window.resize(width, height)
    twin.add_entries(("bmm", LINE), *make_line_scan(5), ("bmm", TIME))
    toolbar = twin.figure_tab.toolbar
    found: dict[str, QWidget | None] = {a.text(): toolbar.widgetForAction(a) for a in toolbar.actions() if a.text()}
    bar = twin.window.tabs.tabBar()
    for number in (0, 1):
        found[f"cross {number}"] = bar.tabButton(number, QTabBar.ButtonPosition.RightSide)
    points = {name: widget.mapTo(twin.window, widget.rect().center()) for name, widget in found.items() if widget}
    points["tab 0"] = bar.mapTo(twin.window, bar.tabRect(0).center())
    twin.close()
    process_events()
    return {name: (point.x(), point.y()) for name, point in points.items()}


@pytest.mark.slow
def test_a_zoom_stays_until_a_double_click_resets_it(person: ScreenUser) -> None:
    run = make_line_scan(200)
    person.measure(("bmm", LINE), *run[:80])
    whole = [person.pick_position(across) for across in (0.3, 0.7)]
    assert whole[0]["motor"] == "xafs_x"
    assert whole[0]["run"] == run[0][1]["uid"]
    width = whole[1]["position"] - whole[0]["position"]
    person.press("Zoom")
    person.display.drag(person.window, person.find_position(0.4, 0.7), person.find_position(0.6, 0.3))
    person.press("Zoom")
    zoomed = [person.pick_position(across)["position"] for across in (0.3, 0.7)]
    assert zoomed[1] - zoomed[0] < 0.5 * width
    assert whole[0]["position"] < zoomed[0] < zoomed[1] < whole[1]["position"]
    person.measure(*run[80:])
    assert [person.pick_position(across)["position"] for across in (0.3, 0.7)] == zoomed
    person.display.click(person.window, person.find_position(0.5), times=2)
    again = [person.pick_position(across)["position"] for across in (0.3, 0.7)]
    assert again[1] - again[0] > 0.4 * 199  # all 200 points are to be seen
    assert len(person.station.received["answer"]) == 8


def test_another_program_keeps_the_keyboard_focus(person: ScreenUser) -> None:
    display, text = person.display, person.station.folder / "typed.txt"
    editor = display.wait_for_window("another program")
    for typed in ("Fe", "FeCo", "FeCoNi"):
        run = make_line_scan(40)
        person.measure(("bmm", LINE), *run[:20])
        display.run_xdotool("type", typed[-2:])
        person.measure(*run[20:], ("bmm", {"linescan": "stop"}), ("bmm", TIME), ("bmm", {"close": "last"}))
        assert display.find_active_window() == editor
        wait_until(lambda typed=typed: text.read_text() == typed, f"{typed} to be typed")
    person.pick_position(0.5, motor="xafs_x")
    person.press("own window")
    loose = display.wait_for_window("xafs_x alignment scan")
    assert display.find_active_window() == person.window  # by the person's own click
    display.run_xdotool("windowactivate", "--sync", editor)
    person.measure(("bmm", MAP), *build_small_map())
    person.station.wait(lambda: person.has_colour(GROUND), "figures")
    assert display.find_active_window() == editor
    person.pick_position(0.5, loose, motor="xafs_x")
    person.measure(("bmm", {"close": "line"}))
    wait_until(lambda: not display.find_windows("xafs_x alignment scan"), "the window to be closed")


def test_close_messages_and_closed_tabs_remove_figures(person: ScreenUser) -> None:
    first, second = make_line_scan(20), make_line_scan(20, motor="xafs_y")
    person.measure(("bmm", LINE), *first, ("bmm", LINE | {"motor": "xafs_y"}), *second)
    person.measure(("bmm", MAP), *build_small_map())
    person.pick_position(0.5, motor2="xafs_y")
    person.measure(("bmm", {"close": "last"}))
    person.pick_position(0.5, motor="xafs_y")
    person.press("tab 0")
    person.pick_position(0.5, motor="xafs_x")
    person.press("cross 0")
    person.pick_position(0.5, motor="xafs_y")
    person.measure(("bmm", MAP), *build_small_map(), ("bmm", {"close": "line"}))
    person.pick_position(0.5, motor2="xafs_y")
    person.measure(("bmm", {"close": "all"}), ("bmm", {"close": "last"}), ("bmm", {"close": "line"}))
    wait_until(lambda: not person.has_colour(GROUND), "an empty window")
    answers = len(person.station.received["answer"])
    person.display.click(person.window, person.find_position(0.5))
    person.measure(("bmm", LINE), *make_line_scan(20))
    wait_until(lambda: person.has_colour(GROUND), "the next figure")
    person.pick_position(0.5, motor="xafs_x")
    assert len(person.station.received["answer"]) == answers + 1


def test_a_closed_window_reopens_without_taking_the_focus(person: ScreenUser) -> None:
    display = person.display
    editor = display.find_active_window()
    run = make_line_scan(60)
    person.measure(("bmm", LINE), *run[:30])
    display.run_xdotool("windowactivate", "--sync", person.window)
    display.run_xdotool("key", "alt+F4")
    wait_until(lambda: not display.find_windows(TITLE), "the window to be closed")
    wait_until(lambda: display.find_active_window() == editor, "the other program to have the keyboard")
    person.measure(*run[30:], ("bmm", {"linescan": "stop"}))
    assert not display.find_windows(TITLE)
    person.measure(("bmm", LINE | {"motor": "xafs_y"}), *make_line_scan(20, motor="xafs_y"))
    person.window = display.wait_for_window(TITLE)
    assert display.find_active_window() == editor
    person.pick_position(0.5, motor="xafs_y")


@pytest.mark.parametrize("person", [("--large",)], indirect=True)
def test_large_type_and_stale_data_are_clearly_visible(person: ScreenUser) -> None:
    assert not person.has_colour(RED)
    person.measure(("bmm", LINE), *make_line_scan(20))
    wait_until(lambda: person.has_colour(RED), "the mark of stale data")
    person.measure(("bmm", {"linescan": "stop"}), ("bmm", {"close": "all"}), ("bmm", {"resting_state": True}))
    wait_until(lambda: not person.has_colour(RED), "the mark to go")
