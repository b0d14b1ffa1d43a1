"""Access token of the browser view."""

from __future__ import annotations

import os
from pathlib import Path

TOKEN_VARIABLE = "XAFS_WORKERS_WEB_TOKEN"  # noqa: S105 - a name
MIN_TOKEN_LENGTH = 8
"""No token has fewer characters: it could be guessed."""


class TokenFileError(ValueError):
    """The file with the token cannot be used."""


def read_access_token(path: Path | None) -> str | None:
    """Return the access token from a file, otherwise from the environment; None where neither sets it.

    Raises
    ------
    TokenFileError
        The file cannot be read, or the token is too short.
    """
    where = f"web.token_file {path}" if path is not None else TOKEN_VARIABLE
    try:
        token = os.environ.get(TOKEN_VARIABLE, "") if path is None else path.expanduser().read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise TokenFileError(f"{where}: {error} (expected a file with one line)") from error
    token = token.strip()
    if not token and path is None:
        return None
    if len(token) < MIN_TOKEN_LENGTH:
        raise TokenFileError(f"{where}: {len(token)} characters (expected at least {MIN_TOKEN_LENGTH})")
    return token
