"""Factory of figures for front ends; a figure that fails does not affect the others."""

from __future__ import annotations

from xafs_workers.figures.model import Figure, Panel, Text
from xafs_workers.figures.view_options import ViewOptions
from xafs_workers.figures.views import FoundScan, build_view
from xafs_workers.logs import get_logger
from xafs_workers.scans.board import Board
from xafs_workers.scans.scan import Scan

log = get_logger("frontends")

FAILURE_NOTE = "this figure cannot be made; the log tells why"
DEFAULT_VIEW = ViewOptions()


class FigureFactory:
    """Factory of figures; a figure that fails is logged once and replaced by a figure with a note."""

    def __init__(self) -> None:
        self._failed_figures: set[str] = set()

    def make(
        self,
        board: Board,
        scan: Scan,
        options: ViewOptions = DEFAULT_VIEW,
        earlier: FoundScan | None = None,
        present: Board | None = None,
    ) -> Figure:
        """Build the figure of a scan from the board, with a user's options.

        Parameters
        ----------
        earlier
            Scan that the options name as an overlay.
        present
            Board of the present, if the scan is on another one.
        """
        try:
            return build_view(board, scan, options, earlier, present)
        except Exception:
            if scan.figure_id not in self._failed_figures:
                self._failed_figures = {*self._failed_figures, scan.figure_id} & {one.figure_id for one in board.scans}
                log.exception("figure_not_made", figure=scan.figure_id, kind=scan.kind)
            note = Panel("note", texts=(Text("note", FAILURE_NOTE),))
            return Figure(scan.figure_id, scan.kind, scan.kind, (note,))
