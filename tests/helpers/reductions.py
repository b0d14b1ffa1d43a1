"""Boards whose requests are answered by the real reduction."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
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


@dataclass(frozen=True)
class ReadGroup:
    """One group of an Athena project: parameters, and chi(k) with the parameters as Athena means them."""

    label: str
    arguments: Mapping[str, Any]
    arrays: tuple[str, ...]
    chi: np.ndarray


READ_PROJECT = """
import sys, json
from larch import Group
from larch.io import read_athena
from larch.xafs import autobk, pre_edge
project = read_athena(sys.argv[1], do_preedge=False, do_bkg=False, do_fft=False)
found = []
for read in project.groups.values():
    p = read.athena_params
    bkg = p.bkg
    g = Group(energy=read.energy, mu=read.mu, chi=[])
    if bkg.clamp2 != "Strong":
        pre_edge(g, e0=float(bkg.e0), pre1=float(bkg.pre1), pre2=float(bkg.pre2), norm1=float(bkg.nor1),
                 norm2=float(bkg.nor2), nnorm=int(bkg.nnorm) - 1, nvict=0)
        autobk(g, e0=float(bkg.e0), rbkg=float(bkg.rbkg), kmin=float(bkg.spl1), kmax=float(bkg.spl2), dk=float(bkg.dk),
               kweight=float(bkg.kw), nclamp=int(bkg.nclamp), clamp_lo=float(bkg.clamp1), clamp_hi=float(bkg.clamp2))
    args = {"bkg_" + k: v for k, v in vars(bkg).items()} | {"fft_" + k: v for k, v in vars(p.fft).items()}
    args |= {k: v for k, v in vars(p).items() if isinstance(v, (int, float, str, list))}
    arrays = [name for name in ("i0", "stddev") if getattr(read, name, None) is not None]
    found.append([read.label, args, arrays, list(g.chi)])
print(json.dumps([found, project.journal], default=str))
"""
"""Athena counts coefficients of the post-edge line; Larch's own reader would take their number for the degree.

A group with Larch's default clamps was not reduced to chi(k)."""


def read_project(path: Path) -> tuple[list[ReadGroup], str]:
    """Return the groups and the journal of a project, as Larch reads them in a process of its own."""
    done = subprocess.run([sys.executable, "-c", READ_PROJECT, str(path)], capture_output=True, text=True, check=True)
    groups, journal = json.loads(done.stdout.splitlines()[-1])
    return [ReadGroup(label, args, tuple(arrays), np.array(chi)) for label, args, arrays, chi in groups], journal
