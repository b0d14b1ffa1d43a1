"""Runs fetched from the catalog in a few threads, however many runs are awaited."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from xafs_workers.catalog.baseline import read_baseline
from xafs_workers.catalog.errors import CatalogError, CatalogUnavailable, Interrupted, NotYetAvailable
from xafs_workers.catalog.finished_run import FinishedRun, RunCatalog
from xafs_workers.catalog.followed_runs import FollowedRuns
from xafs_workers.catalog.retry import RetryPolicy, RetryState
from xafs_workers.catalog.tiled_runs import TiledRuns
from xafs_workers.logs import get_logger
from xafs_workers.scans.arrays import EventArrays
from xafs_workers.scans.board import Board
from xafs_workers.scans.board_config import BoardConfig
from xafs_workers.scans.mca import is_spectrum_key
from xafs_workers.scans.run_requests import RunRequest, find_point_indices
from xafs_workers.scans.runs import FetchedRun, select_shaped_keys
from xafs_workers.settings import Settings

log = get_logger("workers")

OUTAGE_REPORT_SECONDS = 5.0
"""A catalog that is unavailable for so long is reported in the heartbeat, seconds."""

FETCH_THREADS = 4
"""Largest number of threads, and so of requests to the catalog at a time."""

PATIENT_PAUSES = (0.2, 2.0)
"""First and longest pause of a worker that writes: the documents may come at any moment, seconds."""


def build_run_catalog(settings: Settings, board: Callable[[], Board], *, patient: bool = False) -> FollowedRuns:
    """Return the catalog of finished runs: the worker's board first, then the configured catalog.

    A catalog that is unavailable is reported after a few seconds; the caller tries again for as long as it takes.

    Parameters
    ----------
    patient
        For a worker that writes: a run is waited for during `patience.documents` of the board's attended time.
    """
    then = TiledRuns(settings.catalog) if settings.catalog.configured else None
    patience = RetryPolicy.from_settings(settings.catalog)
    outage = OUTAGE_REPORT_SECONDS if patience.outage is None else min(patience.outage, OUTAGE_REPORT_SECONDS)
    if patient:
        limit = settings.patience.documents
        patience = replace(
            patience,
            appears_within=limit,
            complete_within=limit,
            pauses=PATIENT_PAUSES,
            clock=lambda: board().reading.attended,
        )
    return FollowedRuns(board, then, replace(patience, outage=outage))


@dataclass(frozen=True, slots=True, order=True)
class _Attempt:
    """Next attempt to fetch a run: first attempts come before repeated ones, then the order of time."""

    is_repeated: bool
    due: float
    wanted: RunRequest = field(compare=False)
    state: RetryState = field(compare=False)


class RunFetcher:
    """Fetcher of runs; none of its methods waits for anything.

    A few threads look for all requested runs in turn, however many do not come.

    Attributes
    ----------
    waits_for
        Reason for the wait, '' for none.
    """

    def __init__(self, runs: RunCatalog, rules: BoardConfig):
        self._catalog, self._config = runs, rules
        self._stop = threading.Event()
        self._changed = threading.Condition()
        self._threads: list[threading.Thread] = []
        self._requested: set[RunRequest] = set()
        self._attempts: list[_Attempt] = []
        self._results: list[FetchedRun] = []
        self.waits_for = ""

    def ask(self, wanted: RunRequest) -> None:
        """Fetch a run in a thread, unless it is being fetched already."""
        with self._changed:
            if wanted in self._requested or self._stop.is_set():
                return
            self._requested.add(wanted)
            self._attempts.append(_Attempt(False, time.monotonic(), wanted, self._catalog.begin_retries()))
            self._changed.notify()
            if len(self._threads) < min(FETCH_THREADS, len(self._requested)):
                thread = threading.Thread(target=self._fetch_runs, name=f"fetch {len(self._threads)}", daemon=True)
                self._threads.append(thread)
                thread.start()

    def take(self) -> tuple[FetchedRun, ...]:
        """Return the runs that were fetched, each once."""
        with self._changed:
            came, self._results = tuple(self._results), []
            self._requested -= {wanted for wanted in self._requested if any(item.uid == wanted.uid for item in came)}
        return came

    def close(self) -> None:
        """Ask all threads to stop."""
        self._stop.set()
        with self._changed:
            self._changed.notify_all()

    def _fetch_runs(self) -> None:
        """Make one attempt after another until the worker stops."""
        while (attempt := self._wait_for_attempt()) is not None:
            try:
                item = self._try_fetch(attempt.wanted)
            except NotYetAvailable as trouble:
                item = self._repeat(attempt, trouble)
            except Interrupted:
                return
            if item is not None:
                with self._changed:
                    self._results.append(item)

    def _wait_for_attempt(self) -> _Attempt | None:
        """Return the next attempt when it is due, None when the worker stops."""
        with self._changed:
            while not self._stop.is_set():
                now = time.monotonic()
                if due := [attempt for attempt in self._attempts if attempt.due <= now]:
                    self._attempts.remove(min(due))
                    return min(due)
                soonest = min((attempt.due for attempt in self._attempts), default=None)
                self._changed.wait(None if soonest is None else soonest - now)
        return None

    def _repeat(self, attempt: _Attempt, trouble: NotYetAvailable) -> FetchedRun | None:
        """Put an attempt back; return the reason for the run's absence where its time is over.

        A catalog that is unavailable is waited for as long as it takes.
        """
        state = attempt.state
        try:
            pause = state.record_failure(trouble)
        except CatalogUnavailable:
            self._report_waiting(str(trouble))
            pause = state.pause
        except CatalogError as over:
            return self._report_absence(attempt.wanted, over)
        with self._changed:
            self._attempts.append(_Attempt(True, time.monotonic() + pause, attempt.wanted, state))
        return None

    def _try_fetch(self, wanted: RunRequest) -> FetchedRun:
        """Return the run, or the final reason for its absence."""
        try:
            item = self._read_run(wanted)
        except (NotYetAvailable, Interrupted):
            raise
        except CatalogError as none:
            return self._report_absence(wanted, none)
        except Exception as error:
            log.exception("run_not_fetched", run=wanted.uid)
            return FetchedRun(wanted.uid, None, f"{type(error).__name__}: {error}")
        self._report_waiting("")
        return item

    def _report_absence(self, wanted: RunRequest, reason: CatalogError) -> FetchedRun:
        log.warning("run_not_fetched", run=wanted.uid, reason=str(reason))
        return FetchedRun(wanted.uid, None, str(reason))

    def _read_run(self, wanted: RunRequest) -> FetchedRun:
        found = self._catalog.find_run(wanted.uid)
        run = found.run
        if wanted.image_key and not run.arrays.size:
            return _read_image(found, wanted.image_key, self._config, self._stop)
        if not wanted.spectrum_points or run.arrays.size:
            return FetchedRun(wanted.uid, run)
        arrays = _read_spectra(found, wanted, self._config, self._stop)
        problem = "" if arrays.size else "no fluorescence spectra in this run"
        return FetchedRun(wanted.uid, replace(run, arrays=arrays), problem)

    def _report_waiting(self, reason: str) -> None:
        if reason != self.waits_for:
            self.waits_for = reason
            log.warning("waiting_for", reason=reason) if reason else log.info("wait_ended", what="the catalog")


def _read_image(found: FinishedRun, key: str, rules: BoardConfig, stop: threading.Event) -> FetchedRun:
    """Return a run with the array of one data key at each point, and with its baseline."""
    run = found.run
    if key not in found.data_keys:
        return FetchedRun(run.uid, run, f"no {key} in this run")
    image, numbers = found.read_array(key, stop), run.points.sequence_numbers
    if len(image) != len(numbers):
        return FetchedRun(run.uid, run, f"{len(image)} frames (expected one for each of {len(numbers)} points)")
    rows = ((number, {key: frame}) for number, frame in zip(numbers, image, strict=True))
    arrays = EventArrays.create((key,)).add_points(rows, rules.array_bytes)
    return FetchedRun(run.uid, replace(run, arrays=arrays, baseline=run.baseline or read_baseline(found, stop)))


def _read_spectra(found: FinishedRun, wanted: RunRequest, rules: BoardConfig, stop: threading.Event) -> EventArrays:
    """Return the spectra at the requested points."""
    keys = select_shaped_keys(found.data_keys)
    spectral = tuple(filter(is_spectrum_key, keys))
    columns: Mapping[str, Any] = {key: found.read_array(key, stop) for key in spectral}
    arrays = EventArrays.create(spectral)
    for index in find_point_indices(wanted.spectrum_points, found.run, rules):
        row = {key: values[index] for key, values in columns.items()}
        arrays = arrays.add_point(found.points.sequence_numbers[index], row, rules.array_bytes)
    return arrays
