"""Athena projects of sequences: what goes in, handed to the reduction, bytes waited for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import CancelledError, Future
from typing import Any

from xafs_workers.runtime.outcome import TryLater
from xafs_workers.scans.board import Board
from xafs_workers.scans.reduction_requests import find_result
from xafs_workers.scans.scan import Scan
from xafs_workers.scans.xafs_sequence import XafsSequence, build_sequence
from xafs_workers.storage.errors import Refused


class AthenaProjects:
    """Has projects made.

    Parameters
    ----------
    make
        Hands the content to the reduction and returns at once.
    patience
        How long one attempt waits, seconds; then it is tried again, as if storage were away.
    """

    def __init__(self, request_project: Callable[[Mapping[str, Any]], Future[Mapping[str, Any]]], timeout: float):
        self._request_project, self._timeout = request_project, timeout

    def build_project(self, scan: Scan, board: Board) -> bytes:
        """Return the project of a sequence: every scan, and the merge.

        Raises
        ------
        Refused
            It cannot be made; the text says why.
        TryLater
            The reduction does not answer.
        """
        made = self._request_project(build_project_request(build_sequence(board, scan), board))
        try:
            values = made.result(self._timeout)
        except TimeoutError as error:
            made.cancel()
            raise TryLater(f"the reduction did not answer within {self._timeout:.0f} s") from error
        except CancelledError as error:
            raise TryLater("the worker ends") from error
        if "content" not in values:
            raise Refused(f"no Athena project: {values.get('problem', 'the reduction gave none')}")
        return values["content"]


def build_project_request(sequence: XafsSequence, board: Board) -> Mapping[str, Any]:
    """Return what a project is made of; its time is that of the last run's stop document."""
    stops = [(board.runs[part.uid].stop or {}).get("time", 0.0) for part in sequence.merged_spectra]
    return {
        "element": sequence.absorber.element,
        "edge": sequence.absorber.edge,
        "written": max((time for time in stops if isinstance(time, int | float)), default=0.0),
        "members": list(_list_members(sequence, board)),
    }


def _list_members(sequence: XafsSequence, board: Board) -> Iterator[Mapping[str, Any]]:
    for one in sequence.repetitions:
        if one.spectrum is not None:
            part = one.spectrum
            yield {"label": f"{sequence.stub}.{one.number:03d}", "energy": part.energy, "mu": part.mu, "i0": part.i0}
    if sequence.merged_spectra:
        result = find_result(board, sequence.build_merge_request(len(sequence.merged_spectra)))
        if result is not None and "mu" in result.values:
            values = result.values
            yield {"label": f"{sequence.stub} merge", "energy": values["energy"], "mu": values["mu"]}
