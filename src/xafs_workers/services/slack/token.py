"""Slack's bot token, read from its file or the environment; it never appears in a log or an error."""

from __future__ import annotations

import os

from xafs_workers.settings import Slack

TOKEN_VARIABLE = "SLACK_BOT_TOKEN"  # noqa: S105 - the name of a variable


class TokenMissing(Exception):
    """The configured file contains no token; the text names the file."""


def read_token(settings: Slack) -> str | None:
    """Return the token, None if no token is configured.

    Raises
    ------
    TokenMissing
        The configured file cannot be read or is empty.
    """
    if settings.token_file is None:
        return os.environ.get(TOKEN_VARIABLE, "").strip() or None
    path = settings.token_file.expanduser()
    try:
        token = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not plain text"
        raise TokenMissing(f"slack.token_file {path}: {reason} (expected a bot token, xoxb-...)") from error
    if not token:
        raise TokenMissing(f"slack.token_file {path}: empty file (expected a bot token, xoxb-...)")
    return token
