"""Client of the loop that passes each request to the process that carries it out."""

from __future__ import annotations

from collections.abc import Iterable

from xafs_workers.reduction.fitter import Fitter
from xafs_workers.reduction.process import Reducer
from xafs_workers.scans.fit_requests import FitRequest
from xafs_workers.scans.items import ReductionResult
from xafs_workers.scans.reduction_requests import ReductionRequest

HELD_UP_SECONDS = 1.0
"""Duration of a merge, seconds, after which live reductions are done by the second process.

Larch's least squares need about three seconds for the background of noisy data, without success, and its twin three
more.
"""


class AnalysisRouter:
    """Router of reductions to the reducer and of fits to the fitter.

    Parameters
    ----------
    live_reducer
        Second reducer, for live reductions while a long merge holds up the first. Its process starts when it is first
        needed, so that most beamlines never have it; then it is ready for the next long merge.
    """

    def __init__(self, reducer: Reducer, fitter: Fitter, live_reducer: Reducer):
        self._reducer, self._fitter, self._live_reducer = reducer, fitter, live_reducer

    def start(self) -> None:
        """Start all."""
        for part in (self._reducer, self._live_reducer, self._fitter):
            part.start()

    def close(self) -> None:
        """Stop all at once."""
        for part in (self._reducer, self._live_reducer, self._fitter):
            part.close()

    @property
    def idle(self) -> bool:
        """Whether nothing is being reduced or fitted."""
        return self._reducer.idle and self._live_reducer.idle and self._fitter.idle

    def ask(self, request: ReductionRequest | FitRequest) -> None:
        """Have a request carried out."""
        if isinstance(request, FitRequest):
            self._fitter.ask(request)
        elif request.task == "live" and self._is_held_up():
            self._live_reducer.ask(request)
        else:
            self._reducer.ask(request)

    def take(self) -> Iterable[ReductionResult]:
        """Return the results that are ready, each once."""
        return (*self._reducer.take(), *self._live_reducer.take(), *self._fitter.take())

    def _is_held_up(self) -> bool:
        """Check whether a merge holds up the first reducer: for long, or at all if the second one is ready."""
        limit = 0.0 if self._live_reducer.is_warm else HELD_UP_SECONDS
        return self._reducer.busy_seconds > limit
