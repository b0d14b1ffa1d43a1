"""Trials of a configuration: the documents of a session on a board with these settings, by the workers' own code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from xafs_workers.elements import find_edge_energy
from xafs_workers.scans.board import Board
from xafs_workers.scans.board_config import BoardConfig
from xafs_workers.scans.configured_columns import list_column_keys
from xafs_workers.scans.energy_axis import EnergyAxis, find_energy_axis
from xafs_workers.scans.frames import Frames
from xafs_workers.scans.items import Document
from xafs_workers.scans.measured_runs import list_measured_runs
from xafs_workers.scans.metadata import as_mapping, as_texts
from xafs_workers.scans.named_edge import find_named_edge
from xafs_workers.scans.runs import Run
from xafs_workers.settings import Settings

MANY = 10_000
"""Limit of the runs and scans of a trial."""


@dataclass(frozen=True, slots=True)
class SessionData:
    """Documents of finished runs, in order, and the frames of their files.

    Attributes
    ----------
    source
        Where they were read, for texts.
    refused
        How many documents or lines cannot be used, with the first reason, for texts; '' for none.
    """

    documents: tuple[Document, ...]
    frames: tuple[Frames, ...] = ()
    source: str = ""
    refused: str = ""

    def try_settings(self, given: Mapping[str, Any]) -> Board:
        """Build the board of the session with these settings; nested mappings, as in a configuration file."""
        return self.build_board(Settings(**given))

    def build_board(self, settings: Settings) -> Board:
        """Build the board of the session as a worker with these settings does; nothing is dropped."""
        config = replace(BoardConfig.from_settings(settings), run_limit=MANY, scan_limit=MANY)
        configured = set(list_column_keys(config))
        # a point is whole when its configured columns are there, so the frames of all others come first
        frames = sorted(self.frames, key=lambda item: item.request.key in configured)
        board = Board(config)
        for item in (*self.documents, *frames):
            board = board.apply(item)
        return board


def list_runs(board: Board) -> tuple[Run, ...]:
    """List the runs of a board, the newest first."""
    return tuple(sorted(board.runs.values(), key=lambda run: run.start_position, reverse=True))


@dataclass(frozen=True, slots=True, eq=False)
class SpectrumRun:
    """A run that scans the energy over an edge, by a configuration.

    Attributes
    ----------
    run
        The run with the points of its first spectrum.
    edge
        Energy of the edge that its metadata name, eV, where it lies within the energies.
    """

    run: Run
    axis: EnergyAxis
    edge: float | None


def list_spectra(board: Board) -> tuple[SpectrumRun, ...]:
    """List the runs of a board that are spectra, the newest first."""
    found: list[SpectrumRun] = []
    for run in list_runs(board):
        if board.table.outlines[run.uid].form != "xafs":
            continue
        measured = list_measured_runs(run, board.config)[0]
        axis = find_energy_axis(measured, board.config)
        named = find_named_edge(measured, board.config)
        edge = find_edge_energy(named.element, named.edge) if named.element and named.edge else None
        is_inside = edge is not None and np.nanmin(axis.energies) <= edge <= np.nanmax(axis.energies)
        found.append(SpectrumRun(measured, axis, edge if is_inside else None))
    return tuple(found)


def list_hinted_keys(run: Run) -> frozenset[str]:
    """List the data keys that the devices of a run hint at, in all its streams."""
    descriptors = (run.descriptor, *(stream.descriptor for stream in run.streams.values()))
    hints = (about for descriptor in descriptors for about in as_mapping(descriptor.get("hints")).values())
    return frozenset(key for about in hints for key in as_texts(as_mapping(about).get("fields")))
