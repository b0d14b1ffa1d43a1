"""Figures made for a front end: one that cannot be made costs no other."""

from __future__ import annotations

from xafs_workers.figures.figure_builder import build_figure
from xafs_workers.figures.model import Figure, Panel, Text
from xafs_workers.logs import get_logger
from xafs_workers.scans.board import Board
from xafs_workers.scans.scan import Scan

log = get_logger("frontends")

FAILURE_NOTE = "this figure cannot be made; the log tells why"


class FigureFactory:
    """Makes figures; in place of one that cannot be made, which is logged once, there is one that says so."""

    def __init__(self) -> None:
        self._failed_figures: set[str] = set()

    def make(self, board: Board, scan: Scan, *, channels: bool = False) -> Figure:
        """Return the figure of a scan as the board has it."""
        try:
            return build_figure(board, scan, separate_channels=channels)
        except Exception:
            if scan.figure_id not in self._failed_figures:
                self._failed_figures = {*self._failed_figures, scan.figure_id} & {one.figure_id for one in board.scans}
                log.exception("figure_not_made", figure=scan.figure_id, kind=scan.kind)
            note = Panel("note", texts=(Text("note", FAILURE_NOTE),))
            return Figure(scan.figure_id, scan.kind, scan.kind, (note,))
