"""A session replayed at one site, at the recorded pace or as fast as the workers take it."""

from __future__ import annotations

import math
import time
from collections import deque

from benchmarks.outages.session import RecordedSession, SessionEntry
from benchmarks.outages.site import Site


class Replay:
    """Publishes a session.

    Parameters
    ----------
    began
        POSIX time of the beginning, whole seconds: then the texts of all times shift alike.
    entries
        Entries with the times of this replay; all of them are published once.

    Attributes
    ----------
    late
        How much later than it was made a document is published, seconds.
    """

    def __init__(self, site: Site, session: RecordedSession, began: float, entries: tuple[SessionEntry, ...]):
        self.site, self.session, self.began, self.entries = site, session, began, entries
        self.late = 0.0
        self._messages = deque(entry for entry in entries if entry.is_message)
        self._documents = deque(entry for entry in entries if not entry.is_message)

    def play(self, until: float = math.inf) -> None:
        """Publish at the recorded pace, up to so many seconds after the beginning or to the end."""
        while self._messages or self._documents:
            seconds = time.time() - self.began
            self._publish_due(min(seconds, until))
            if seconds >= until:
                return
            self.site.listen(0.1)

    def finish(self) -> None:
        """Publish the rest at the recorded pace and wait for the broker to have everything."""
        self.play()
        self.site.flush()

    def wait(self, seconds: float) -> None:
        """Go on publishing for some seconds."""
        end = time.time() + seconds
        self.play(end - self.began)
        while time.time() < end:
            self.site.listen(min(0.5, end - time.time()))

    def publish_at_once(self, entries: tuple[SessionEntry, ...]) -> None:
        """Publish entries and wait for the broker to have them."""
        self.site.publish(entries, self.began)
        self.site.flush()

    def _publish_due(self, seconds: float) -> None:
        while self._messages or self._documents:
            message = self._messages[0].seconds if self._messages else math.inf
            document = self._documents[0].seconds + self.late if self._documents else math.inf
            if min(message, document) > seconds:
                return
            queue = self._messages if message <= document else self._documents
            self.site.publish([queue.popleft()], self.began)
