"""Boards whose requests are answered by the real reduction."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from functools import cache
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
    with np.load(folder / f"{name.partition('-')[0]}-2.npz") as content:
        return dict(content)


PLAIN_LARCH = """
import sys
import numpy as np
from larch import Group
from larch.xafs import autobk, find_e0, pre_edge, xftf
for name in ("ni2o3", "cr2o3_fluo"):
    with np.load(f"{sys.argv[1]}/{name}-2.npz") as content:
        energy, scans = content["energy"], content["mu_scans"]
    e0 = find_e0(energy, scans[0])
    low, high = energy[0] - e0, energy[-1] - e0
    rows = []
    for n in range(1, len(scans) + 1):
        g = Group(energy=energy, mu=scans[:n].mean(axis=0))
        pre_edge(g, e0=e0, pre1=low, pre2=low / 3, norm1=high / 5, norm2=high, nnorm=2, nvict=0)
        autobk(g, e0=e0, rbkg=1, kmin=0, kweight=2, dk=0.1, win="hanning", nclamp=3, clamp_lo=0, clamp_hi=1)
        xftf(g, kmin=3, kmax=12, dk=2, kweight=2, window="hanning")
        rows.append((g.chi, g.chir_mag))
    chi, magnitude = (np.array(column) for column in zip(*rows))
    np.savez(f"{sys.argv[2]}/{name}.npz", chi=chi, chir_mag=magnitude)
"""
"""Reduction of the first 1, 2, ... repetitions of clean sets: the mean of mu, one e0, and Larch, with plain numbers."""


@cache
def compute_partial_references(folder: Path) -> Mapping[str, Mapping[str, np.ndarray]]:
    """Compute chi and chir_mag of the merges of the first 1, 2, ... repetitions, in a process of its own."""
    found = {}
    with tempfile.TemporaryDirectory() as made:
        subprocess.run([sys.executable, "-c", PLAIN_LARCH, str(folder), made], check=True)
        for path in Path(made).iterdir():
            with np.load(path) as content:
                found[path.stem] = dict(content)
    return found


def load_partial_references(folder: Path, name: str) -> Mapping[str, np.ndarray]:
    """Return `chi` and `chir_mag` of the merges of the first 1, 2, ... repetitions of a set, a row each."""
    return compute_partial_references(folder)[name.partition("-")[0]]


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
