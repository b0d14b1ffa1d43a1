"""Which pictures of the headless worker are posted, and their posts: put down once the picture is in its place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import astuple
from pathlib import PurePosixPath

from xafs_workers.messages.base import ControlMessage
from xafs_workers.messages.xrf import XrfPlot
from xafs_workers.runtime.effect_ledger import Records
from xafs_workers.runtime.outcome import Outcome, TryLater
from xafs_workers.scans.board import Board
from xafs_workers.scans.items import Control
from xafs_workers.scans.scan import Scan
from xafs_workers.services.slack_posts import Post, Poster
from xafs_workers.storage.confined import Roots
from xafs_workers.storage.proposals import ProposalFolder


def _always(message: ControlMessage) -> bool:
    return True


def _if_asked(message: ControlMessage) -> bool:
    return isinstance(message, XrfPlot) and message.post


POSTED: dict[str, Callable[[ControlMessage], bool]] = {
    "areascan": _always,
    "glancing_angle": _always,
    "timescan": _always,
    "xafs_sequence": _always,
    "xafsscan": _always,
    "xrf": _if_asked,
}
"""Kinds whose pictures are posted, and when."""


class PostedPictures:
    """Draws as `draw` does, and posts what was published to the channel of the proposal in whose folder it lies."""

    def __init__(self, draw: Callable[[Control, Scan, Board], Outcome], poster: Poster, records: Records, roots: Roots):
        self._draw, self._poster, self._records, self._roots = draw, poster, records, roots

    def __call__(self, control: Control, scan: Scan, board: Board) -> Outcome:
        """Draw, then put the posts down; doing it again puts down nothing new.

        Raises
        ------
        TryLater
            As `draw`; or the outbox cannot be written to now.
        """
        outcome = self._draw(control, scan, board)
        wanted = POSTED.get(control.message.kind)
        if outcome.state == "done" and wanted is not None and wanted(control.message):
            for path in outcome.paths:
                if path.endswith(".png"):
                    self._post(control, path)
        return outcome

    def _post(self, control: Control, path: str) -> None:
        folder, name = ProposalFolder.of_path(path, self._roots)
        key = self._records.key(control.origin, control.time, f"post {name}")
        try:
            self._poster(Post("/".join(map(str, astuple(key))), folder.session, PurePosixPath(path).name, path))
        except OSError as error:
            raise TryLater(error.errno, f"outbox: {error}") from error
