"""Thread that posts the outbox to Slack: in order for each channel, with retries, and never the same post twice."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from xafs_workers.logs import get_logger
from xafs_workers.services.slack.channels import ChannelDirectory, ChannelNotFound, LookupUnavailable
from xafs_workers.services.slack.chat import RateLimited, ResultUnknown, SlackClient, SlackRefused
from xafs_workers.services.slack.outbox import Outbox, PendingPost
from xafs_workers.services.slack.token import TokenMissing
from xafs_workers.services.slack_posts import Post
from xafs_workers.threads import SupervisedThread

log = get_logger("services")

PRUNE_INTERVAL = 86400.0
"""Interval between deletions of old finished posts, seconds."""
ALL_CHANNELS = "*"
"""Key of the pause that applies to all channels."""


class PictureUnavailable(Exception):
    """A picture cannot be read now; a later attempt may succeed."""


class InvalidPicture(Exception):
    """A picture does not exist or must not be posted; the text gives the reason."""


@dataclass(frozen=True, slots=True)
class RetryTiming:
    """Pauses of the thread, seconds.

    Attributes
    ----------
    pauses
        Pauses after the first, second, ... failure in a row; the last one is repeated. Not those of `runtime.retry`:
        each channel pauses on its own while the thread serves the others, and Slack asks for longer pauses.
    settle_seconds
        Time after an unanswered attempt in which Slack may still carry it out. Only after that time a post that is
        not in the channel counts as not made.
    idle_seconds
        Longest wait for new posts.
    """

    pauses: tuple[float, ...] = (2.0, 5.0, 15.0, 30.0, 60.0, 120.0, 300.0)
    settle_seconds: float = 30.0
    idle_seconds: float = 30.0


@dataclass(frozen=True, slots=True)
class OutboxCallbacks:
    """Functions and objects that the thread gets from the worker.

    Attributes
    ----------
    open_client
        Returns a client with the current token; may raise `TokenMissing`.
    channels
        Finds the channel of a session.
    read_picture
        Returns the content of a post's picture; raises `InvalidPicture` or `PictureUnavailable`.
    """

    open_client: Callable[[], SlackClient]
    channels: ChannelDirectory
    read_picture: Callable[[Post], bytes]


@dataclass(slots=True)
class _Pause:
    until: float = 0.0
    failures: int = 0
    reason: str = ""


class OutboxWorker:
    """Thread that posts what is in the outbox."""

    def __init__(self, outbox: Outbox, callbacks: OutboxCallbacks, timing: RetryTiming | None = None):
        self._outbox, self._callbacks, self._timing = outbox, callbacks, timing or RetryTiming()
        self._pauses: dict[str, _Pause] = {}
        self._wake_up = threading.Event()
        self._stop = threading.Event()
        self._thread = SupervisedThread(self._run, "slack", self._stop.is_set)
        self._lock = threading.Lock()

    @property
    def waits_for(self) -> str:
        """Reasons why posts wait, '' if no post waits."""
        with self._lock:
            reasons = dict.fromkeys(pause.reason for pause in self._pauses.values() if pause.reason)
        return "; ".join(reasons)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def put(self, post: Post) -> None:
        """Put a post into the outbox."""
        if self._outbox.put(post):
            self._wake_up.set()

    def retry_now(self) -> None:
        """End all pauses, for instance after the token was replaced."""
        with self._lock:
            self._pauses.clear()
        self._wake_up.set()

    def close(self, timeout: float = 2.0) -> None:
        """Stop after the current call; the remaining posts are made after the next start."""
        self._stop.set()
        self._wake_up.set()
        if self._thread.is_alive():
            self._thread.join(timeout)

    def _run(self) -> None:
        prune_due = 0.0
        while not self._stop.is_set():
            self._wake_up.clear()
            try:
                if time.monotonic() >= prune_due:
                    prune_due = time.monotonic() + PRUNE_INTERVAL
                    self._outbox.prune()
                wait = self._post_ready()
            except Exception as error:
                if self._stop.is_set():
                    return
                log.exception("outbox_failed")
                wait = self._pause(ALL_CHANNELS, f"the outbox: {type(error).__name__}: {error}")
            if not self._stop.is_set():
                self._wake_up.wait(wait)

    def _post_ready(self) -> float:
        """Make all posts that can be made now; return the seconds until the next attempt."""
        while not self._stop.is_set():
            ready = self._find_ready()
            if ready is None:
                break
            self._deliver(ready)
        now = time.monotonic()
        with self._lock:
            remaining = [pause.until - now for pause in self._pauses.values() if pause.until > now]
        return min([self._timing.idle_seconds, *(max(0.0, seconds) for seconds in remaining)])

    def _find_ready(self) -> PendingPost | None:
        """Return the oldest post whose channel is not paused."""
        if self._is_paused(ALL_CHANNELS):
            return None
        for head in self._outbox.list_oldest():
            if not self._is_paused(self._build_pause_key(head)):
                return head
        return None

    def _build_pause_key(self, head: PendingPost) -> str:
        """Return the key of a post's pause: its channel if known (sessions may share one), otherwise its session."""
        channels = self._callbacks.channels.list_known()
        return channels.get(head.post.session, f"session {head.post.session}")

    def _deliver(self, head: PendingPost) -> None:
        try:
            channel = self._callbacks.channels.find_channel(head.post.session)
            if not self._is_paused(self._build_pause_key(head)):
                self._make_post(head, channel)
        except (ChannelNotFound, InvalidPicture) as never:
            self._finish(head, "failed", str(never))
        except SlackRefused as refusal:
            self._on_refusal(head, refusal)
        except RateLimited as busy:
            self._pause(self._build_pause_key(head), "Slack asks to wait", busy.retry_after)
        except (ResultUnknown, LookupUnavailable, PictureUnavailable) as trouble:
            self._pause(self._build_pause_key(head), str(trouble))
        except TokenMissing as missing:
            self._pause(ALL_CHANNELS, str(missing))

    def _make_post(self, head: PendingPost, channel: str) -> None:
        """Make a post, unless an unanswered attempt already made it."""
        chat = self._callbacks.open_client()
        if head.state == "unclear":
            settled = head.tried_at + self._timing.settle_seconds - time.time()
            if 0 < settled <= self._timing.settle_seconds:
                self._pause(self._build_pause_key(head), "Slack may still carry out what it did not answer", settled)
                return
            if _is_posted(chat, head, channel):
                self._finish(head, "done", "found in the channel; its answer was lost")
                return
        file_id = head.file_id or self._send_picture(chat, head.post)
        self._outbox.begin_attempt(head.number, file_id)
        try:
            _send_post(chat, head.post, channel, file_id)
        except (RateLimited, SlackRefused) as refusal:
            self._outbox.mark_not_posted(head.number)
            if head.file_id and isinstance(refusal, SlackRefused) and not refusal.is_token_error:
                raise ResultUnknown(f"{refusal}: the picture will be uploaded again") from refusal
            raise
        self._finish(head, "done")

    def _send_picture(self, chat: SlackClient, post: Post) -> str:
        """Upload a post's picture without sharing it and return its file id; '' for a text."""
        return chat.send_file(Path(post.picture).name, self._callbacks.read_picture(post)) if post.picture else ""

    def _on_refusal(self, head: PendingPost, refusal: SlackRefused) -> None:
        if refusal.is_token_error:
            self._pause(ALL_CHANNELS, str(refusal))
            return
        unclear = (
            "; whether it was posted before is not known, so it is not posted again"
            if self._is_still_unclear(head)
            else ""
        )
        self._finish(head, "failed", f"{refusal}{unclear}")

    def _is_still_unclear(self, head: PendingPost) -> bool:
        """Check whether it is still unknown if a post was made."""
        return any(other.number == head.number and other.state == "unclear" for other in self._outbox.list_oldest())

    def _finish(self, head: PendingPost, state: Literal["done", "failed"], reason: str = "") -> None:
        self._outbox.finish(head.number, state, reason)
        fields = {"key": head.post.key, "session": head.post.session, "picture": head.post.picture}
        if state == "failed":
            log.warning("not_posted", **fields, reason=reason)
            return
        log.info("posted", **fields, **({"note": reason} if reason else {}))
        with self._lock:
            gone = [self._pauses.pop(place, None) for place in (ALL_CHANNELS, self._build_pause_key(head))]
        if any(pause is not None and pause.failures for pause in gone):
            log.info("posting_resumed")

    def _is_paused(self, place: str) -> bool:
        with self._lock:
            pause = self._pauses.get(place)
            return pause is not None and time.monotonic() < pause.until

    def _pause(self, place: str, reason: str, seconds: float | None = None) -> float:
        """Pause one channel or all channels; return the length of the pause, seconds.

        A new reason is logged, except for pauses of a given length: those are normal operation.
        """
        with self._lock:
            pause = self._pauses.setdefault(place, _Pause())
            is_new = seconds is None and reason != pause.reason
            if seconds is None:
                seconds = self._timing.pauses[min(pause.failures, len(self._timing.pauses) - 1)]
                pause.failures += 1
            pause.until = time.monotonic() + seconds
            if is_new or not pause.reason:
                pause.reason = reason
        if is_new:
            log.warning("posting_paused", place=place, reason=reason)
        return seconds


def _is_posted(chat: SlackClient, head: PendingPost, channel: str) -> bool:
    if head.file_id:
        return chat.has_file(channel, head.file_id, head.tried_at)
    return chat.has_text(channel, head.post.key, head.tried_at)


def _send_post(chat: SlackClient, post: Post, channel: str, file_id: str) -> None:
    if file_id:
        chat.post_file(channel, file_id, post.text or Path(post.picture).name)
    else:
        chat.post_text(channel, post.key, post.text)
