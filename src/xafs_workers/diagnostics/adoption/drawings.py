"""Pictures of the figures that a configuration makes of a session."""

from __future__ import annotations

import importlib.util
import re
import threading
import time
from pathlib import Path

from xafs_workers.figures.figure_builder import build_figure
from xafs_workers.reduction.process import Reducer
from xafs_workers.render.matplotlib.pictures import render_picture
from xafs_workers.scans.board import Board
from xafs_workers.scans.reduction_requests import ReductionRequest, build_reduction_requests

REDUCTION_SECONDS = 120.0


def draw_figures(board: Board, folder: Path) -> tuple[Path, ...]:
    """Draw the figure of each scan of a board into a new folder; return the files.

    Where Larch is not installed, nothing is reduced.

    Raises
    ------
    FileExistsError
        The folder exists.
    OSError
        It cannot be written.
    """
    folder.mkdir(parents=True)
    if importlib.util.find_spec("larch") is not None:
        board = reduce_all(board)
    files: list[Path] = []
    for number, scan in enumerate((scan for scan in board.scans if scan.is_shown), 1):
        figure = build_figure(board, scan)
        words = re.sub(r"[^A-Za-z0-9]+", "-", figure.title).strip("-")[:50]
        path = folder / f"{number:02d}-{scan.kind}-{words}.png"
        path.write_bytes(render_picture(figure))
        files.append(path)
    return tuple(files)


def reduce_all(board: Board) -> Board:
    """Return the board with the results of its reductions, as far as they come in time."""
    requests = [one for one in build_reduction_requests(board) if isinstance(one, ReductionRequest)]
    if not requests:
        return board
    arrived = threading.Event()
    reducer = Reducer(arrived.set)
    reducer.start()
    try:
        deadline, missing = time.monotonic() + REDUCTION_SECONDS, len(requests)
        for request in requests:
            reducer.ask(request)
        while missing and arrived.wait(max(0.0, deadline - time.monotonic())):
            arrived.clear()
            for result in reducer.take():
                board, missing = board.apply(result), missing - 1
    finally:
        reducer.close()
    return board
