"""Image of the Mythen detector and baseline of a finished run, from its documents or else from the catalog."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from xafs_workers.catalog.baseline import read_baseline
from xafs_workers.catalog.errors import CatalogError, CatalogUnavailable, Interrupted
from xafs_workers.catalog.finished_run import FinishedRun
from xafs_workers.filemanager.actions.context import ActionContext
from xafs_workers.scans.mythen import stack_images
from xafs_workers.writers.registry import CannotWrite, WriterInput

Array = np.ndarray[Any, Any]


def add_image(material: WriterInput, run: FinishedRun, context: ActionContext) -> WriterInput:
    """Add the image and the baseline of a run to a writer's input; without an image, the reason.

    Raises
    ------
    CatalogUnavailable, Interrupted
        The catalog is not reachable, or the worker ends.
    """
    material = replace(material, baseline=read_baseline(run, context.stop))
    try:
        return replace(material, image=_read_image(run, context))
    except (CatalogUnavailable, Interrupted):
        raise
    except (CatalogError, CannotWrite) as problem:
        return replace(material, image_problem=str(problem))


def _read_image(run: FinishedRun, context: ActionContext) -> Array:
    key = context.config.goniometer.image
    image = stack_images(run.run, key)
    if image is not None:
        return image
    if key not in run.data_keys:
        raise CannotWrite(f"no {key} in this run")
    image = run.read_array(key, context.stop)
    if len(image) != len(run.points):
        raise CannotWrite(f"{key}: got {len(image)} frames (expected one for each of {len(run.points)} points)")
    return np.reshape(image, (len(image), -1))
