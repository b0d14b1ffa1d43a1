"""XRF spectra of a finished run, from its documents or else from the catalog."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from xafs_workers.catalog.finished_run import FinishedRun
from xafs_workers.filemanager.actions.context import ActionContext
from xafs_workers.scans.mca import extract_channels, is_spectrum_key
from xafs_workers.scans.runs import select_shaped_keys

Array = np.ndarray[Any, Any]


def read_spectra(run: FinishedRun, index: int, context: ActionContext, only: int | None = None) -> dict[int, Array]:
    """Read the counts by channel at one point of a run, each of shape (bins,).

    Raises
    ------
    NoSpectraError
        The run has no spectra, or not the requested channel.
    CatalogError
        The spectra are only in the catalog, which does not return them.
    """
    return extract_channels(_read_arrays(run, index, context), context.config, only)


def _read_arrays(run: FinishedRun, index: int, context: ActionContext) -> Mapping[str, Array]:
    if run.run.arrays.size:
        return run.run.arrays.get_point(run.points.sequence_numbers[index])
    keys = select_shaped_keys(run.data_keys)
    return {key: run.read_array(key, context.stop)[index] for key in filter(is_spectrum_key, keys)}
