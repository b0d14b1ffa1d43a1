"""Which pictures of the headless worker are posted, and their posts: put down once the picture is in its place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import astuple
from pathlib import PurePosixPath

from xafs_workers.messages.base import ControlMessage
from xafs_workers.messages.xrf import XrfPlot
from xafs_workers.runtime.effect_ledger import EffectLedger
from xafs_workers.runtime.outcome import Outcome, TryLater
from xafs_workers.scans.board import Board
from xafs_workers.scans.items import ReceivedMessage
from xafs_workers.scans.scan import Scan
from xafs_workers.services.slack_posts import Post, Poster
from xafs_workers.storage.confined import Roots
from xafs_workers.storage.proposals import ProposalFolder


def _is_always_posted(message: ControlMessage) -> bool:
    return True


def _is_post_requested(message: ControlMessage) -> bool:
    return isinstance(message, XrfPlot) and message.post


POST_CONDITIONS: dict[str, Callable[[ControlMessage], bool]] = {
    "areascan": _is_always_posted,
    "glancing_angle": _is_always_posted,
    "timescan": _is_always_posted,
    "xafs_sequence": _is_always_posted,
    "xafsscan": _is_always_posted,
    "xrf": _is_post_requested,
}
"""Kinds whose pictures are posted, and when."""


class PicturePoster:
    """Draws as `draw` does, and posts what was published to the channel of the proposal in whose folder it lies."""

    def __init__(
        self,
        draw: Callable[[ReceivedMessage, Scan, Board], Outcome],
        poster: Poster,
        records: EffectLedger,
        roots: Roots,
    ):
        self._draw, self._poster, self._ledger, self._roots = draw, poster, records, roots

    def __call__(self, control: ReceivedMessage, scan: Scan, board: Board) -> Outcome:
        """Draw, then put the posts down; doing it again puts down nothing new.

        Raises
        ------
        TryLater
            As `draw`; or the outbox cannot be written to now.
        """
        outcome = self._draw(control, scan, board)
        wanted = POST_CONDITIONS.get(control.message.kind)
        if outcome.state == "done" and wanted is not None and wanted(control.message):
            for path in outcome.paths:
                if path.endswith(".png"):
                    self._post(control, path)
        return outcome

    def _post(self, control: ReceivedMessage, path: str) -> None:
        folder, name = ProposalFolder.from_path(path, self._roots)
        key = self._ledger.build_key(control.position, control.time, f"post {name}")
        try:
            self._poster(Post("/".join(map(str, astuple(key))), folder.session, PurePosixPath(path).name, path))
        except OSError as error:
            raise TryLater(error.errno, f"outbox: {error}") from error
