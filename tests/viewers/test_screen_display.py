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

from helpers.display import Display, Place, missing_programs
from helpers.examples import AREASCAN
from helpers.processes import Station, wait_until
from helpers.streams import Entry, run_documents
from xafs_workers.frontends.screen import window_geometry as remembered
from xafs_workers.simulation.broker import EmbeddedBroker

if not os.environ.get("CI"):
    pytest.importorskip("PySide6.QtWidgets", reason="no Qt: install the extra `screen` and its system libraries")
    if missing_programs():
        pytest.skip(f"missing: {', '.join(missing_programs())}", allow_module_level=True)

from PySide6.QtWidgets import QTabBar, QWidget

from helpers.screen import LINE, TIME, Desk, line, settle

TITLE = "XAFS live plots"
RED, GROUND = (0xB0, 0x00, 0x20), (0xF2, 0xF2, 0xF2)
"""Of the mark of stale data, and of axes."""
MAP = {
    **AREASCAN,
    **{"detector": "It", "fast_steps": 3, "slow_steps": 2, "fast_motor": "xafs_x", "slow_motor": "xafs_y"},
    **{"fast_start": 0.0, "fast_stop": 2.0, "slow_start": 0.0, "slow_stop": 1.0},
    **{"fast_initial": 0.0, "slow_initial": 0.0},
}


def pixels_of_a_map() -> list[Entry]:
    places = [(x, y) for y in (0.0, 1.0) for x in (0.0, 1.0, 2.0)]
    columns = {"xafs_x": [x for x, _ in places], "xafs_y": [y for _, y in places], "I0": [1.0] * 6, "It": [2.0] * 6}
    return list(run_documents(hint=None, motors=["xafs_y", "xafs_x"], columns=columns))


class Person:
    """Somebody before the screen, and a beamline that measures."""

    def __init__(self, display: Display, station: Station, where: dict[str, Place]):
        self.display, self.station, self._where = display, station, where
        self.window = display.window(TITLE)
        self.sent = 0

    def measure(self, *entries: Entry) -> None:
        """Have something measured, and wait until the worker has read it all."""
        self.station.put(entries)
        self.sent += len(entries)

        def read() -> bool:
            beat = self.station.heard["status"][-1]
            return beat["messages"] + beat["documents"] >= self.sent

        self.station.wait(read, "all to be read")

    def press(self, name: str, times: int = 1) -> None:
        """Click one of the places that the window's twin knows."""
        self.display.click(self.window, self._where[name], times=times)

    def place(self, across: float, up: float = 0.5, window: str | None = None) -> Place:
        width, height = self.display.size(window or self.window)
        return round(across * width), round((1.0 - up) * height)

    def pluck(self, across: float, window: str | None = None, **expected: str) -> dict[str, Any]:
        """Pick a position of the figure that is expected, which may be on its way; return the answer."""
        heard = self.station.heard["answer"]

        def picked() -> bool:
            """Click; a figure that is closed under the hand gives no answer."""
            before, deadline = len(heard), time.monotonic() + 3.0
            self.display.click(window or self.window, self.place(across, window=window))
            self.station.wait(lambda: len(heard) > before or time.monotonic() > deadline, "an answer")
            return len(heard) > before and expected.items() <= heard[-1]["click"].items()

        wait_until(picked, f"a figure of {expected}")
        return heard[-1]["click"]

    def shows(self, colour: tuple[int, int, int]) -> bool:
        """Tell whether a patch of a colour is to be seen."""
        found = {rgb: count for count, rgb in self.display.picture().getcolors(1 << 24)}
        return found.get(colour, 0) > 200


@pytest.fixture(scope="module")
def display() -> Iterator[Display]:
    made = Display()
    yield made
    made.close()


@pytest.fixture
def person(
    display: Display, embedded_broker: EmbeddedBroker, tmp_path: Any, qt: None, request: pytest.FixtureRequest
) -> Iterator[Person]:
    station = Station(
        tmp_path,
        embedded_broker.bootstrap_servers,
        lambda name, _: embedded_broker.create_topic(name),
        f"b{uuid.uuid4().hex[:8]}",
    )
    remembered.write_place(tmp_path / "state" / "screen" / "place.json", remembered.Place(0.35, 0.05, 0.6, 0.8))
    display.editor(tmp_path / "typed.txt")
    command = [sys.executable, "-m", "xafs_workers", "plot-manager", "--config", str(station.config)]
    with (tmp_path / "worker-0.log").open("wb") as stream:
        station.process = subprocess.Popen(
            [*command, *getattr(request, "param", ())],
            env=display.environment | {"XAFS_WORKERS_SCREEN__STALE_SECONDS": "2"},
            stdout=stream,
            stderr=stream,
        )
    window = display.window(TITLE)
    station.wait(lambda: bool(station.heard["status"]), "the first heartbeat")
    yield Person(display, station, places_of_a_twin(*display.size(window)))
    station.terminate()
    assert not station.logged_errors()
    station.close()
    display.end_editor()


def places_of_a_twin(width: int, height: int) -> dict[str, Place]:
    """Return where buttons are, as a window of the same size without a display has them."""
    twin = Desk()
    twin.window.resize(width, height)
    twin.hear(("bmm", LINE), *line(5), ("bmm", TIME))
    toolbar = twin.sheet.toolbar
    found: dict[str, QWidget | None] = {a.text(): toolbar.widgetForAction(a) for a in toolbar.actions() if a.text()}
    bar = twin.window.tabs.tabBar()
    for number in (0, 1):
        found[f"cross {number}"] = bar.tabButton(number, QTabBar.ButtonPosition.RightSide)
    points = {name: widget.mapTo(twin.window, widget.rect().center()) for name, widget in found.items() if widget}
    points["tab 0"] = bar.mapTo(twin.window, bar.tabRect(0).center())
    twin.close()
    settle()
    return {name: (point.x(), point.y()) for name, point in points.items()}


def test_a_zoom_is_kept_while_it_is_measured_and_a_double_click_gives_it_back(person: Person) -> None:
    run = line(200)
    person.measure(("bmm", LINE), *run[:80])
    whole = [person.pluck(across) for across in (0.3, 0.7)]
    assert whole[0]["motor"] == "xafs_x"
    assert whole[0]["run"] == run[0][1]["uid"]
    width = whole[1]["position"] - whole[0]["position"]
    person.press("Zoom")
    person.display.drag(person.window, person.place(0.4, 0.7), person.place(0.6, 0.3))
    person.press("Zoom")
    zoomed = [person.pluck(across)["position"] for across in (0.3, 0.7)]
    assert zoomed[1] - zoomed[0] < 0.5 * width
    assert whole[0]["position"] < zoomed[0] < zoomed[1] < whole[1]["position"]
    person.measure(*run[80:])
    assert [person.pluck(across)["position"] for across in (0.3, 0.7)] == zoomed
    person.display.click(person.window, person.place(0.5), times=2)
    again = [person.pluck(across)["position"] for across in (0.3, 0.7)]
    assert again[1] - again[0] > 2.0 * width  # all 200 points are to be seen
    assert len(person.station.heard["answer"]) == 8


def test_another_program_keeps_the_keyboard_whatever_comes(person: Person) -> None:
    display, text = person.display, person.station.folder / "typed.txt"
    editor = display.window("another program")
    for typed in ("Fe", "FeCo", "FeCoNi"):
        run = line(40)
        person.measure(("bmm", LINE), *run[:20])
        display.told("type", typed[-2:])
        person.measure(*run[20:], ("bmm", {"linescan": "stop"}), ("bmm", TIME), ("bmm", {"close": "last"}))
        assert display.active() == editor
        wait_until(lambda typed=typed: text.read_text() == typed, f"{typed} to be typed")
    person.pluck(0.5, motor="xafs_x")
    person.press("own window")
    loose = display.window("xafs_x alignment scan")
    assert display.active() == person.window  # by the person's own click
    display.told("windowactivate", "--sync", editor)
    person.measure(("bmm", MAP), *pixels_of_a_map())
    person.station.wait(lambda: person.shows(GROUND), "figures")
    assert display.active() == editor
    person.pluck(0.5, loose, motor="xafs_x")
    person.measure(("bmm", {"close": "line"}))
    wait_until(lambda: not display.windows("xafs_x alignment scan"), "the window to be closed")


def test_close_messages_and_a_closed_tab(person: Person) -> None:
    first, second = line(20), line(20, motor="xafs_y")
    person.measure(("bmm", LINE), *first, ("bmm", LINE | {"motor": "xafs_y"}), *second)
    person.measure(("bmm", MAP), *pixels_of_a_map())
    person.pluck(0.5, motor2="xafs_y")
    person.measure(("bmm", {"close": "last"}))
    person.pluck(0.5, motor="xafs_y")
    person.press("tab 0")
    person.pluck(0.5, motor="xafs_x")
    person.press("cross 0")
    person.pluck(0.5, motor="xafs_y")
    person.measure(("bmm", MAP), *pixels_of_a_map(), ("bmm", {"close": "line"}))
    person.pluck(0.5, motor2="xafs_y")
    person.measure(("bmm", {"close": "all"}), ("bmm", {"close": "last"}), ("bmm", {"close": "line"}))
    wait_until(lambda: not person.shows(GROUND), "an empty window")
    answers = len(person.station.heard["answer"])
    person.display.click(person.window, person.place(0.5))
    person.measure(("bmm", LINE), *line(20))
    wait_until(lambda: person.shows(GROUND), "the next figure")
    person.pluck(0.5, motor="xafs_x")
    assert len(person.station.heard["answer"]) == answers + 1


def test_a_window_closed_in_mid_scan_comes_back_with_the_next_scan_and_takes_nothing(person: Person) -> None:
    display = person.display
    editor = display.active()
    run = line(60)
    person.measure(("bmm", LINE), *run[:30])
    display.told("windowactivate", "--sync", person.window)
    display.told("key", "alt+F4")
    wait_until(lambda: not display.windows(TITLE), "the window to be closed")
    wait_until(lambda: display.active() == editor, "the other program to have the keyboard")
    person.measure(*run[30:], ("bmm", {"linescan": "stop"}))
    assert not display.windows(TITLE)
    person.measure(("bmm", LINE | {"motor": "xafs_y"}), *line(20, motor="xafs_y"))
    person.window = display.window(TITLE)
    assert display.active() == editor
    person.pluck(0.5, motor="xafs_y")


@pytest.mark.parametrize("person", [("--large",)], indirect=True)
def test_large_type_and_stale_data_are_seen_from_afar(person: Person) -> None:
    assert not person.shows(RED)
    person.measure(("bmm", LINE), *line(20))
    wait_until(lambda: person.shows(RED), "the mark of stale data")
    person.measure(("bmm", {"linescan": "stop"}), ("bmm", {"close": "all"}), ("bmm", {"resting_state": True}))
    wait_until(lambda: not person.shows(RED), "the mark to go")
