"""Runs fetched from the catalog, each in a thread of its own: whatever is away holds up nothing else."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from xafs_workers.catalog.errors import CatalogError, Interrupted, Unavailable
from xafs_workers.catalog.finished_run import Catalog, FinishedRun
from xafs_workers.catalog.followed_runs import FollowedRuns
from xafs_workers.catalog.retry import Patience
from xafs_workers.catalog.tiled_runs import TiledRuns
from xafs_workers.logs import get_logger
from xafs_workers.scans.arrays import Arrays
from xafs_workers.scans.board import Board
from xafs_workers.scans.board_config import Rules
from xafs_workers.scans.items import Fetched
from xafs_workers.scans.metadata import mapping
from xafs_workers.scans.run_requests import WantedRun, points_of
from xafs_workers.settings import Settings

log = get_logger("workers")

TOLD_AFTER = 5.0
"""A catalog that is away for so long is told in the heartbeat, seconds."""

PAUSE = 5.0
"""Between two attempts after that, seconds."""


def runs_of(settings: Settings, board: Callable[[], Board]) -> FollowedRuns:
    """Return where a worker has finished runs from: its board, then the configured catalog.

    A catalog that is away is told after a few seconds; whoever asks tries again for as long as it takes.
    """
    then = TiledRuns(settings.catalog) if settings.catalog.configured else None
    patience = Patience.of(settings.catalog)
    outage = TOLD_AFTER if patience.outage is None else min(patience.outage, TOLD_AFTER)
    return FollowedRuns(board, then, replace(patience, outage=outage))


class Fetcher:
    """Fetches runs; no method waits for anything.

    Attributes
    ----------
    waits_for
        What is waited for, '' for nothing.
    """

    def __init__(self, runs: Catalog, rules: Rules):
        self._runs, self._rules = runs, rules
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._asked: set[WantedRun] = set()
        self._came: list[Fetched] = []
        self.waits_for = ""

    def ask(self, wanted: WantedRun) -> None:
        """Have a run fetched, unless it is on its way."""
        with self._lock:
            if wanted in self._asked or self._stop.is_set():
                return
            self._asked.add(wanted)
        threading.Thread(target=self._fetch, args=(wanted,), name=f"fetch {wanted.uid[:8]}", daemon=True).start()

    def take(self) -> tuple[Fetched, ...]:
        """Return what came, each once."""
        with self._lock:
            came, self._came = tuple(self._came), []
            self._asked -= {wanted for wanted in self._asked if any(item.uid == wanted.uid for item in came)}
        return came

    def close(self) -> None:
        """Let all threads give up."""
        self._stop.set()

    def _fetch(self, wanted: WantedRun) -> None:
        while (item := self._attempt(wanted)) is None:
            if self._stop.wait(PAUSE):
                return
        with self._lock:
            self._came.append(item)

    def _attempt(self, wanted: WantedRun) -> Fetched | None:
        """Return the run, or why there is none; None while the catalog is away, or nobody waits any more."""
        try:
            item = self._fetched(wanted)
        except (Unavailable, Interrupted) as away:
            self._note("" if isinstance(away, Interrupted) else str(away))
            return None
        except CatalogError as none:
            log.warning("run_not_fetched", run=wanted.uid, reason=str(none))
            return Fetched(wanted.uid, None, str(none))
        except Exception as error:
            log.exception("run_not_fetched", run=wanted.uid)
            return Fetched(wanted.uid, None, f"{type(error).__name__}: {error}")
        self._note("")
        return item

    def _fetched(self, wanted: WantedRun) -> Fetched:
        found = self._runs.run(wanted.uid, self._stop)
        run = found.run
        if not wanted.at or run.arrays.size:
            return Fetched(wanted.uid, run)
        arrays = _arrays(found, wanted, self._rules, self._stop)
        problem = "" if arrays.size else "no fluorescence spectra in this run"
        return Fetched(wanted.uid, replace(run, arrays=arrays), problem)

    def _note(self, reason: str) -> None:
        if reason != self.waits_for:
            self.waits_for = reason
            log.warning("waiting_for", reason=reason) if reason else log.info("wait_is_over", what="the catalog")


def _arrays(found: FinishedRun, wanted: WantedRun, rules: Rules, stop: threading.Event) -> Arrays:
    """Return the spectra at the points that are wanted."""
    keys = tuple(key for key, about in found.data_keys.items() if mapping(about).get("shape"))
    spectral = tuple(key for key in keys if key.endswith("_xrf") or key.lower().endswith("_image"))
    columns: Mapping[str, Any] = {key: found.array(key, stop) for key in spectral}
    arrays = Arrays.of(spectral)
    for index in points_of(wanted.at, found.run, rules):
        row = {key: values[index] for key, values in columns.items()}
        arrays = arrays.with_point(found.points.sequence[index], row, rules.array_bytes)
    return arrays
