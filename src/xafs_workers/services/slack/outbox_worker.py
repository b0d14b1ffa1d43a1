"""The thread that empties the outbox: in order for each channel, patiently, and never the same post twice."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from xafs_workers.logs import get_logger
from xafs_workers.services.slack.channels import Channels, LookupAway, NoChannel
from xafs_workers.services.slack.chat import Busy, Chat, ChatRefused, NotKnown
from xafs_workers.services.slack.outbox import Outbox, Waiting
from xafs_workers.services.slack.token import TokenMissing
from xafs_workers.services.slack_posts import Post

log = get_logger("services")

PRUNE_EVERY = 86400.0
"""How often what was posted long ago is forgotten, seconds."""
EVERYTHING = "*"
"""Key of the pause that holds for all channels."""


class PictureAway(Exception):
    """A picture cannot be read for now."""


class NoPicture(Exception):
    """There is no such picture, or it may not be posted; the text says why."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How patient the thread is, seconds.

    Attributes
    ----------
    pauses
        After each failure in a row; the last is repeated.
    settles
        How long after an attempt without an answer Slack may still carry it out; only then its absence is believed.
    idle
        Longest wait for new posts.
    """

    pauses: tuple[float, ...] = (2.0, 5.0, 15.0, 30.0, 60.0, 120.0, 300.0)
    settles: float = 30.0
    idle: float = 30.0


@dataclass(frozen=True, slots=True)
class Ports:
    """What the thread needs of others.

    Attributes
    ----------
    chat
        Returns the workspace, with the token as it is now; may raise `TokenMissing`.
    picture
        Returns the content of a post's picture; raises `NoPicture` or `PictureAway`.
    """

    chat: Callable[[], Chat]
    channels: Channels
    picture: Callable[[Post], bytes]


@dataclass(slots=True)
class _Pause:
    until: float = 0.0
    failures: int = 0
    reason: str = ""


class Postman:
    """Posts what is in the outbox."""

    def __init__(self, outbox: Outbox, ports: Ports, pace: Pace | None = None):
        self._outbox, self._ports, self._pace = outbox, ports, pace or Pace()
        self._pauses: dict[str, _Pause] = {}
        self._new = threading.Event()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="slack", daemon=True)
        self._lock = threading.Lock()

    @property
    def waits_for(self) -> str:
        """Why posts wait, '' where none does."""
        with self._lock:
            reasons = dict.fromkeys(pause.reason for pause in self._pauses.values() if pause.reason)
        return "; ".join(reasons)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def put(self, post: Post) -> None:
        """Put a post into the outbox."""
        if self._outbox.put(post):
            self._new.set()

    def hurry(self) -> None:
        """Try at once what waits: something may have been mended."""
        with self._lock:
            self._pauses.clear()
        self._new.set()

    def close(self, timeout: float = 2.0) -> None:
        """Stop after the call in hand; what is left is posted after the next start."""
        self._stop.set()
        self._new.set()
        if self._thread.is_alive():
            self._thread.join(timeout)

    def _run(self) -> None:
        prune_due = 0.0
        while not self._stop.is_set():
            self._new.clear()
            try:
                if time.monotonic() >= prune_due:
                    prune_due = time.monotonic() + PRUNE_EVERY
                    self._outbox.prune()
                wait = self._round()
            except Exception as error:
                if self._stop.is_set():
                    return
                log.exception("outbox_failed")
                wait = self._hold(EVERYTHING, f"the outbox: {type(error).__name__}: {error}")
            if not self._stop.is_set():
                self._new.wait(wait)

    def _round(self) -> float:
        """Post what can be posted and return how long to wait until something more may be."""
        while not self._stop.is_set():
            ready = self._ready()
            if ready is None:
                break
            self._deliver(ready)
        now = time.monotonic()
        with self._lock:
            dues = [pause.until - now for pause in self._pauses.values() if pause.until > now]
        return min([self._pace.idle, *(max(0.0, due) for due in dues)])

    def _ready(self) -> Waiting | None:
        """Return the oldest post that nothing holds up."""
        if self._is_held(EVERYTHING):
            return None
        for head in self._outbox.heads():
            if not self._is_held(self._place(head)):
                return head
        return None

    def _place(self, head: Waiting) -> str:
        """Return what is held up with a post: its channel, where that is known, so that sessions may share one."""
        settings = self._ports.channels.known()
        return settings.get(head.post.session, f"session {head.post.session}")

    def _deliver(self, head: Waiting) -> None:
        try:
            channel = self._ports.channels.of(head.post.session)
            if not self._is_held(self._place(head)):
                self._make(head, channel)
        except (NoChannel, NoPicture) as never:
            self._finish(head, "failed", str(never))
        except ChatRefused as refusal:
            self._on_refusal(head, refusal)
        except Busy as busy:
            self._hold(self._place(head), "Slack asks to wait", busy.seconds)
        except (NotKnown, LookupAway, PictureAway) as trouble:
            self._hold(self._place(head), str(trouble))
        except TokenMissing as missing:
            self._hold(EVERYTHING, str(missing))

    def _make(self, head: Waiting, channel: str) -> None:
        """Make a post, unless an attempt without an answer made it before."""
        chat = self._ports.chat()
        if head.state == "unclear":
            settled = head.tried + self._pace.settles - time.time()
            if 0 < settled <= self._pace.settles:
                self._hold(self._place(head), "Slack may still carry out what it did not answer", settled)
                return
            if _is_there(chat, head, channel):
                self._finish(head, "done", "found in the channel; its answer was lost")
                return
        file_id = head.file_id or self._uploaded(chat, head.post)
        self._outbox.begin(head.number, file_id)
        try:
            _say(chat, head.post, channel, file_id)
        except (Busy, ChatRefused) as refusal:
            self._outbox.not_made(head.number)
            if head.file_id and isinstance(refusal, ChatRefused) and not refusal.is_token:
                raise NotKnown(f"{refusal}: the picture will be uploaded again") from refusal
            raise
        self._finish(head, "done")

    def _uploaded(self, chat: Chat, post: Post) -> str:
        """Upload a post's picture, which shows it to nobody; '' for a text."""
        return chat.upload(Path(post.picture).name, self._ports.picture(post)) if post.picture else ""

    def _on_refusal(self, head: Waiting, refusal: ChatRefused) -> None:
        if refusal.is_token:
            self._hold(EVERYTHING, str(refusal))
            return
        unclear = "; whether it was posted before is not known, so it is not posted again" if self._still(head) else ""
        self._finish(head, "failed", f"{refusal}{unclear}")

    def _still(self, head: Waiting) -> bool:
        """Tell whether it is still unclear whether a post was made."""
        return any(other.number == head.number and other.state == "unclear" for other in self._outbox.heads())

    def _finish(self, head: Waiting, state: Literal["done", "failed"], reason: str = "") -> None:
        self._outbox.finish(head.number, state, reason)
        fields = {"key": head.post.key, "session": head.post.session, "picture": head.post.picture}
        if state == "failed":
            log.warning("not_posted", **fields, reason=reason)
            return
        log.info("posted", **fields, **({"note": reason} if reason else {}))
        with self._lock:
            gone = [self._pauses.pop(place, None) for place in (EVERYTHING, self._place(head))]
        if any(pause is not None and pause.failures for pause in gone):
            log.info("posts_go_on")

    def _is_held(self, place: str) -> bool:
        with self._lock:
            pause = self._pauses.get(place)
            return pause is not None and time.monotonic() < pause.until

    def _hold(self, place: str, reason: str, seconds: float | None = None) -> float:
        """Pause a channel, or all; return for how long.

        A new reason is logged, but for pauses of a known length: those are how it goes, not trouble.
        """
        with self._lock:
            pause = self._pauses.setdefault(place, _Pause())
            news = seconds is None and reason != pause.reason
            if seconds is None:
                seconds = self._pace.pauses[min(pause.failures, len(self._pace.pauses) - 1)]
                pause.failures += 1
            pause.until = time.monotonic() + seconds
            if news or not pause.reason:
                pause.reason = reason
        if news:
            log.warning("posts_wait", place=place, reason=reason)
        return seconds


def _is_there(chat: Chat, head: Waiting, channel: str) -> bool:
    if head.file_id:
        return chat.has_file(channel, head.file_id, head.tried)
    return chat.has_text(channel, head.post.key, head.tried)


def _say(chat: Chat, post: Post, channel: str, file_id: str) -> None:
    if file_id:
        chat.share(channel, file_id, post.text or Path(post.picture).name)
    else:
        chat.post(channel, post.key, post.text)
