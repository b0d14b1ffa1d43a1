"""Ask for the frames that stream documents name, and fold them, between two turns of the loop."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from xafs_workers.logs import get_logger
from xafs_workers.scans.board import Board
from xafs_workers.scans.frames import FrameRequest, Frames

log = get_logger("consumer")


class FrameClient(Protocol):
    """Client that reads frames. None of its methods may wait for anything."""

    def ask(self, request: FrameRequest) -> None:
        """Have frames read; those that were asked for before are not read again."""
        ...

    def take(self) -> Iterable[Frames]:
        """Return the frames that were read, each once."""
        ...


class FrameRequester:
    """Submits the frames that the board's runs wait for, and folds those that were read."""

    def __init__(self, client: FrameClient):
        self._client = client
        self._requested_for: Board | None = None

    def fold(self, board: Board) -> Board:
        """Return the board with the frames that were read."""
        for item in self._client.take():
            if item.request.run_uid in board.runs:
                board = board.apply(item)
            else:
                log.info("frames_of_no_run", run=item.request.run_uid)
        if board is not self._requested_for:
            self._requested_for = board
            for run in board.runs.values():
                for request in run.frames.pending:
                    self._client.ask(request)
        return board
