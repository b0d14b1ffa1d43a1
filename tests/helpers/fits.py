"""Line scans that are fitted: simulated signals, boards with the results of fits, and the parts that answer."""

from __future__ import annotations

from typing import Any

import numpy as np

from helpers.figures import fold_board, get_run_uid, make_run
from xafs_workers.plots.answer_handler import AnswerHandler
from xafs_workers.reduction.fits import fit_signal
from xafs_workers.runtime.replies import ReplyWriter
from xafs_workers.scans.analysis import Analysis, analysis_rules
from xafs_workers.scans.board import Board
from xafs_workers.scans.fit_requests import FitRequest
from xafs_workers.scans.items import ReductionResult
from xafs_workers.scans.reduction_requests import build_reduction_requests

Array = np.ndarray[Any, np.dtype[np.float64]]


def build_answers() -> AnswerHandler:
    """Build the answers of a worker without a key store."""
    return AnswerHandler(ReplyWriter(None, Board, 13.0))


def compute_peak(x: Array, center: float, width: float = 1.0) -> Array:
    """Compute a Gaussian of height 1."""
    return np.exp(-(((x - center) / width) ** 2))


def compute_step(x: Array, center: float, width: float = 0.3) -> Array:
    """Compute a rising error function from 0 to 1."""
    from scipy.special import erf

    return 0.5 * (1.0 + erf((x - center) / width))


def compute_slot(x: Array, center: float, half: float = 1.4, width: float = 0.2) -> Array:
    """Compute a rectangle of height 1 with soft edges."""
    return compute_step(x, center - half, width) - compute_step(x, center + half, width)


def add_noise(y: Array, size: float, seed: int = 3) -> Array:
    """Add normal noise of a standard deviation."""
    return y + size * np.random.default_rng(seed).standard_normal(len(y))


def fold_fit(message: dict[str, Any], x: Array, y: Array, *, motor: str = "xafs_x", before: Any = ()) -> Board:
    """Fold a line scan whose It/I0 is `y` (I0 where the message asks for it), and the message that asks for its fit."""
    i0 = y if message["signal"] == "I0" else np.full(len(y), 2.0)
    run = make_run({motor: x.tolist(), "I0": i0.tolist(), "It": (2.0 * y).tolist()}, motors=[motor])
    return apply_fits(
        fold_board(*before, run, {"motor_name": motor, "uid": get_run_uid(run), **message}, settled=False)
    )


def apply_fits(board: Board) -> Board:
    """Carry out the fits that a board requests, in this process."""
    for request in build_reduction_requests(board):
        assert isinstance(request, FitRequest)
        values = fit_signal({"shape": request.shape, "x": request.x, "y": request.y})
        board = board.apply(ReductionResult(request.scan_id, request.key, values))
    return board


def get_analysis(board: Board) -> Analysis:
    """Return the analysis that the last message asks for."""
    scan = board.scans[-1]
    analysis = analysis_rules[scan.kind](board, scan)
    assert analysis is not None
    return analysis
