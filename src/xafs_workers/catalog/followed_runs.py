"""Runs that the worker has followed itself come first; for all others, and for what documents do not hold, Tiled."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event
from typing import NoReturn

from xafs_workers.catalog.errors import NotComplete, NotFound, Refused
from xafs_workers.catalog.finished_run import Asset, FinishedRun, NDArray, Source, missing_points
from xafs_workers.catalog.layouts import assets_in
from xafs_workers.catalog.retry import Patience, until
from xafs_workers.scans.board import Board
from xafs_workers.scans.points import Points
from xafs_workers.scans.runs import Run


class NoCatalog:
    """The source of a worker that has no catalog configured."""

    def look(self, uid: str) -> FinishedRun:
        """Find nothing."""
        raise NotFound(f"run {uid}: not followed by this worker, and no catalog is configured (catalog.uri)")

    def baseline(self, uid: str, stop: Event) -> Points:
        """Refuse."""
        self._refuse(uid, "its baseline")

    def array(self, uid: str, key: str, stop: Event) -> NDArray:
        """Refuse."""
        self._refuse(uid, f"the array {key}")

    def assets(self, uid: str, stop: Event) -> tuple[Asset, ...]:
        """Refuse."""
        self._refuse(uid, "its files")

    def _refuse(self, uid: str, what: str) -> NoReturn:
        raise Refused(f"run {uid}: {what} can only be read from a catalog, and none is configured (catalog.uri)")


class _Followed:
    """Details of a run that was followed: its documents name its files, all else is read from the other source."""

    def __init__(self, run: Run, then: Source):
        self._run = run
        self.baseline, self.array = then.baseline, then.array

    def assets(self, uid: str, stop: Event) -> tuple[Asset, ...]:
        """Return the run's files."""
        return assets_in(self._run.resources)


class FollowedRuns:
    """The catalog of a worker: its board, then another source.

    Parameters
    ----------
    board
        Returns the newest board; called from the thread that asks for a run.
    """

    def __init__(self, board: Callable[[], Board], then: Source | None = None, patience: Patience | None = None):
        self._board = board
        self._then: Source = then or NoCatalog()
        self._patience = patience or Patience()

    def run(self, uid: str, stop: Event) -> FinishedRun:
        """Return a run as soon as the board or the other source has it complete; see `Catalog.run`."""
        return until(lambda: self.look(uid), self._patience, stop)

    def look(self, uid: str) -> FinishedRun:
        """Return a run if it is complete now; see `Source.look`."""
        run = self._board().runs.get(uid)
        if run is not None and run.stop is not None and not missing_points(run):
            return FinishedRun(run, _Followed(run, self._then))
        try:
            return self._then.look(uid)
        except NotFound as nowhere:
            if run is None:
                raise
            lacks = f"{missing_points(run)} points" if run.stop else "its stop document"
            raise NotComplete(f"run {uid}: followed, but {lacks} did not come yet; {nowhere}") from None
