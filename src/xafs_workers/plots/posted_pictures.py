"""Slack posts of pictures: queued once the picture is published, where its kind declares that it is posted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import astuple
from pathlib import PurePosixPath

from xafs_workers.runtime.effect_ledger import EffectLedger
from xafs_workers.runtime.outcome import Outcome, TryLater
from xafs_workers.scans.board import Board
from xafs_workers.scans.items import ReceivedMessage
from xafs_workers.scans.picture_requests import picture_rules
from xafs_workers.scans.scan import Scan
from xafs_workers.services.slack_posts import Post, Poster
from xafs_workers.storage.confined import Roots
from xafs_workers.storage.proposals import ProposalFolder


class PicturePoster:
    """Draws as `draw` does, and posts what was published to the channel of its proposal."""

    def __init__(
        self,
        draw: Callable[[ReceivedMessage, Scan, Board], Outcome],
        poster: Poster,
        records: EffectLedger,
        roots: Roots,
    ):
        self._draw, self._poster, self._ledger, self._roots = draw, poster, records, roots

    def __call__(self, control: ReceivedMessage, scan: Scan, board: Board) -> Outcome:
        """Draw, then queue the posts; doing it again queues nothing new.

        Raises
        ------
        TryLater
            As `draw`; or the outbox cannot be written to now.
        """
        outcome = self._draw(control, scan, board)
        rule = picture_rules.get(scan.kind)
        if outcome.state == "done" and rule is not None and rule.is_posted(control.message):
            for path in outcome.paths:
                if path.endswith(".png"):
                    self._post(control, path, rule.build_post_title(scan))
        return outcome

    def _post(self, control: ReceivedMessage, path: str, title: str) -> None:
        folder, name = ProposalFolder.from_path(path, self._roots)
        key = self._ledger.build_key(control, f"post {name}")
        try:
            self._poster(
                Post("/".join(map(str, astuple(key))), folder.session, title or PurePosixPath(path).name, path)
            )
        except OSError as error:
            raise TryLater(error.errno, f"outbox: {error}") from error
