"""The window, driven as a person would, off screen."""

from __future__ import annotations

import gc
import os
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from helpers.streams import EPOCH, Entry, Teller, fold, run_documents

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
if not os.environ.get("CI"):
    pytest.importorskip("PySide6.QtWidgets", reason="no Qt: install the extra `screen` and its system libraries")

from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from xafs_workers.frontends.screen.place import read_place
from xafs_workers.frontends.screen.status import Feed
from xafs_workers.frontends.screen.window import Window, WindowPorts
from xafs_workers.scans.board import Board
from xafs_workers.scans.rules import Rules

LINE = {"linescan": "start", "motor": "xafs_x", "detector": "it"}
XAFS = {"xafsscan": "start", "element": "Fe", "edge": "K", "mode": "transmission", "filename": "fe", "repetitions": 3}


class Desk:
    """A window over a board that a test fills."""

    def __init__(self, place: Path | None = None, rules: Rules | None = None):
        self._teller = Teller()
        self.board = Board(rules or Rules())
        self.now = EPOCH
        self.clicks: list[dict[str, Any]] = []
        ports = WindowPorts(self.feed, self.clicks.append, place, clock=lambda: self.now)
        self.window = Window(ports)
        self.window.resize(900, 700)
        self.window.start()

    def feed(self) -> Feed:
        return Feed(self.board, "", self.now, 0)

    def hear(self, *entries: Entry) -> None:
        """Let the board hear more, and the window look."""
        self.board = fold(self._teller.items(entries), self.board)
        self.window.refresh()
        settle()

    @property
    def titles(self) -> list[str]:
        return [self.window.tabs.tabText(n) for n in range(self.window.tabs.count())]

    @property
    def sheet(self) -> Any:
        return self.window.tabs.currentWidget()

    def pixel(self, panel: str, x: float, y: float) -> QPoint:
        """Return where in the canvas a place of a panel is."""
        canvas = self.sheet.canvas
        px, py = self.sheet.drawing.axes_of(panel).transData.transform((x, y))
        ratio = canvas.device_pixel_ratio
        return QPoint(round(px / ratio), round(canvas.height() - py / ratio))


def settle() -> None:
    QApplication.processEvents()
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
    QApplication.processEvents()


@pytest.fixture(scope="module")
def application() -> QApplication:
    made = QApplication.instance() or QApplication([])
    assert isinstance(made, QApplication)
    made.setQuitOnLastWindowClosed(False)
    return made


@pytest.fixture
def desk(application: QApplication) -> Iterator[Desk]:
    made = Desk()
    yield made
    made.window.deleteLater()
    settle()


def line(points: int, *, finished: bool = False, motor: str = "xafs_x") -> list[Entry]:
    columns = {
        motor: [float(n) for n in range(points)],
        "I0": [2.0] * points,
        "It": [1.0 + n % 3 for n in range(points)],
    }
    return list(run_documents(hint=None, motors=[motor], columns=columns, finished=finished))


def repetition(count: int, points: int = 20) -> list[Entry]:
    columns = {key: [2.0 + n % 5 for n in range(points)] for key in ("I0", "It", "Ir")}
    columns |= {"dcm_energy": [7000.0 + 10 * n for n in range(points)], "dwti_dwell_time": [0.5] * points}
    return [
        ("bmm", {"xafsscan": "next", "count": count}),
        *run_documents(hint=None, motors=["dcm_energy"], columns=columns),
    ]


def test_each_figure_has_a_tab_and_the_newest_comes_to_the_front(desk: Desk) -> None:
    desk.hear(("bmm", LINE), *line(5))
    desk.hear(("bmm", {"timescan": "start", "detector": "i0"}))
    assert desk.titles == ["xafs_x alignment scan", "time scan"]
    assert desk.window.tabs.currentIndex() == 1
    desk.hear(("bmm", XAFS), *repetition(1), *repetition(2))
    assert desk.titles[-1] == "fe: scan 2 of 3"
    assert len(desk.sheet.drawing.axes_of("transmission").lines) >= 2


@pytest.mark.parametrize(("close", "left"), [("all", 0), ("line", 1), ("last", 2)])
def test_close_messages_close_tabs(close: str, left: int, desk: Desk) -> None:
    desk.hear(("bmm", LINE), ("bmm", {"timescan": "start", "detector": "i0"}), ("bmm", XAFS))
    assert len(desk.titles) == 3
    desk.hear(("bmm", {"close": close}))
    assert len(desk.titles) == left


def test_a_zoom_is_kept_while_points_come_and_a_double_click_gives_the_view_back(desk: Desk) -> None:
    run = line(200)
    desk.hear(("bmm", LINE), *run[:60])
    axes = desk.sheet.drawing.axes_of("signal")
    axes.set_xlim(10.0, 20.0)
    axes.set_ylim(0.6, 0.9)
    desk.sheet.canvas.draw()
    desk.hear(*run[60:])
    assert axes.get_xlim() == (10.0, 20.0)
    assert axes.get_ylim() == (0.6, 0.9)
    QTest.mouseDClick(desk.sheet.canvas, Qt.MouseButton.LeftButton, pos=desk.pixel("signal", 15.0, 0.7))
    settle()
    assert axes.get_xlim()[1] >= 150.0


def test_a_zoom_by_the_toolbars_rectangle_is_no_click(desk: Desk) -> None:
    desk.hear(("bmm", LINE), *line(30))
    desk.sheet.toolbar.zoom()
    begin, end = desk.pixel("signal", 5.0, 0.7), desk.pixel("signal", 15.0, 1.2)
    QTest.mousePress(desk.sheet.canvas, Qt.MouseButton.LeftButton, pos=begin)
    QTest.mouseMove(desk.sheet.canvas, end)
    QTest.mouseRelease(desk.sheet.canvas, Qt.MouseButton.LeftButton, pos=end)
    settle()
    low, high = desk.sheet.drawing.axes_of("signal").get_xlim()
    assert 4.0 < low < 6.0
    assert 14.0 < high < 16.0
    assert desk.clicks == []


def test_a_click_plucks_a_position_and_one_outside_does_nothing(desk: Desk) -> None:
    desk.hear(("bmm", LINE), *line(30))
    QTest.mouseClick(desk.sheet.canvas, Qt.MouseButton.LeftButton, pos=desk.pixel("signal", 12.0, 1.0))
    QTest.mouseClick(desk.sheet.canvas, Qt.MouseButton.LeftButton, pos=QPoint(2, 2))
    settle()
    (click,) = desk.clicks
    assert click["motor"] == "xafs_x"
    assert click["position"] == pytest.approx(12.0, abs=0.2)
    assert click["run"] == desk.board.scans[0].runs[0]


def test_the_cursor_reads_energy_k_and_signal(desk: Desk) -> None:
    desk.hear(("bmm", XAFS), *repetition(1))
    QTest.mouseMove(desk.sheet.canvas, desk.pixel("transmission", 7160.0, 0.0))
    settle()
    text = desk.window.labels["cursor"].text()
    assert "E-E0" in text
    assert "k " in text


def test_a_tab_put_away_in_mid_scan_stays_away_until_the_next_scan(desk: Desk) -> None:
    run = line(20)
    desk.hear(("bmm", LINE), *run[:10])
    desk.window.tabs.tabCloseRequested.emit(0)
    desk.hear(*run[10:])
    assert desk.titles == []
    desk.hear(("bmm", LINE), *line(3))
    assert desk.titles == ["xafs_x alignment scan"]


def test_a_window_closed_in_mid_scan_comes_back_with_the_next_scan(desk: Desk) -> None:
    run = line(20)
    desk.hear(("bmm", LINE), *run[:10])
    desk.window.close()
    desk.hear(*run[10:])
    assert not desk.window.isVisible()
    desk.hear(("bmm", LINE), *line(3))
    assert desk.window.isVisible()
    assert len(desk.titles) == 1


def test_a_figure_can_have_a_window_of_its_own_and_come_back(desk: Desk) -> None:
    run = line(20)
    desk.hear(("bmm", LINE), *run[:10])
    (sheet,) = desk.window.sheets.values()
    desk.window.detach()
    settle()
    assert desk.titles == []
    before = sum(sheet.drawing.counts.values())
    desk.hear(*run[10:])
    assert sum(sheet.drawing.counts.values()) > before
    (loose,) = [w for w in QApplication.topLevelWidgets() if w is not desk.window and w.isVisible()]
    loose.close()
    settle()
    assert desk.titles == ["xafs_x alignment scan"]
    desk.hear(("bmm", {"close": "all"}))
    assert desk.window.sheets == {}


def test_a_hidden_tab_is_not_drawn(desk: Desk) -> None:
    run = line(20)
    desk.hear(("bmm", LINE), *run[:10])
    hidden = desk.sheet
    desk.hear(("bmm", {"timescan": "start", "detector": "i0"}))
    drawn = sum(hidden.drawing.counts.values())
    desk.hear(*run[10:])
    assert sum(hidden.drawing.counts.values()) == drawn
    desk.window.tabs.setCurrentIndex(0)
    settle()
    assert len(hidden.drawing.model.panels[0].traces[0].x) == 20


def test_the_window_never_raises_itself_nor_takes_the_keyboard(
    application: QApplication, monkeypatch: pytest.MonkeyPatch
) -> None:
    called: list[str] = []
    for name in ("raise_", "activateWindow", "setFocus"):
        monkeypatch.setattr(Window, name, lambda *_, name=name: called.append(name))
    desk = Desk()
    desk.hear(("bmm", LINE), *line(5))
    desk.hear(("bmm", XAFS), *repetition(1))
    assert called == []
    assert desk.window.testAttribute(Qt.WidgetAttribute.WA_ShowWithoutActivating)
    assert desk.sheet.canvas.focusPolicy() == Qt.FocusPolicy.NoFocus
    desk.window.deleteLater()
    settle()


def test_stale_data_are_marked_visibly(desk: Desk) -> None:
    desk.hear(("bmm", LINE), *line(5))
    assert desk.window.labels["age"].styleSheet() == ""
    old = desk.now
    desk.window._ports = WindowPorts(lambda: Feed(desk.board, "", old, 0), lambda _: None, clock=lambda: old + 60)
    desk.window.refresh()
    assert "background" in desk.window.labels["age"].styleSheet()
    assert "⚠" in desk.window.labels["age"].text()


def test_large_type_is_larger(desk: Desk) -> None:
    desk.hear(("bmm", LINE), *line(5))
    small = desk.sheet.drawing.axes_of("signal").xaxis.label.get_size()
    desk.window.set_large(True)
    settle()
    assert desk.sheet.drawing.axes_of("signal").xaxis.label.get_size() > 1.3 * small
    desk.hear(("bmm", LINE), *line(5))
    assert desk.sheet.drawing.axes_of("signal").xaxis.label.get_size() > 1.3 * small


def test_the_place_is_remembered(application: QApplication, tmp_path: Path) -> None:
    path = tmp_path / "place.json"
    desk = Desk(path)
    screen = desk.window.screen().availableGeometry()
    desk.window.setGeometry(screen.width() // 10, screen.height() // 10, screen.width() // 2, screen.height() // 2)
    settle()
    desk.window.close()
    assert read_place(path).width == pytest.approx(0.5, abs=0.02)
    again = Desk(path)
    again.window.setGeometry(again.window.geometry())
    desk.window.deleteLater()
    again.window.deleteLater()
    settle()


def test_a_thousand_line_scans_leave_no_more_behind_than_is_kept(application: QApplication) -> None:
    desk = Desk(rules=Rules(keep_scans=3, keep_runs=2))
    old: list[Any] = []
    for n in range(40):
        desk.hear(("bmm", LINE), *line(3, finished=True), ("bmm", {"linescan": "stop"}))
        if n == 2:
            old = [weakref.ref(sheet.drawing) for sheet in desk.window.sheets.values()]
        assert len(desk.titles) <= 4
    gc.collect()
    settle()
    gc.collect()
    assert old
    assert all(reference() is None for reference in old)
    desk.window.deleteLater()
    settle()
