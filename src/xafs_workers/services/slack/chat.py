"""Slack client that makes each call once; its errors state whether the post was made, was not made, or may have been.

It does not retry: `outbox_worker` does.
"""

from __future__ import annotations

import hashlib
import logging
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPException
from typing import Any

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError

METADATA_TYPE = "xafs_workers_post"
"""Type of the metadata attached to each text, by which the text is found again."""
KEY_NAMESPACE = uuid.UUID("6f1f3c52-5a0e-4c3b-9d0d-2f0c5d9b7a11")
PAGE_SIZE = 200
MAX_PAGES = 20
CLOCK_TOLERANCE = 600.0
"""Largest expected difference between Slack's clock and ours, seconds."""
MAX_TEXT_LENGTH = 4000
"""Slack asks for texts of at most 4000 characters (chat.postMessage)."""

TOKEN_ERRORS = frozenset(
    {
        "invalid_auth",
        "not_authed",
        "token_expired",
        "token_revoked",
        "account_inactive",
        "access_denied",
        "org_login_required",
    }
)
"""Errors that concern every post: all posts wait until the token is replaced."""
AMBIGUOUS_ERRORS = frozenset({"fatal_error", "internal_error", "service_unavailable", "request_timeout"})
"""Errors after which the result is unknown (fatal_error: a part of the call may have succeeded)."""


class RateLimited(Exception):
    """Slack asks to wait; nothing was posted.

    Attributes
    ----------
    retry_after
        Time to wait, seconds.
    """

    def __init__(self, seconds: float):
        super().__init__(f"Slack asks to wait {seconds:g} s")
        self.retry_after = seconds


class ResultUnknown(Exception):
    """Slack gave no usable answer: the call may have been carried out."""


class SlackRefused(Exception):
    """Slack refused: nothing was posted.

    Attributes
    ----------
    error
        Slack's error code.
    """

    def __init__(self, call: str, error: str, needed: str = ""):
        super().__init__(f"Slack: {call}: {error}" + (f" (scope {needed})" if needed else ""))
        self.error = error

    @property
    def is_token_error(self) -> bool:
        """Whether the error concerns the token, not the post."""
        return self.error in TOKEN_ERRORS


class _Client(WebClient):
    """Slack's own client with the upload as a separate step: the file's id must be recorded before it is shared."""

    def upload(self, url: str, data: bytes) -> int:
        """Send the content of a file; return the HTTP status."""
        sent = self._upload_file(
            url=url, data=data, logger=self._logger, timeout=self.timeout, proxy=self.proxy, ssl=self.ssl
        )
        return sent.status


class SlackClient:
    """Client of one Slack workspace.

    Parameters
    ----------
    token
        Bot token.
    base_url
        Address of Slack's API, with a slash at the end.
    timeout
        Time limit of each call, seconds.
    """

    def __init__(self, token: str, base_url: str, timeout: float):
        # No retries of its own: they would repeat a post whose answer was lost.
        # No log of its own: it would log whole requests; failures are raised anyway.
        silent = logging.Logger("slack", logging.CRITICAL + 1)  # noqa: LOG001 - in no tree of loggers
        self._client: Any = _Client(
            token, base_url=base_url, timeout=max(1, round(timeout)), retry_handlers=[], logger=silent
        )

    def check_token(self) -> tuple[Mapping[str, Any], frozenset[str]]:
        """Return Slack's description of the token, and the token's scopes."""
        with _translate_errors("auth.test"):
            answer = self._client.auth_test()
        scopes = next((value for name, value in answer.headers.items() if name.lower() == "x-oauth-scopes"), "")
        return dict(answer.data), frozenset(part.strip() for part in scopes.split(",") if part.strip())

    def read_channel(self, channel: str) -> Mapping[str, Any]:
        """Return Slack's description of a channel."""
        with _translate_errors("conversations.info"):
            return self._client.conversations_info(channel=channel)["channel"]

    def post_text(self, channel: str, key: str, text: str) -> None:
        """Post a text with the mark of its key."""
        with _translate_errors("chat.postMessage"):
            self._client.chat_postMessage(
                channel=channel,
                text=escape_text(text),
                client_msg_id=str(uuid.uuid5(KEY_NAMESPACE, key)),
                metadata={"event_type": METADATA_TYPE, "event_payload": {"key": compute_mark(key)}},
                unfurl_links=False,
                unfurl_media=False,
            )

    def send_file(self, name: str, content: bytes) -> str:
        """Upload a picture without sharing it and return its file id."""
        with _translate_errors("files.getUploadURLExternal"):
            place = self._client.files_getUploadURLExternal(filename=name, length=len(content))
            status = self._client.upload(place["upload_url"], content)
        if status != 200:
            raise ResultUnknown(f"upload of {name}: HTTP status {status} (expected 200)")
        return place["file_id"]

    def post_file(self, channel: str, file_id: str, title: str) -> None:
        """Share an uploaded picture in a channel."""
        with _translate_errors("files.completeUploadExternal"):
            self._client.files_completeUploadExternal(
                files=[{"id": file_id, "title": title}], channel_id=channel, initial_comment=escape_text(title)
            )

    def has_text(self, channel: str, key: str, since: float) -> bool:
        """Check whether a text was posted since a time (POSIX seconds)."""
        mark = compute_mark(key)
        return self._find_message(channel, since, lambda message: _extract_mark(message) == mark)

    def has_file(self, channel: str, file_id: str, since: float) -> bool:
        """Check whether a picture was shared in a channel."""
        try:
            with _translate_errors("files.info"):
                known = self._client.files_info(file=file_id)["file"]
            return channel in _extract_channels(known)
        except SlackRefused as refusal:
            if refusal.error in ("file_not_found", "file_deleted"):
                return False
            if refusal.error != "missing_scope":
                raise
        return self._find_message(channel, since, lambda message: file_id in _extract_file_ids(message))

    def _find_message(self, channel: str, since: float, fits: Callable[[Mapping[str, Any]], bool]) -> bool:
        """Check whether a message is in a channel's history, newest first."""
        cursor = ""
        for _ in range(MAX_PAGES):
            with _translate_errors("conversations.history"):
                page = self._client.conversations_history(
                    channel=channel,
                    oldest=f"{since - CLOCK_TOLERANCE:.6f}",
                    include_all_metadata=True,
                    limit=PAGE_SIZE,
                    cursor=cursor or None,
                )
            if any(fits(message) for message in page.get("messages") or ()):
                return True
            cursor = (page.get("response_metadata") or {}).get("next_cursor") or ""
            if not cursor:
                return False
        raise SlackRefused("conversations.history", f"more than {MAX_PAGES * PAGE_SIZE} messages since the post")


def compute_mark(key: str) -> str:
    """Return the mark of a post's key, by which the post is found again."""
    return hashlib.sha256(key.encode()).hexdigest()


def escape_text(text: str) -> str:
    """Escape a text so that Slack shows it literally, without mentions or links; emoji codes still work."""
    clipped = text if len(text) <= MAX_TEXT_LENGTH else text[: MAX_TEXT_LENGTH - 1] + "…"
    return clipped.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


@contextmanager
def _translate_errors(call: str) -> Iterator[None]:
    """Translate the client's errors into those of this module."""
    try:
        yield
    except SlackApiError as problem:
        raise _build_error(call, problem) from problem
    except (SlackClientError, OSError, HTTPException, ValueError, TypeError, LookupError) as problem:
        # URLError is an OSError; the others are answers that are not Slack's
        raise ResultUnknown(f"Slack: {call}: {type(problem).__name__}: {problem}") from problem


def _build_error(call: str, problem: SlackApiError) -> Exception:
    answer: Any = problem.response
    status = getattr(answer, "status_code", 200)
    headers = {str(name).lower(): value for name, value in (getattr(answer, "headers", None) or {}).items()}
    error = str(answer.get("error") or "") if isinstance(answer.get("ok"), bool) else ""
    if status == 429 or error in ("ratelimited", "rate_limited"):
        return RateLimited(_parse_retry_after(headers.get("retry-after")))
    if status >= 500 or error in AMBIGUOUS_ERRORS or not error:
        return ResultUnknown(f"Slack: {call}: HTTP status {status} {error}".rstrip())
    return SlackRefused(call, error, str(answer.get("needed") or ""))


def _parse_retry_after(text: Any) -> float:
    value: Any = text[0] if isinstance(text, list) and text else text
    try:
        return min(max(float(value), 0.0), 3600.0)
    except (TypeError, ValueError):
        return 30.0


def _extract_mark(message: Mapping[str, Any]) -> str:
    metadata = message.get("metadata") or {}
    return (metadata.get("event_payload") or {}).get("key", "") if metadata.get("event_type") == METADATA_TYPE else ""


def _extract_file_ids(message: Mapping[str, Any]) -> set[str]:
    return {known.get("id", "") for known in message.get("files") or ()}


def _extract_channels(known: Mapping[str, Any]) -> set[str]:
    shares: Mapping[str, Any] = known.get("shares") or {}
    return {
        *(known.get("channels") or ()),
        *(known.get("groups") or ()),
        *(channel for kind in shares.values() for channel in kind),
    }
