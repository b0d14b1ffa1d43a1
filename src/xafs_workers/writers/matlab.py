"""Variables as a Matlab file (version 5) whose bytes depend on nothing but the variables and the time given."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

MAX_NAME_LENGTH = 31
HEADER_LENGTH = 116
"""Bytes of free text at the beginning of the file."""

_NOT_IN_A_NAME = re.compile(r"[^A-Za-z0-9_]")


def to_variable_name(name: str) -> str:
    """Return a name as Matlab accepts it for a variable."""
    found = _NOT_IN_A_NAME.sub("_", name).strip("_")
    return (found if found[:1].isalpha() else f"x{found}")[:MAX_NAME_LENGTH]


def build_mat_file(variables: Mapping[str, Any], created: float) -> bytes:
    """Return a Matlab file; vectors are columns, text is text.

    Parameters
    ----------
    created
        The time it bears, POSIX seconds.
    """
    from scipy.io import savemat

    written = io.BytesIO()
    savemat(written, {to_variable_name(name): value for name, value in variables.items()}, oned_as="column")
    timestamp = datetime.fromtimestamp(created, UTC).strftime("%a %b %d %H:%M:%S %Y")
    header = f"MATLAB 5.0 MAT-file Platform: xafs-workers, Created on: {timestamp}".encode()
    return header.ljust(HEADER_LENGTH)[:HEADER_LENGTH] + written.getvalue()[HEADER_LENGTH:]
