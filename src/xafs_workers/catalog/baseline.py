"""Baseline of a finished run: positions of motors when it began."""

from __future__ import annotations

from collections.abc import Mapping
from threading import Event

from xafs_workers.catalog.errors import CatalogError, CatalogUnavailable, Interrupted
from xafs_workers.catalog.finished_run import FinishedRun
from xafs_workers.logs import get_logger
from xafs_workers.scans.runs import extract_numbers

log = get_logger("workers")


def read_baseline(run: FinishedRun, stop: Event) -> Mapping[str, float]:
    """Read the first baseline reading of a run, from its documents or else the catalog; empty where neither has it."""
    if run.run.baseline:
        return run.run.baseline
    try:
        points = run.read_baseline(stop)
    except (CatalogUnavailable, Interrupted):
        raise
    except CatalogError as problem:
        log.info("no_baseline", run=run.uid, reason=str(problem))
        return {}
    return extract_numbers({key: float(points.get_column(key)[0]) for key in points.keys}) if len(points) else {}
