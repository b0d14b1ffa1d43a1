"""Catalog of a worker: runs on its own board first, then runs from a fallback such as Tiled."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event, get_ident
from typing import NoReturn

from xafs_workers.catalog.errors import CatalogRefused, MissingData, NotComplete, NotFound, NotYetAvailable
from xafs_workers.catalog.finished_run import Asset, FinishedRun, NDArray, RunSource, count_missing_points
from xafs_workers.catalog.layouts import parse_asset_documents
from xafs_workers.catalog.retry import RetryPolicy, RetryState, call_with_retries
from xafs_workers.catalog.search import RunSearch
from xafs_workers.scans.board import Board
from xafs_workers.scans.board_config import BoardConfig
from xafs_workers.scans.frames import list_needed_keys, list_unread_frames
from xafs_workers.scans.points import Points
from xafs_workers.scans.runs import Run


class NoCatalog:
    """Source of a worker without a configured catalog: it has no runs."""

    def find_run(self, uid: str) -> FinishedRun:
        """Raise NotFound for every run."""
        raise NotFound(f"run {uid}: not followed by this worker, and no catalog is configured (catalog.uri)")

    def find_uids(self, search: RunSearch) -> tuple[str, ...]:
        """Find no run."""
        return ()

    def read_baseline(self, uid: str, stop: Event) -> Points:
        """Refuse to read a baseline: raise CatalogRefused."""
        self._refuse(uid, "its baseline")

    def read_array(self, uid: str, key: str, stop: Event) -> NDArray:
        """Refuse to read an array: raise CatalogRefused."""
        self._refuse(uid, f"the array {key}")

    def list_assets(self, uid: str, stop: Event) -> tuple[Asset, ...]:
        """Refuse to list files: raise CatalogRefused."""
        self._refuse(uid, "its files")

    def _refuse(self, uid: str, what: str) -> NoReturn:
        raise CatalogRefused(f"run {uid}: {what} can only be read from a catalog, and none is configured (catalog.uri)")


class _FollowedRunDetails:
    """Details of a followed run: files from its documents, everything else from the fallback."""

    def __init__(self, run: Run, fallback: RunSource):
        self._run = run
        self.read_baseline, self.read_array = fallback.read_baseline, fallback.read_array

    def list_assets(self, uid: str, stop: Event) -> tuple[Asset, ...]:
        """Return the run's files."""
        return parse_asset_documents(self._run.resources)


class FollowedRuns:
    """Catalog of a worker: its board, then a fallback.

    Parameters
    ----------
    board
        Returns the newest board; called in the thread that asks for a run.
    fallback
        Source of the runs that are not complete on the board.
    """

    def __init__(
        self, board: Callable[[], Board], fallback: RunSource | None = None, retry_policy: RetryPolicy | None = None
    ):
        self._board = board
        self._fallback: RunSource = fallback or NoCatalog()
        self._retry_policy = retry_policy or RetryPolicy()
        self._waiting_threads: set[int] = set()

    @property
    def awaits_documents(self) -> bool:
        """Whether a thread waits for a run of which the board lacks documents; not for frames that are being read."""
        return bool(self._waiting_threads)

    def wait_for_run(self, uid: str, stop: Event) -> FinishedRun:
        """Return a run as soon as the board or the fallback has it complete; see `RunCatalog.wait_for_run`."""
        thread = get_ident()
        try:
            return call_with_retries(lambda: self._find_awaited_run(uid, thread), self._retry_policy, stop)
        finally:
            self._waiting_threads.discard(thread)

    def _find_awaited_run(self, uid: str, thread: int) -> FinishedRun:
        try:
            return self.find_run(uid)
        except NotYetAvailable:
            run = self._board().runs.get(uid)
            if run is None or _lacks_documents(run):
                self._waiting_threads.add(thread)
            else:
                self._waiting_threads.discard(thread)
            raise

    def begin_retries(self) -> RetryState:
        """Return the state of a wait for a run whose attempts the caller makes with `find_run`."""
        return RetryState(self._retry_policy, self._retry_policy.clock())

    def find_run(self, uid: str) -> FinishedRun:
        """Return a run if it is complete now; see `RunSource.find_run`."""
        board = self._board()
        run = board.runs.get(uid)
        if run is not None and run.stop is not None and not _describe_missing(run, board.config):
            return FinishedRun(run, _FollowedRunDetails(run, self._fallback))
        try:
            return self._fallback.find_run(uid)
        except NotFound as nowhere:
            if run is None:
                raise
            if run.stop is not None and uid in board.missing_runs:
                raise MissingData(f"run {uid}: {board.missing_runs[uid]}") from None
            if run.stop is not None and run.frames.note and not run.frames.pending:
                raise MissingData(f"run {uid}: {run.frames.note}") from None
            lacks = _describe_missing(run, board.config)
            raise NotComplete(f"run {uid}: followed, but {lacks} did not come yet; {nowhere}") from None

    def find_uids(self, search: RunSearch) -> tuple[str, ...]:
        """Return the uids of the runs that match: those of the fallback, then others on the board, in order of time."""
        listed = self._fallback.find_uids(search)
        followed = [run for run in self._board().runs.values() if search.matches(run.start)]
        followed.sort(key=lambda run: run.start_position)
        return tuple(dict.fromkeys((*listed, *(run.uid for run in followed))))


def _lacks_documents(run: Run) -> bool:
    return run.stop is None or (not run.frames.pending and count_missing_points(run) > 0)


def _describe_missing(run: Run, config: BoardConfig) -> str:
    """Describe what of a run has not come, '' for nothing."""
    if run.stop is None:
        return "its stop document"
    unread = list_unread_frames(run.frames, lambda stream: list_needed_keys(run.find_data_keys(stream), config))
    if unread:
        return f"frames of {', '.join(dict.fromkeys(one.key for one in unread))} ({run.frames.note or 'being read'})"
    missing = count_missing_points(run)
    return f"{missing} points" if missing else ""
