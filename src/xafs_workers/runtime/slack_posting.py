"""Slack posting of a worker: its outbox, the thread that empties it, and the check of pictures."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from typing import Any

from xafs_workers.logs import get_logger
from xafs_workers.scans.items import ReceivedMessage
from xafs_workers.services.slack_posts import Post, discard_post
from xafs_workers.settings import Settings
from xafs_workers.storage.confined import Roots
from xafs_workers.storage.errors import Absent, Refused, Unavailable
from xafs_workers.storage.proposals import ProposalFolder

log = get_logger("workers")

OUTBOX_NAME = "outbox.sqlite"

MAX_PICTURE_BYTES = 64 * 1024 * 1024
"""Size limit of a posted picture, bytes."""


class SlackPosting:
    """Poster of texts and pictures to Slack; without a configured token it posts nothing.

    Create it by `SlackPosting.open(settings, worker, stack)`; call it to post.
    """

    def __init__(self, settings: Settings, outbox: Any = None):
        self._settings, self._outbox = settings, outbox
        self._post: Any = discard_post
        self._outbox_worker: Any = None
        self._channels: Any = None
        self._roots = Roots.from_settings(settings.storage)

    @classmethod
    def open(cls, settings: Settings, worker: str, stack: ExitStack, outbox: Any = None) -> SlackPosting:
        """Start the thread of a worker that posts, on its outbox or the given one; both are closed with the stack."""
        if not _is_configured(settings):
            return cls(settings)
        try:
            import slack_sdk  # noqa: F401
        except ImportError:
            log.error("slack_is_off", reason="a token is configured, but no slack-sdk: install xafs-workers[slack]")
            return cls(settings)
        from xafs_workers.services.slack.outbox import Outbox

        if outbox is None:
            outbox = stack.enter_context(Outbox(settings.find_state_folder() / worker / OUTBOX_NAME))
        made = cls(settings, outbox)
        made._start()
        stack.callback(made.close)
        return made

    def __call__(self, post: Post) -> None:
        """Store a post in the outbox."""
        self._post(post)

    @property
    def is_enabled(self) -> bool:
        """Whether anything is posted."""
        return self._outbox_worker is not None

    @property
    def waits_for(self) -> str:
        """Reason why posts wait, '' where none waits."""
        return self._outbox_worker.waits_for if self._outbox_worker is not None else ""

    @property
    def waiting_count(self) -> int:
        """Number of posts that wait."""
        return self._outbox.count_waiting() if self._outbox_worker is not None else 0

    def refresh(self) -> None:
        """Look up the channels and the token again, and retry at once the posts that wait."""
        if self._outbox_worker is not None:
            self._channels.refresh()
            self._outbox_worker.retry_now()

    def describe(self) -> Mapping[str, Any]:
        """Return the state: whether posts are sent, how many wait and why, and which channels are known."""
        if self._outbox_worker is None:
            return {"posting": False}
        return {
            "posting": True,
            "waiting": self.waiting_count,
            "waits_for": self.waits_for,
            "channels": self._channels.list_known(),
        }

    def on_message(self, control: ReceivedMessage) -> None:
        """Act on the messages about Slack that concern every worker that posts."""
        if control.message.slack_command == "refresh":
            self.refresh()
        elif control.message.slack_command == "describe":
            log.info("slack_described", **self.describe())

    def close(self) -> None:
        """Stop after the call in hand."""
        if self._outbox_worker is not None:
            self._outbox_worker.close()

    def _start(self) -> None:
        from xafs_workers.services.slack.channels import ChannelDirectory
        from xafs_workers.services.slack.outbox_worker import OutboxCallbacks, OutboxWorker

        self._channels = ChannelDirectory(self._settings.slack, self._settings.beamline)
        self._outbox_worker = OutboxWorker(
            self._outbox, OutboxCallbacks(self._open_client, self._channels, self._read_picture)
        )
        self._post = self._outbox_worker.put
        self._outbox_worker.start()

    def _open_client(self) -> Any:
        from xafs_workers.services.slack.chat import SlackClient
        from xafs_workers.services.slack.token import TokenMissing, read_token

        slack = self._settings.slack
        token = read_token(slack)
        if token is None:
            raise TokenMissing("no token is configured any more")
        return SlackClient(token, slack.base_url, slack.timeout)

    def _read_picture(self, post: Post) -> bytes:
        """Read a picture, which must be in the folder of the proposal whose channel gets it."""
        from xafs_workers.services.slack.outbox_worker import InvalidPicture, PictureUnavailable

        try:
            folder, name = ProposalFolder.from_path(post.picture, self._roots)
            if post.session and folder.session != post.session:
                raise InvalidPicture(f"{post.picture} is of {folder.session}, the post of {post.session}")
            return folder.read(name, limit=MAX_PICTURE_BYTES)
        except (Refused, Absent) as refusal:
            raise InvalidPicture(str(refusal)) from refusal
        except Unavailable as away:
            raise PictureUnavailable(str(away)) from away


def _is_configured(settings: Settings) -> bool:
    from xafs_workers.services.slack.token import TokenMissing, read_token

    try:
        return read_token(settings.slack) is not None
    except TokenMissing as missing:
        log.error("token_missing", reason=str(missing))
        return True  # posts wait in the outbox until the file is there
