"""Boards whose requests are answered by the real reduction."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from helpers.processes import wait_until
from helpers.streams import fold, read_entries, stamp_entries
from xafs_workers.reduction.process import Reducer
from xafs_workers.scans.board import Board
from xafs_workers.scans.reduction_requests import build_reduction_requests

SETS = {"ni2o3": 3, "ni2o3-bothways": 3, "cr2o3_fluo": 5, "cr2o3_fluo-realabort": 2}
"""Measured streams, and how many of their repetitions make up the merge."""


def answer_requests(board: Board, reducer: Reducer) -> Board:
    """Return the board with all its requests answered."""
    missing = build_reduction_requests(board)
    for request in missing:
        reducer.ask(request)
    found: list[Any] = []

    def here() -> bool:
        found.extend(reducer.take())
        return len(found) >= len(missing)

    wait_until(here, f"{len(missing)} results")
    return fold(found, board)


def build_measured_board(folder: Path, name: str, reducer: Reducer) -> Board:
    return answer_requests(fold(stamp_entries(read_entries(folder / f"{name}.jsonl"))), reducer)


def load_expected(folder: Path, name: str) -> Mapping[str, np.ndarray]:
    with np.load(folder / f"{name.partition('-')[0]}.npz") as content:
        return dict(content)


def assert_close(found: np.ndarray, wanted: np.ndarray) -> None:
    """Equal to 1e-9 of the largest."""
    np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-9 * float(np.abs(wanted).max()))


def read_project(path: Path) -> tuple[list[str], list[np.ndarray], dict[str, object]]:
    """Return labels, chi(k) and the last group's parameters, as Larch reads them in a process of its own."""
    script = (
        "import sys, json; from larch.io import read_athena\n"
        "groups = list(read_athena(sys.argv[1], do_bkg=True, do_fft=False).groups.values())\n"
        "last = {k: v for k, v in vars(groups[-1].athena_params).items() if isinstance(v, (int, float, str))}\n"
        "fft = {'fft_' + k: v for k, v in vars(groups[-1].athena_params.fft).items()}\n"
        "bkg = {'bkg_' + k: v for k, v in vars(groups[-1].athena_params.bkg).items()}\n"
        "print(json.dumps([[g.label for g in groups], [list(g.chi) for g in groups], {**last, **fft, **bkg}], "
        "default=str))"
    )
    done = subprocess.run([sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=True)
    labels, chi, arguments = json.loads(done.stdout.splitlines()[-1])
    return labels, [np.array(one) for one in chi], arguments
