"""XRF spectra of a finished run: from its documents where they hold them, else from the catalog."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from xafs_workers.catalog.finished_run import FinishedRun
from xafs_workers.filemanager.actions.context import Tools
from xafs_workers.scans.mca import channels_of
from xafs_workers.scans.metadata import mapping

Array = np.ndarray[Any, Any]


def spectra_at(run: FinishedRun, index: int, tools: Tools, only: int | None = None) -> dict[int, Array]:
    """Return the counts by channel at one point of a run, each of shape (bins,).

    Raises
    ------
    NoSpectra
        The run has none, or not that channel.
    CatalogError
        The catalog has to be asked and does not give them.
    """
    return channels_of(_arrays_at(run, index, tools), tools.rules, only)


def _arrays_at(run: FinishedRun, index: int, tools: Tools) -> Mapping[str, Array]:
    if run.run.arrays.size:
        return run.run.arrays.at(run.points.sequence[index])
    keys = [key for key, about in run.data_keys.items() if mapping(about).get("shape")]
    spectral = [key for key in keys if key.endswith("_xrf") or key.lower().endswith("_image")]
    return {key: run.array(key, tools.stop)[index] for key in spectral}
