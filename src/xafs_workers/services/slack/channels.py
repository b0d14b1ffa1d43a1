"""Slack channels of proposals: from the settings, otherwise from the facility's service."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from http.client import HTTPException
from typing import Any
from urllib.parse import quote

from xafs_workers.settings import Slack

CACHE_SECONDS = 900.0
"""Time for which an answer of the facility is reused, seconds."""
MAX_ANSWER_BYTES = 1024 * 1024
"""Largest part of an answer that is read, bytes."""

ENTRY_FIELDS = (("name", "conversation_id"), ("channel_name", "channel_id"))
"""Fields with the name and the id of a channel in the facility's answers: today's, and those of before."""


class ChannelNotFound(Exception):
    """A session has no channel; the text gives the reason."""


class LookupUnavailable(Exception):
    """The facility gave no usable answer; a later attempt may succeed."""


class ChannelDirectory:
    """Directory of channels; it reuses the facility's answers for some time.

    The channel depends only on the session of the post, not on the experiment that runs now.
    """

    def __init__(self, settings: Slack, beamline: str):
        self._settings, self._beamline = settings, beamline
        self._cache: dict[str, tuple[float, str | None]] = {}

    def find_channel(self, session: str) -> str:
        """Return the id of a session's channel, or of the staff's channel for an empty session.

        Raises
        ------
        ChannelNotFound
            The session has no channel.
        LookupUnavailable
            The facility gave no usable answer.
        """
        if not session:
            if self._settings.staff_channel is None:
                raise ChannelNotFound("it belongs to no proposal, and slack.staff_channel is not set")
            return self._settings.staff_channel
        if session in self._settings.channels:
            return self._settings.channels[session]
        if self._settings.lookup_url is None:
            raise ChannelNotFound(f"{session} is not in slack.channels, and slack.lookup_url is not set")
        found = self._look_up_channel(session)
        if found is None:
            raise ChannelNotFound(f"the facility names no channel {self._format_channel_name(session)!r} for {session}")
        return found

    def refresh(self) -> None:
        """Discard the facility's answers, so that it is asked again."""
        self._cache.clear()

    def list_known(self) -> dict[str, str]:
        """Return the channels that are known without a request, by session."""
        answered = {session: channel for session, (_, channel) in self._cache.items() if channel}
        staff = {"": self._settings.staff_channel} if self._settings.staff_channel else {}
        return {**answered, **staff, **self._settings.channels}

    def _look_up_channel(self, session: str) -> str | None:
        until, channel = self._cache.get(session, (0.0, None))
        if time.monotonic() < until:
            return channel
        name = self._format_channel_name(session)
        channel = next((channel for entry, channel in self._request_channels(session) if entry == name), None)
        self._cache[session] = (time.monotonic() + CACHE_SECONDS, channel)
        return channel

    def _format_channel_name(self, session: str) -> str:
        return self._settings.lookup_name.format(session=session, beamline=self._beamline)

    def _request_channels(self, session: str) -> list[tuple[str, str]]:
        number = "".join(letter for letter in session if letter.isdigit())
        pattern = self._settings.lookup_url or ""
        url = pattern.format(session=quote(session, safe=""), number=number)
        try:
            request = urllib.request.Request(url, headers={"Accept": "application/json"})  # noqa: S310 - http(s): settings
            with urllib.request.urlopen(request, timeout=self._settings.timeout) as answer:  # noqa: S310
                content = json.loads(answer.read(MAX_ANSWER_BYTES))
        except urllib.error.HTTPError as error:
            error.close()
            if error.code == 404:
                return []
            raise LookupUnavailable(f"{url}: HTTP status {error.code} (expected 200)") from error
        except (OSError, HTTPException, ValueError) as error:
            raise LookupUnavailable(f"{url}: {type(error).__name__}: {error}") from error
        return _parse_entries(content, url)


def _parse_entries(content: Any, url: str) -> list[tuple[str, str]]:
    """Return (name, id) of each channel in an answer: a list, or a mapping with one, ``data`` or ``slack_channels``."""
    if isinstance(content, dict):
        content = content.get("data", content.get("slack_channels"))
    if not isinstance(content, list):
        expected = " or of ".join(" and ".join(names) for names in ENTRY_FIELDS)
        raise LookupUnavailable(f"{url}: answered {type(content).__name__} (expected a list of {expected})")
    pairs = [
        (entry.get(name), entry.get(channel))
        for entry in content
        if isinstance(entry, dict)
        for name, channel in ENTRY_FIELDS
    ]
    return [(name, channel) for name, channel in pairs if isinstance(name, str) and isinstance(channel, str)]
